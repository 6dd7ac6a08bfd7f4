using System.Globalization;
using NUnit.Framework;
using Patron.Runtime;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>Segmentation that is killed without warning while facts and scans go on, and finds older, damaged or no snapshots afterwards.</summary>
[Parallelizable(ParallelScope.Self)]
[CancelAfter(1_800_000)]
internal sealed class SegmentKillTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly int Lives = Campaign.Of(7, 14);

    /// <summary>Where a partition is claimed, a fact applied, a change of segments stored and published, or a scan made.</summary>
    private static readonly string[] Points =
    [
        FaultPoint.ConsumeAfterClaim, FaultPoint.ConsumeAfterRead, FaultPoint.ConsumeBeforeCommit, FaultPoint.ConsumeAfterCommit,
        FaultPoint.StoreBeforeCommit, FaultPoint.StoreAfterCommit, FaultPoint.RelayAfterPublish, FaultPoint.TimerBeforeFire, FaultPoint.TimerAfterFire,
    ];

    private string folder = null!;

    private string Stash => Path.Combine(folder, "older");

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("segment-kills").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task Segmentation_killed_anywhere_and_restored_from_older_snapshots_tells_no_membership_twice_and_forgets_none(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("Segmentation killed anywhere, with older, damaged or lost snapshots, tells no membership twice and forgets none");
        var seeds = Campaign.Seeds(2, 24).ToList();
        proof.Seeded(seeds);
        var violations = new List<string>();
        foreach (var seed in seeds)
            violations.AddRange((await ViolationsAsync(seed, proof, cancellation)).Select(violation => $"Seed {seed}: {violation}"));
        proof.Holds(violations);
    }

    private async Task<IReadOnlyList<string>> ViolationsAsync(int seed, Proof proof, CancellationToken cancellation)
    {
        foreach (var file in Directory.GetFiles(folder, "*", SearchOption.AllDirectories))
            File.Delete(file);
        var random = new Random(seed);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync([Market.Shop], database, cancellation);
        var town = new SegmentTown(seed, database, market.Host.Log);
        for (var life = 0; life < Lives; life++)
        {
            await KillAsync(random, town, market, database, proof, cancellation);
            Disturb(random, proof);
            town.PassDays();
        }

        await town.TellRestAsync(cancellation);
        await market.ExpireLeasesAsync(SegmentTown.Service, cancellation);
        await using var last = Start(database, town);
        var began = TimeProvider.System.GetTimestamp();
        await last.StartedAsync(cancellation);
        while (!await town.IsDoneAsync(cancellation))
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                return [$"Not all is applied after {Patience.TotalSeconds:0} s: {last.Output}"];
            await Task.Delay(20, cancellation);
        }

        proof.Recovered(TimeProvider.System.GetElapsedTime(began)).Count("facts", town.Told).Count("erasures", town.Erased)
            .Count("snapshots passed over and told of", last.Output.Split("is read from the log instead").Length - 1);
        return await town.ViolationsAsync(cancellation);
    }

    /// <summary>Tells facts while the service runs, until it dies at a point of the code, or at any moment.</summary>
    private async Task KillAsync(Random random, SegmentTown town, MarketHost market, TestDatabase database, Proof proof, CancellationToken cancellation)
    {
        await market.ExpireLeasesAsync(SegmentTown.Service, cancellation);
        var portion = town.Untold / Lives;
        await town.TellAsync(portion / 2, cancellation);
        var point = random.Next(2) == 0 ? Points[random.Next(Points.Length)] : null;
        await using var worker = point is null
            ? Start(database, town)
            : Start(database, town, $"Worker:Kill={point}:{(point == FaultPoint.ConsumeAfterClaim ? 1 : random.Next(1, 4))}");
        var began = TimeProvider.System.GetTimestamp();
        if (point is null)
        {
            await worker.StartedAsync(cancellation);
            began = TimeProvider.System.GetTimestamp();
        }

        // A point that is not reached, where no timer was due, is as good a moment as any.
        var until = TimeSpan.FromMilliseconds(point is null ? random.Next(2_000) : 6_000);
        while (!worker.HasExited && TimeProvider.System.GetElapsedTime(began) < until)
        {
            await town.TellAsync(Math.Min(portion / 20, town.Untold), cancellation);
            await Task.Delay(40, cancellation);
        }

        if (!worker.HasExited)
            worker.Signal(WorkerProcess.Sigkill);
        if (await worker.EndedAsync(cancellation) != 128 + WorkerProcess.Sigkill)
            throw new InvalidOperationException($"The worker that was to be killed ended with {worker.ExitCode}: {worker.Output}");
        proof.Count("kills", 1);
    }

    /// <summary>Keeps the snapshots for later, or puts those kept in their place, or damages or loses one.</summary>
    private void Disturb(Random random, Proof proof)
    {
        Directory.CreateDirectory(Stash);
        var files = Directory.GetFiles(folder, "*.snapshot");
        switch (random.Next(5))
        {
            case 0 or 1:
                foreach (var file in files)
                    File.Copy(file, Path.Combine(Stash, Path.GetFileName(file)), overwrite: true);
                break;
            case 2 or 3:
                foreach (var file in Directory.GetFiles(Stash))
                {
                    File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
                    proof.Count("older snapshots put back", 1);
                }

                break;
            case 4 when files.Length > 0:
                var hit = files[random.Next(files.Length)];
                if (random.Next(2) == 0)
                    File.Delete(hit);
                else
                    File.WriteAllBytes(hit, File.ReadAllBytes(hit)[..^random.Next(1, 200)]);
                proof.Count("snapshots damaged or lost", 1);
                break;
        }
    }

    private WorkerProcess Start(TestDatabase database, SegmentTown town, params IEnumerable<string> settings) => new(
        database, [SegmentTown.Service],
        [
            $"Worker:Now={town.Now.ToString("O", CultureInfo.InvariantCulture)}", $"Segmentation:SnapshotFolder={folder}",
            $"Segmentation:SnapshotKey={Convert.ToBase64String(new byte[32])}", "Segmentation:SnapshotEvery=00:00:01", .. settings,
        ]);
}
