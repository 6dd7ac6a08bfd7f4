using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Random lives of ledgers, step by step compared with <see cref="ReferenceLedger"/>. A failure names the seed of its history.</summary>
internal sealed class LedgerProperties
{
    private const int StepsMax = 16;
    private const int EachMin = 100;

    private static readonly string[] Rare =
    [
        "claimed", "clawed back", "settled", "spent late into clawback", "partly confirmed", "cancelled", "lapsed", nameof(PointsRedeemed),
        nameof(PointsExpired), nameof(ReturnUnmatched), nameof(PointsReserved), nameof(PointsRefunded), nameof(PointsReleased),
        nameof(ClawbackSettled), nameof(HoldTimerSet),
    ];

    [TestCase(30_000)]
    public void Random_histories_of_one_customer_keep_every_invariant_and_agree_with_brute_force(int histories) => Live(
        1, histories, 1, [.. Rare, "downgraded", nameof(TierKept)]);

    [TestCase(75_000)]
    public void Random_histories_of_two_customers_who_are_merged_and_parted_agree_with_brute_force(int histories) => Live(
        1_000_000, histories, 2, [.. Rare, nameof(LedgerAbsorbed), nameof(LedgerReopened)]);

    private static void Live(int firstSeed, int histories, int customers, string[] expected)
    {
        var seen = new Dictionary<string, int>();
        string? wrong = null;
        Parallel.For(
            firstSeed,
            firstSeed + histories,
            () => new Dictionary<string, int>(),
            (seed, loop, found) =>
            {
                var life = new LedgerLife(new Random(seed), customers);
                try
                {
                    life.Live(StepsMax);
                }
#pragma warning disable CA1031 // Whatever is thrown is told with its seed.
                catch (Exception fault)
#pragma warning restore CA1031
                {
                    wrong = $"Seed {seed}: {fault}\n{string.Join('\n', life.Story)}";
                }

                if (life.Difference is not null)
                    wrong = $"Seed {seed}: {life.Difference}\n{string.Join('\n', life.Story)}";
                if (wrong is not null)
                    loop.Stop();
                foreach (var name in life.Events.SelectMany(NamesOf))
                    found[name] = found.GetValueOrDefault(name) + 1;
                return found;
            },
            found =>
            {
                lock (seen)
                {
                    foreach (var (name, count) in found)
                        seen[name] = seen.GetValueOrDefault(name) + count;
                }
            });
        Assert.That(wrong, Is.Null);

        // Histories in which nothing happens would prove nothing.
        foreach (var kind in expected)
            Assert.That(seen.GetValueOrDefault(kind), Is.GreaterThan(EachMin), $"{kind} among {string.Join(", ", seen)}");
    }

    private static IEnumerable<string> NamesOf(DomainEvent happened)
    {
        yield return happened.GetType().Name;
        if (happened switch
        {
            PointsReversed { Claimed: true } => "claimed",
            PointsReversed { Clawback: > 0 } => "clawed back",
            PointsEarned { Settled: > 0 } => "settled",
            PointsRedeemed { Clawback: > 0 } => "spent late into clawback",
            HoldReleased released => released.Why == ReleaseHold.Rest ? "partly confirmed" : released.Why,
            TierChanged { Upgrade: false } => "downgraded",
            _ => null,
        } is { } name)
            yield return name;
    }
}
