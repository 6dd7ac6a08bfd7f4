using NUnit.Framework;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>A process is told to end by SIGTERM while facts flow.</summary>
[CancelAfter(900_000)]
internal sealed class OrderlyEndTests
{
    private static readonly TimeSpan GracePeriod = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_process_drains_within_its_grace_period_and_nothing_in_flight_is_lost(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("SIGTERM drains within the grace period and nothing in flight is lost").Seeded([1]);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync([Market.Shop], database, cancellation);
        await using var traffic = new Traffic(() => market.Shop, seed: 1);
        var random = new Random(1);
        var violations = new List<string>();
        for (var i = 0; i < Campaign.Of(2, 40); i++)
            violations.AddRange(await EndAsync(database, traffic, random.Next(10, 80), proof, cancellation));

        await traffic.StopAsync();
        await using var last = new WorkerProcess(database, [Market.Counter, Market.Auditor]);
        if (!await Books.CompleteAsync(database, traffic.Sold, Patience, cancellation))
            violations.Add($"Not all is audited after {Patience.TotalSeconds:0} s: {last.Output}");
        violations.AddRange(await traffic.LostAsync(database, cancellation));
        violations.AddRange(await Books.CompareAsync(database, cancellation));
        proof.Count("sales", traffic.Sold);
        proof.Holds(violations);
    }

    /// <summary>Starts the readers, ends them in the middle of their work, and looks at what they left.</summary>
    private static async Task<IReadOnlyList<string>> EndAsync(
        TestDatabase database, Traffic traffic, int sales, Proof proof, CancellationToken cancellation)
    {
        await using var worker = new WorkerProcess(database, [Market.Counter, Market.Auditor], $"Drain:GracePeriod={GracePeriod:c}");
        await worker.StartedAsync(cancellation);
        await traffic.MoreAsync(sales, cancellation);
        var since = TimeProvider.System.GetTimestamp();
        worker.Signal(WorkerProcess.Sigterm);
        var exit = await worker.EndedAsync(cancellation);
        var took = TimeProvider.System.GetElapsedTime(since);
        proof.Recovered(took).Count("ends", 1);

        var violations = new List<string>();
        if (exit != 0)
            violations.Add($"The process ended with {exit}: {worker.Output}");
        if (took > GracePeriod)
            violations.Add($"The process took {took.TotalSeconds:0.0} s to end.");
        violations.AddRange(await Books.SentencesAsync(
            database,
            """
            select 'counter: partition ' || partition || ' still belongs to ' || owner from counter.leases where owner is not null
            union all
            select 'counter: partition ' || partition || ' has its head at ' || h.position || ' and is published up to ' || r.position
            from counter.heads h join counter.relay r using (partition) where r.position <> h.position
            """,
            cancellation));
        return violations;
    }
}
