using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Journey;

/// <summary>How far customers came in a version of a journey on one business day (UTC). A customer who enters again counts again.</summary>
/// <param name="Steps">Entries that reached each step on that day.</param>
/// <param name="Left">Entries that ended on that day, by outcome.</param>
internal sealed record ReachRow(
    DateOnly Day, string Journey, int Version, long Entered, IReadOnlyDictionary<string, long> Steps, IReadOnlyDictionary<string, long> Left);

/// <summary>The view of journeys' reach: its rows, the projection that writes them, the query that reads them.</summary>
internal static class Reach
{
    public const string Name = "reach";

    /// <summary>The most days that one answer covers.</summary>
    public const int DaysMax = 400;

    // Only entering names the version, so that it is remembered for as long as the instance runs: by customer, because a merge takes an
    // instance to another partition, and partitions are read in no order.
    private const string Tables = """
        create table reach (
          day date not null,
          journey text not null,
          version int not null,
          kind text not null,
          name text not null,
          entries bigint not null,
          primary key (day, journey, version, kind, name)
        ) with (fillfactor = 70);
        create table reach_running (
          instance uuid not null,
          customer uuid not null,
          journey text not null,
          version int not null,
          primary key (instance, customer)
        );
        """;

    public static Projection Projection { get; } = Projection.OfStore(Name, 2, Tables, Apply);

    public static void Map(WebApplication app, ServiceRuntime runtime)
    {
        app.MapGet("/v1/journey/reach", (DateOnly? from, DateOnly? to, CancellationToken cancellation) =>
            ReadAsync(runtime, from, to, cancellation)).RequireApiKey("read");
        app.MapPost("/v1/journey/views/reach/rebuild", async (CancellationToken cancellation) => TypedResults.Json(
            await runtime.RebuildAsync(Name, cancellation), ReachJson.Default.Generation, statusCode: StatusCodes.Status202Accepted)).RequireApiKey("operate");
    }

    private static void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var moves = events.SelectMany(Moves).ToList();
        var begun = moves.Where(m => m.Begun is not null).DistinctBy(m => (m.Instance, m.Customer)).ToList();
        if (begun.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                insert into reach_running (instance, customer, journey, version) select * from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int[])
                on conflict do nothing
                """,
                Statements.Uuids(begun.Select(m => m.Instance)),
                Statements.Uuids(begun.Select(m => m.Customer)),
                Statements.Texts(begun.Select(m => m.Begun!.Value.Journey)),
                Statements.Ints(begun.Select(m => m.Begun!.Value.Version)));
        }

        var counted = events.Select(e => (Counted: Count(e.Event), e.Customer, e.Time)).Where(c => c.Counted is not null)
            .GroupBy(
                c => (c.Counted!.Value.Instance, c.Customer, c.Counted.Value.Kind, c.Counted.Value.Name, Day: c.Time.UtcDateTime.Date),
                (key, of) => (key, Entries: of.LongCount()))
            .ToList();
        if (counted.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                insert into reach as r (day, journey, version, kind, name, entries)
                select u.day::date, i.journey, i.version, u.kind, u.name, sum(u.entries)
                from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::uuid[]) u (instance, kind, name, day, entries, customer)
                join reach_running i on i.instance = u.instance and i.customer = u.customer
                group by 1, 2, 3, 4, 5
                on conflict (day, journey, version, kind, name) do update set entries = r.entries + excluded.entries
                """,
                Statements.Uuids(counted.Select(c => c.key.Instance)),
                Statements.Texts(counted.Select(c => c.key.Kind)),
                Statements.Texts(counted.Select(c => c.key.Name)),
                Statements.Texts(counted.Select(c => c.key.Day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture))),
                Statements.Bigints(counted.Select(c => c.Entries)),
                Statements.Uuids(counted.Select(c => c.key.Customer)));
        }

        // Who leaves and comes back within one step is where the last event left them.
        var ended = moves.GroupBy(m => (m.Instance, m.Customer)).Where(m => m.Last().Begun is null).Select(m => m.Key).ToList();
        if (ended.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                delete from reach_running r using unnest($1::uuid[], $2::uuid[]) e (instance, customer)
                where r.instance = e.instance and r.customer = e.customer
                """,
                Statements.Uuids(ended.Select(e => e.Instance)),
                Statements.Uuids(ended.Select(e => e.Customer)));
        }
    }

    /// <summary>Instances that begin to run for a customer, or run for them no longer.</summary>
    private static IEnumerable<(Guid Instance, Guid Customer, (string Journey, int Version)? Begun)> Moves(RecordedEvent recorded) => recorded.Event switch
    {
        Entered e => [(e.Instance, recorded.Customer, (e.Journey, e.Version))],
        JourneysJoined e => e.Instances.Select(i => (i.Id, recorded.Customer, ((string, int)?)(i.Journey, i.Version))),
        JourneysReopened e => e.Instances.Select(i => (i.Id, recorded.Customer, ((string, int)?)(i.Journey, i.Version))),
        Left e => [(e.Instance, recorded.Customer, null)],
        JourneysHandedOver e => e.Instances.Select(i => (i, recorded.Customer, ((string, int)?)null)),
        JourneysGivenBack e => e.Instances.Select(i => (i, recorded.Customer, ((string, int)?)null)),
        _ => [],
    };

    private static (Guid Instance, string Kind, string Name)? Count(DomainEvent happened) => happened switch
    {
        Entered e => (e.Instance, "entered", ""),
        Waiting e => (e.Instance, "step", e.Step),
        SendRequested e => (e.Instance, "step", e.Step),
        Left e => (e.Instance, "left", e.Outcome),
        WaitEnded or JourneysHandedOver or JourneysJoined or JourneysGivenBack or JourneysReopened or Suspended or Resumed => null,
        _ => throw new System.Diagnostics.UnreachableException($"Nobody has decided how {happened.GetType().Name} counts."),
    };

    private static async Task<Results<JsonHttpResult<IReadOnlyList<ReachRow>>, ProblemHttpResult>> ReadAsync(
        ServiceRuntime runtime, DateOnly? from, DateOnly? to, CancellationToken cancellation)
    {
        if (from > to)
            return Problem.Invalid(new FieldError("from", "It must not be after 'to'."));
        if ((await runtime.GenerationsAsync(Name, cancellation)).All(g => g.State != GenerationState.Live))
            return Problem.Of(StatusCodes.Status503ServiceUnavailable, "view-not-ready", "This view is being built for the first time; ask again in a moment.");

        await using var command = runtime.Database.CreateCommand(
            """
            select day, journey, version, kind, name, entries from reach
            where day in (select distinct day from reach where day between $1 and $2 order by day desc limit $3)
            order by day, journey, version, kind, name
            """);
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = from ?? DateOnly.MinValue });
        command.Parameters.Add(new NpgsqlParameter<DateOnly> { TypedValue = to ?? DateOnly.MaxValue });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = DaysMax });
        var counts = new List<(DateOnly Day, string Journey, int Version, string Kind, string Name, long Entries)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            counts.Add((row.GetFieldValue<DateOnly>(0), row.GetString(1), row.GetInt32(2), row.GetString(3), row.GetString(4), row.GetInt64(5)));
        return TypedResults.Json<IReadOnlyList<ReachRow>>(
            [.. counts.GroupBy(c => (c.Day, c.Journey, c.Version), (of, rows) => new ReachRow(
                of.Day, of.Journey, of.Version, rows.Where(r => r.Kind == "entered").Sum(r => r.Entries), Named(rows, "step"), Named(rows, "left")))],
            ReachJson.Default.IReadOnlyListReachRow);

        static Dictionary<string, long> Named(
            IEnumerable<(DateOnly Day, string Journey, int Version, string Kind, string Name, long Entries)> rows, string kind) =>
            rows.Where(r => r.Kind == kind).ToDictionary(r => r.Name, r => r.Entries);
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(IReadOnlyList<ReachRow>))]
[JsonSerializable(typeof(Generation))]
internal sealed partial class ReachJson : JsonSerializerContext;
