using NUnit.Framework;

namespace Patron.Faults.Tests;

/// <summary>The proofs of the store, the readers and the relay, without a planted bug: each has to hold.</summary>
[Parallelizable(ParallelScope.Self)]
[CancelAfter(3_600_000)]
internal sealed class RuntimeProofs
{
    [Test]
    public async Task Concurrent_appends_and_late_commits_lose_nothing_and_leave_no_gap(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("Late commits and concurrent appends lose nothing, leave no gap, and fail nobody else");
        var seeds = Campaign.Seeds(200, 10_000).ToList();
        proof.Seeded(seeds);
        proof.Holds(await new Interleavings(proof).ViolationsAsync(seeds, cancellation));
    }

    [Test]
    public Task A_zombies_commit_is_refused(CancellationToken cancellation) => HoldsAsync(
        "A zombie, stopped before its commit and woken after its partitions were claimed, commits nothing",
        Campaign.Seeds(1, 12), (seed, proof) => OwnerProofs.ZombieAsync(seed, null, proof, cancellation));

    [Test]
    public Task Partitions_go_from_instance_to_instance_under_load(CancellationToken cancellation) => HoldsAsync(
        "Partitions go from instance to instance under load, by SIGTERM and SIGKILL, and every effect is there once",
        Campaign.Seeds(1, 3), (seed, proof) => OwnerProofs.HandedOnAsync(seed, Campaign.Of(6, 25), proof, cancellation));

    [Test]
    public Task A_publishing_that_fails_half_way_has_no_effect_twice(CancellationToken cancellation) => HoldsAsync(
        "Publishing that fails before or after the records are on the log loses nothing and has no effect twice",
        Campaign.Seeds(3, 40), (seed, proof) => LogProofs.RelayFailsAsync(seed, proof, cancellation));

    [Test]
    public Task A_record_lost_on_the_way_is_noticed_and_sent_again(CancellationToken cancellation) => HoldsAsync(
        "A record lost on the way stops its partition, and sending it again heals it",
        Campaign.Seeds(2, 30), (seed, proof) => LogProofs.RecordLostAsync(seed, proof, cancellation));

    [Test]
    public Task Facts_of_a_stores_other_life_are_not_passed_over(CancellationToken cancellation) => HoldsAsync(
        "A reader stops at facts of a store's other life", [1], (_, _) => LogProofs.OtherLifeAsync(cancellation));

    [Test]
    public Task Poison_parks_one_customer_only(CancellationToken cancellation) => HoldsAsync(
        "A poison record parks its customer, in order, and nobody else",
        Campaign.Seeds(2, 30), (seed, proof) => CustomerProofs.PoisonAsync(seed, proof, cancellation));

    [Test]
    public Task A_bug_that_parks_many_stops_the_partition(CancellationToken cancellation) => HoldsAsync(
        "A bug that parks customer after customer stops the partition", [1], (_, proof) => CustomerProofs.ManyParkedAsync(proof, cancellation));

    [Test]
    public Task Timers_fire_once_at_their_time(CancellationToken cancellation) => HoldsAsync(
        "Timers fire once, at their time and after their cause, while business time jumps",
        Campaign.Seeds(2, 20), (seed, proof) => CustomerProofs.TimersAsync(seed, proof, cancellation));

    [Test]
    public Task A_timer_set_anew_fires_once(CancellationToken cancellation) => HoldsAsync(
        "A timer that is set anew while it fires is neither lost nor fired twice",
        Campaign.Seeds(2, 30), (seed, proof) => CustomerProofs.TimersSetAnewAsync(seed, proof, cancellation));

    private static async Task HoldsAsync(string name, IEnumerable<int> seeds, Func<int, Proof, Task<IReadOnlyList<string>>> violations)
    {
        using var proof = Proof.Begin(name);
        var all = seeds.ToList();
        proof.Seeded(all);
        var found = new List<string>();
        foreach (var seed in all)
        {
            found.AddRange((await violations(seed, proof)).Select(v => $"seed {seed}: {v}"));
            proof.Count("runs", 1);
            if (found.Count > 0)
                break;
        }

        proof.Holds(found);
    }
}
