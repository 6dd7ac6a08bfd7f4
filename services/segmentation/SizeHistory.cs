using System.Text.Json.Serialization;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Segmentation;

/// <summary>A segment by day.</summary>
internal sealed record SizeHistoryAnswer(string Segment, IReadOnlyList<SegmentDay> Days);

/// <summary>A day in the brand's zone.</summary>
/// <param name="Size">When it ended; today, until now.</param>
internal sealed record SegmentDay(DateOnly Day, long Size, long Enters, long Leaves);

/// <summary>
/// How many entered and left each segment on each day of the brand, and so how many there were: a view of the events, which can be built anew from
/// them. After a change of the zone, rebuild it, or the days before stay those of the former zone.
/// </summary>
internal static class SizeHistory
{
    public const string Name = "segment_days";
    private const int DaysUsual = 90;

    private const string Tables = """
        create table segment_days (
          segment text not null,
          day date not null,
          enters bigint not null,
          leaves bigint not null,
          primary key (segment, day)
        ) with (fillfactor = 70);
        """;

    public static Projection Projection(BrandDays days) =>
        Runtime.Projections.Projection.OfStore(Name, 1, Tables, (events, transaction) => Apply(events, transaction, days));

    /// <summary>Maps <c>segments/{name}/history</c>; <c>to</c> is today and <c>from</c> 90 days before, unless they are given.</summary>
    public static void Map(RouteGroupBuilder routes) => routes.MapGet("/segments/{name}/history", AnswerAsync);

    private static async Task<IResult> AnswerAsync(
        string name, string? from, string? to, SegmentEngine engine, BusinessClock clock, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        var range = DayRange.Read(from, to, engine.DayOf(clock.GetUtcNow()), DaysUsual);
        if (range.Faults.Count > 0)
            return Problem.Invalid(range.Faults);
        if (engine.Catalog.Find(name) is null)
            return Problem.NotFound($"There is no segment {name}.");
        return await IsBuiltAsync(service.Database, cancellation)
            ? TypedResults.Json(
                new SizeHistoryAnswer(name, await ReadAsync(service.Database, name, range, cancellation)), SizeHistoryJson.Default.SizeHistoryAnswer)
            : Problem.Of(StatusCodes.Status503ServiceUnavailable, "history-not-built", "The history is being built from the events: ask again in a minute.");
    }

    private static async Task<bool> IsBuiltAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var exists = database.CreateCommand("select to_regclass('segment_days') is not null");
        return await exists.ExecuteScalarAsync(cancellation) is true;
    }

    private static async Task<IReadOnlyList<SegmentDay>> ReadAsync(
        NpgsqlDataSource database, string segment, DayRange range, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select d.day::date, (coalesce(b.size, 0) + sum(coalesce(s.enters - s.leaves, 0)) over (order by d.day))::bigint,
                   coalesce(s.enters, 0), coalesce(s.leaves, 0)
            from generate_series($2::timestamp, $3::timestamp, interval '1 day') d (day)
            cross join (select sum(enters - leaves) size from segment_days where segment = $1 and day < $2::timestamp::date) b
            left join segment_days s on s.segment = $1 and s.day = d.day::date
            order by d.day
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = segment });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = range.From.ToDateTime(TimeOnly.MinValue) });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = range.To.ToDateTime(TimeOnly.MinValue) });
        var days = new List<SegmentDay>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            days.Add(new(row.GetFieldValue<DateOnly>(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)));
        return days;
    }

    private static void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction, BrandDays days)
    {
        var sums = new SortedDictionary<(string Segment, int Day), (long Enters, long Leaves)>();
        foreach (var recorded in events)
        {
            if (Moved(recorded.Event) is not var (segment, at, enters))
                continue;
            var key = (segment, days.DayOf(at));
            var sum = sums.GetValueOrDefault(key);
            sums[key] = enters ? sum with { Enters = sum.Enters + 1 } : sum with { Leaves = sum.Leaves + 1 };
        }

        if (sums.Count == 0)
            return;
        Statements.Add(
            transaction,
            """
            insert into segment_days as s (segment, day, enters, leaves)
            select segment, date '0001-01-01' + day, enters, leaves
            from unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) n (segment, day, enters, leaves)
            on conflict (segment, day) do update set enters = s.enters + excluded.enters, leaves = s.leaves + excluded.leaves
            """,
            Statements.Texts(sums.Keys.Select(key => key.Segment)),
            Statements.Ints(sums.Keys.Select(key => key.Day)),
            Statements.Bigints(sums.Values.Select(sum => sum.Enters)),
            Statements.Bigints(sums.Values.Select(sum => sum.Leaves)));
    }

    private static (string Segment, DateTimeOffset At, bool Enters)? Moved(DomainEvent happened) => happened switch
    {
        SegmentEntered entered => (entered.Segment, entered.EvaluatedAt, true),
        SegmentLeft left => (left.Segment, left.EvaluatedAt, false),
        _ => null,
    };
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(SizeHistoryAnswer))]
internal sealed partial class SizeHistoryJson : JsonSerializerContext;
