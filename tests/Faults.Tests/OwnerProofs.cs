using Patron.Runtime;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>Several processes and one reader's place: whoever lost a partition commits nothing, however late it wakes up.</summary>
internal static class OwnerProofs
{
    private const int AliveMax = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>
    /// A worker is stopped (SIGSTOP) just before it commits, its leases run out, another claims the partitions, and the first is woken
    /// (SIGCONT) before the other has applied anything: only the epoch can tell.
    /// </summary>
    public static async Task<IReadOnlyList<string>> ZombieAsync(int seed, Bug? bug, Proof proof, CancellationToken cancellation)
    {
        const string Fenced = "belongs to another instance now";
        string[] planted = bug is null ? [] : [$"Worker:Bug={bug}"];
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync([Market.Shop, Market.Auditor], database, cancellation);
        await using var zombie = new WorkerProcess(database, [Market.Counter], [$"Worker:Hold={FaultPoint.ConsumeBeforeCommit}:1", .. planted]);
        await using var heir = new WorkerProcess(
            database, [Market.Counter], ["Worker:Wait=true", $"Worker:Hold={FaultPoint.ConsumeAfterClaim}:1", .. planted]);
        await zombie.StartedAsync(cancellation);
        await market.SellAsync(new Random(seed), 30, cancellation);
        await zombie.LineAsync(FaultPoint.ConsumeBeforeCommit, cancellation);
        zombie.Signal(WorkerProcess.Sigstop);
        await market.ExpireLeasesAsync(Market.Counter, cancellation);
        await heir.TellAsync(Worker.Go, cancellation);
        await heir.LineAsync(FaultPoint.ConsumeAfterClaim, cancellation);

        await zombie.TellAsync(Worker.Go, cancellation);
        zombie.Signal(WorkerProcess.Sigcont);
        const string Committed =
            "select 'The zombie committed ' || count(*) || ' facts of partitions that others had claimed.' from counter.receipts having count(*) > 0";
        await zombie.SaysAsync(Fenced, async () => (await Books.SentencesAsync(database, Committed, cancellation)).Count > 0, cancellation);
        var violations = (await Books.SentencesAsync(database, Committed, cancellation)).ToList();
        proof.Count("zombies", 1);
        if (violations.Count > 0)
            return violations;

        var began = TimeProvider.System.GetTimestamp();
        await heir.TellAsync(Worker.Go, cancellation);
        if (!await Books.CompleteAsync(database, market.Sold, Patience, cancellation))
            violations.Add($"Not all is counted after {Patience.TotalSeconds:0} s: {heir.Output}");
        proof.Recovered(TimeProvider.System.GetElapsedTime(began));
        return [.. violations, .. await Books.CompareAsync(database, cancellation)];
    }

    /// <summary>Workers join, leave in good order or die while sales go on; the partitions go from one to the other.</summary>
    public static async Task<IReadOnlyList<string>> HandedOnAsync(int seed, int changes, Proof proof, CancellationToken cancellation)
    {
        var random = new Random(seed);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync([Market.Shop, Market.Auditor], database, cancellation);
        var alive = new List<WorkerProcess>();
        try
        {
            for (var change = 0; change < changes; change++)
            {
                if (alive.Count == 0 || (alive.Count < AliveMax && random.Next(2) == 0))
                {
                    alive.Add(new WorkerProcess(database, [Market.Counter]));
                    await alive[^1].StartedAsync(cancellation);
                    proof.Count("joined", 1);
                }
                else
                {
                    await LeaveAsync(alive, random, proof, cancellation);
                }

                for (var i = 0; i < 5; i++)
                {
                    await market.SellAsync(random, 10, cancellation);
                    await Task.Delay(50, cancellation);
                }
            }

            var began = TimeProvider.System.GetTimestamp();
            if (alive.Count == 0)
                alive.Add(new WorkerProcess(database, [Market.Counter]));
            var complete = await Books.CompleteAsync(database, market.Sold, Patience, cancellation);
            proof.Recovered(TimeProvider.System.GetElapsedTime(began)).Count("sales", market.Sold);
            var said = string.Join('\n', alive.Select(w => w.Output));
            return
            [
                .. complete ? Array.Empty<string>() : [$"Not all is counted after {Patience.TotalSeconds:0} s: {said}"],
                .. await Books.CompareAsync(database, cancellation),
            ];
        }
        finally
        {
            foreach (var worker in alive)
                await worker.DisposeAsync();
        }
    }

    private static async Task LeaveAsync(List<WorkerProcess> alive, Random random, Proof proof, CancellationToken cancellation)
    {
        var leaving = alive[random.Next(alive.Count)];
        var isKilled = random.Next(2) == 0;
        leaving.Signal(isKilled ? WorkerProcess.Sigkill : WorkerProcess.Sigterm);
        await leaving.EndedAsync(cancellation);
        await leaving.DisposeAsync();
        alive.Remove(leaving);
        proof.Count(isKilled ? "killed" : "left", 1);
    }
}
