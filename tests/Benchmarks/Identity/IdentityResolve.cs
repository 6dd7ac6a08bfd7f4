using System.Diagnostics;
using Npgsql;
using Patron.Profile;
using Patron.Runtime.EventStore;

namespace Patron.Benchmarks.Identity;

/// <summary>How fast events find their customers, beside the bare look-up of the same keys.</summary>
internal sealed class IdentityResolve : IBenchmark
{
    private const int EventsFull = 1_000_000;
    private const int CustomersFull = 250_000;

    private IdentityPlace? place;
    private List<List<Told>> calls = [];
    private int events;

    public Figure Figure { get; } = new(
        "identity.resolve",
        "Events of a history of 1,000,000 whose customers are found, 1,000 a call; every fifth names a device that became known and was merged.",
        "events/s",
        "SELECT of the same keys of the same calls by the primary key of identifiers",
        Target.RatioAtLeast(0.4));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        events = place.Of(EventsFull, least: 2_000);
        this.place = await IdentityPlace.StartAsync(place, place.Of(CustomersFull, least: 200), cancellation);
        calls = this.place.Calls(events, from: 0);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var identities = place!.Identities(place.KnownMax);
        var begun = Stopwatch.GetTimestamp();
        await IdentityPlace.ResolveAsync(identities, calls, cancellation);
        return events / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        foreach (var call in calls)
        {
            await using var command = place!.Database.CreateCommand(
                """
                select i.kind, i.hash, i.customer from identifiers i
                join unnest($1::smallint[], $2::uuid[]) w (kind, hash) on i.kind = w.kind and i.hash = w.hash
                """);
            command.Parameters.Add(Statements.Smallints(call.Select(t => (int)t.Identifiers[0].Kind)));
            command.Parameters.Add(Statements.Uuids(call.Select(t => t.Identifiers[0].Hash.Hash)));
            var owners = new Dictionary<IdentifierHash, Guid>(call.Count);
            await using NpgsqlDataReader row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                owners[new IdentifierHash((IdentifierKind)row.GetInt16(0), row.GetGuid(1))] = row.GetGuid(2);
        }

        return events / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        if (place is not null)
            await place.DisposeAsync();
    }
}
