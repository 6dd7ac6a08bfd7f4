using NUnit.Framework;
using Patron.Runtime;

namespace Patron.Faults.Tests;

/// <summary>A proof that nothing could break proves nothing: each planted bug has to be noticed by the proof named here.</summary>
[Parallelizable(ParallelScope.Self)]
[CancelAfter(600_000)]
internal sealed class PlantedBugTests
{
    private static readonly int[] Few = [.. Enumerable.Range(1, 200)];

    [TestCaseSource(nameof(Bugs))]
    public async Task A_planted_bug_is_noticed(Bug bug, CancellationToken cancellation)
    {
        using var row = Proof.Begin($"Planted bug {bug} is noticed");
        using var proof = Proof.Unlisted();
        PlantedBug.Plant(bug);
        var (name, violations) = await NoticeAsync(bug, proof, cancellation);
        PlantedBug.Plant(null);
        row.Count($"violations reported by: {name}", violations.Count).Seeded([1]);
        Assert.That(violations, Is.Not.Empty, $"'{name}' holds although {bug} is planted.");
        TestContext.Out.WriteLine(violations[0]);
        row.Holds([]);
    }

    private static Bug[] Bugs() => Enum.GetValues<Bug>();

    private static async Task<(string Proof, IReadOnlyList<string> Violations)> NoticeAsync(Bug bug, Proof proof, CancellationToken cancellation) => bug switch
    {
        Bug.PublishedBeforeCommit or Bug.HeadLockDropped or Bug.LanesOverlap or Bug.BatchMatesFail or Bug.ExpectedVersionIgnored
            or Bug.IdempotencyKeyIgnored => ("late commits and concurrent appends", await new Interleavings(proof).ViolationsAsync(Few, cancellation)),
        Bug.ReaderEpochIgnored or Bug.LeaseEpochNotRaised => ("a zombie", await OwnerProofs.ZombieAsync(1, bug, proof, cancellation)),
        Bug.OffsetBeforeEffects or Bug.ParkedOvertaken => ("poison", await CustomerProofs.PoisonAsync(1, proof, cancellation)),
        Bug.ParksWithoutBound => ("a bug that parks many", await CustomerProofs.ManyParkedAsync(proof, cancellation)),
        Bug.PreviousIgnored => ("a record lost", await LogProofs.RecordLostAsync(1, proof, cancellation)),
        Bug.StoreEpochIgnored => ("a store's other life", await LogProofs.OtherLifeAsync(cancellation)),
        Bug.RepeatsApplied or Bug.CheckpointBeforePublish => ("publishing that fails", await LogProofs.RelayFailsAsync(1, proof, cancellation)),
        Bug.TimerStays or Bug.TimerFiresEarly => ("timers", await CustomerProofs.TimersAsync(1, proof, cancellation)),
        _ => throw new ArgumentOutOfRangeException(nameof(bug), bug, "Name the proof that notices it."),
    };
}
