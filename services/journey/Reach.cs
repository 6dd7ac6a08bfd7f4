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

    // Only entering names the version, so that it is remembered for as long as the instance runs.
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
          instance uuid primary key,
          journey text not null,
          version int not null
        );
        """;

    public static Projection Projection { get; } = Projection.OfStore(Name, 1, Tables, Apply);

    public static void Map(WebApplication app, ServiceRuntime runtime)
    {
        app.MapGet("/v1/journey/reach", (DateOnly? from, DateOnly? to, CancellationToken cancellation) =>
            ReadAsync(runtime, from, to, cancellation)).RequireApiKey("read");
        app.MapPost("/v1/journey/views/reach/rebuild", async (CancellationToken cancellation) => TypedResults.Json(
            await runtime.RebuildAsync(Name, cancellation), ReachJson.Default.Generation, statusCode: StatusCodes.Status202Accepted)).RequireApiKey("operate");
    }

    private static void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var entered = events.Select(e => e.Event).OfType<Entered>().ToList();
        if (entered.Count > 0)
        {
            Statements.Add(
                transaction,
                "insert into reach_running (instance, journey, version) select * from unnest($1::uuid[], $2::text[], $3::int[])",
                Statements.Uuids(entered.Select(e => e.Instance)),
                Statements.Texts(entered.Select(e => e.Journey)),
                Statements.Ints(entered.Select(e => e.Version)));
        }

        var counted = events.Select(e => (Counted: Count(e.Event), e.Time)).Where(c => c.Counted is not null)
            .GroupBy(
                c => (c.Counted!.Value.Instance, c.Counted.Value.Kind, c.Counted.Value.Name, Day: c.Time.UtcDateTime.Date),
                (key, of) => (key, Entries: of.LongCount()))
            .ToList();
        if (counted.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                insert into reach as r (day, journey, version, kind, name, entries)
                select u.day::date, i.journey, i.version, u.kind, u.name, sum(u.entries)
                from unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::bigint[]) u (instance, kind, name, day, entries)
                join reach_running i on i.instance = u.instance
                group by 1, 2, 3, 4, 5
                on conflict (day, journey, version, kind, name) do update set entries = r.entries + excluded.entries
                """,
                Statements.Uuids(counted.Select(c => c.key.Instance)),
                Statements.Texts(counted.Select(c => c.key.Kind)),
                Statements.Texts(counted.Select(c => c.key.Name)),
                Statements.Texts(counted.Select(c => c.key.Day.ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture))),
                Statements.Bigints(counted.Select(c => c.Entries)));
        }

        var left = events.Select(e => e.Event).OfType<Left>().ToList();
        if (left.Count > 0)
            Statements.Add(transaction, "delete from reach_running where instance = any($1)", Statements.Uuids(left.Select(e => e.Instance)));
    }

    private static (Guid Instance, string Kind, string Name)? Count(DomainEvent happened) => happened switch
    {
        Entered e => (e.Instance, "entered", ""),
        Waiting e => (e.Instance, "step", e.Step),
        SendRequested e => (e.Instance, "step", e.Step),
        Left e => (e.Instance, "left", e.Outcome),
        WaitEnded => null,
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
