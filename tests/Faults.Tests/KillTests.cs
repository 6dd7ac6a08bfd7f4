using NUnit.Framework;
using Patron.Runtime;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>A consumer that is killed without warning, again and again, at every named point.</summary>
[Parallelizable(ParallelScope.Self)]
[CancelAfter(1_800_000)]
internal sealed class KillTests
{
    private const int SalesPerKill = 12;
    private const int KillsPerComparison = 21;

    /// <summary>Kills go on side by side, each in a database of its own.</summary>
    private static readonly int Tracks = Campaign.Of(3, 6);

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_consumer_killed_at_every_point_leaves_every_effect_once(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("A consumer killed by SIGKILL at every named point leaves every effect once");
        var seeds = Campaign.Seeds(3, 36).ToList();
        proof.Seeded(seeds);
        var kills = seeds.SelectMany(seed => FaultPoint.All.Select(point => (point, seed))).ToList();
        var violations = await Task.WhenAll(Enumerable.Range(0, Tracks).Select(track =>
            ViolationsAsync([.. kills.Where((_, i) => i % Tracks == track)], proof, cancellation)));
        proof.Holds([.. violations.SelectMany(v => v)]);
    }

    private static async Task<IReadOnlyList<string>> ViolationsAsync(
        IReadOnlyList<(string Point, int Seed)> kills, Proof proof, CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync([Market.Shop, Market.Auditor], database, cancellation);
        var violations = new List<string>();
        foreach (var some in kills.Chunk(KillsPerComparison))
        {
            foreach (var (point, seed) in some)
            {
                await KillAsync(point, new Random(seed), market, database, proof, cancellation);
                proof.Count("kills", 1);
            }

            await market.ExpireLeasesAsync(Market.Counter, cancellation);
            await using var last = new WorkerProcess(database, [Market.Counter]);
            if (!await Books.CompleteAsync(database, market.Sold, Patience, cancellation))
                violations.Add($"Not all is counted after {Patience.TotalSeconds:0} s: {string.Join(' ', market.Troubles)} {last.Output}");
            violations.AddRange(await Books.CompareAsync(database, cancellation));
            if (violations.Count > 0)
                break;
        }

        proof.Count("sales", market.Sold);
        return violations;
    }

    /// <summary>Sells while a worker runs, until it dies at the point.</summary>
    private static async Task KillAsync(
        string point, Random random, MarketHost market, TestDatabase database, Proof proof, CancellationToken cancellation)
    {
        await market.ExpireLeasesAsync(Market.Counter, cancellation);
        await market.SellAsync(random, SalesPerKill, cancellation);

        // Partitions are claimed once in a worker's life; everything else may be survived a few times first.
        var reach = point is FaultPoint.ConsumeAfterClaim or FaultPoint.LeaseAfterTake ? 1 : random.Next(1, 4);
        await using var worker = new WorkerProcess(database, [Market.Counter], $"Worker:Kill={point}:{reach}");
        var began = TimeProvider.System.GetTimestamp();
        while (!worker.HasExited)
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"The worker did not reach {point} {reach} times: {worker.Output}");
            await market.SellAsync(random, 1, cancellation);
            await Task.Delay(90, cancellation);
        }

        if (await worker.EndedAsync(cancellation) != 128 + WorkerProcess.Sigkill)
            throw new InvalidOperationException($"The worker that was to be killed at {point} ended with {worker.ExitCode}: {worker.Output}");
        proof.Count($"at {point}", 1);
    }
}
