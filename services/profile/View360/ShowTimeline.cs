using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>One line of the story over all contexts.</summary>
/// <param name="Time">When it happened, as far as a touchpoint told that, otherwise when it was decided, in business time.</param>
/// <param name="Service">The context that tells it, such as <c>loyalty</c>.</param>
/// <param name="RecordedAt">When Patron learnt or decided it, in business time.</param>
/// <param name="Customer">Whose it was at first: of a merged customer each line keeps it.</param>
internal sealed record StoryLine(DateTimeOffset Time, string Service, string What, string Why, DateTimeOffset RecordedAt, Guid Customer);

/// <param name="Entries">Newest first.</param>
/// <param name="Next">The cursor of the next, older page; null at the beginning of the story.</param>
internal sealed record TimelinePage(Guid Customer, IReadOnlyList<StoryLine> Entries, string? Next);

/// <summary>Pages through what all contexts tell of a customer, newest first. Lines that are added meanwhile move no page.</summary>
internal static class ShowTimeline
{
    public const int LinesMax = 200;
    private const int LinesUsual = 50;

    public static void Map(WebApplication app) =>
        app.MapGet("/v1/customers/{id:guid}/timeline", ReadAsync).RequireApiKey("read");

    private static async Task<IResult> ReadAsync(
        Guid id, string? before, int? limit, CustomerReading customers, [FromKeyedServices(Module.Name)] ServiceRuntime profile,
        CancellationToken cancellation)
    {
        if (limit is < 1 or > LinesMax)
            return Problem.Invalid(new FieldError("limit", $"It must be from 1 to {LinesMax}."));
        var cursor = before is null ? null : StoryCursor.Read(before);
        if (before is not null && cursor is null)
            return Problem.Invalid(new FieldError("before", "This is not a cursor; take it from 'next' of the page before."));
        if (await customers.FindAsync(new Wanted(id), audit: null, cancellation) is not { } customer)
            return ShowCustomer.NotFound();
        if (customer.IsErased)
            return ShowCustomer.Erased();
        if (customer.Freshness is null)
            return ShowCustomer.NotReady();

        var asked = limit ?? LinesUsual;
        var (lines, last, read) = await QueryAsync(profile, [customer.Id, .. customer.Aliases], cursor, asked, cancellation);
        return TypedResults.Json(
            new TimelinePage(customer.Id, lines, read == asked ? StoryCursor.Write(last) : null), ViewJson.Default.TimelinePage);
    }

    private static async Task<(IReadOnlyList<StoryLine> Lines, StoryPlace Last, int Read)> QueryAsync(
        ServiceRuntime profile, Guid[] customers, StoryPlace? before, int limit, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            select l.customer, l.happened, l.source, l.partition, l.position, l.time, l.fact, l.data, l.type, l.event, l.version
            from unnest($1::uuid[]) w (customer) cross join lateral (
              (select s.customer, s.happened, s.source, s.partition, s.position, s.time, s.fact, s.data, null::text as type, null::text as event, 0 as version
               from customer360_story s
               where s.customer = w.customer and (s.happened, s.source, s.partition, s.position) < ($2, $3, $4, $5)
               order by s.happened desc, s.source desc, s.partition desc, s.position desc limit $6)
              union all
              (select e.stream, e.time, 0::smallint, e.partition, e.position, e.time, 0::smallint, null::bytea, e.type, e.data, e.version
               from events e
               where e.stream = w.customer and e.time <= $2 and (e.time, 0::smallint, e.partition, e.position) < ($2, $3, $4, $5)
                 and e.type not in (
                   'profile.purchase-recorded.v1', 'profile.anonymous-purchase-recorded.v1', 'profile.behaviour-recorded.v1',
                   'profile.product-described.v1', 'profile.product-priced.v1', 'profile.stock-counted.v1', 'profile.store-described.v1')
               order by e.time desc, e.position desc limit $6)) l
            order by l.happened desc, l.source desc, l.partition desc, l.position desc limit $6
            """);
        var from = before ?? new StoryPlace(DateTimeOffset.MaxValue, short.MaxValue, 0, 0);
        command.Parameters.Add(Statements.Uuids(customers));
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = from.Happened.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)from.Source });
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)from.Partition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = from.Position });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = limit });

        var lines = new List<StoryLine>();
        var (last, read) = (default(StoryPlace), 0);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        for (; await row.ReadAsync(cancellation); read++)
        {
            last = new StoryPlace(StoryRows.TimeOf(row, 1), row.GetInt16(2), row.GetInt16(3), row.GetInt64(4));
            if (LineOf(row, last) is { } line)
                lines.Add(line);
        }
        return (lines, last, read);
    }

    private static StoryLine? LineOf(NpgsqlDataReader row, StoryPlace place)
    {
        var customer = row.GetGuid(0);
        if (place.Source > 0)
        {
            var viewed = StoryRows.Fact(row, customer, 1);
            var (what, why) = StoryWords.Tell(viewed);
            return new StoryLine(place.Happened, ViewedFacts.ContextOf(place.Source), what, why, viewed.Time, customer);
        }

        var recorded = new RecordedEvent(
            place.Partition, place.Position, customer, customer, row.GetInt32(10), place.Happened,
            CustomerProfile.Events.Read(row.GetString(8), row.GetString(9)), EventMetadata.None);
        // What profile also publishes comes with the facts.
        if (Published.FactOf(recorded) is { } fact && ViewedFacts.IsKept(fact))
            return null;
        var entry = Story.Tell(recorded);
        return new StoryLine(entry.Time, entry.Service, entry.What, entry.Why, recorded.Time, customer);
    }
}
