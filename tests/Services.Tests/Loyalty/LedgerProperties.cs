using System.Text.Json;
using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Random lives of ledgers, step by step compared with <see cref="ReferenceLedger"/>. A failure names the seed of its history.</summary>
internal sealed class LedgerProperties
{
    private const int Histories = 10_000;
    private const int StepsMax = 24;

    [Test]
    public void Random_histories_keep_every_invariant_and_agree_with_brute_force()
    {
        var seen = new Dictionary<string, int>();
        for (var seed = 1; seed <= Histories; seed++)
        {
            var life = new LedgerLife(new Random(seed));
            try
            {
                life.Live(StepsMax);
            }
            catch (Exception fault) when (fault is not AssertionException)
            {
                Assert.Fail($"Seed {seed}: {fault}");
            }

            Assert.That(life.Difference, Is.Null, $"Seed {seed}:\n{string.Join('\n', life.Story)}");
            foreach (var happened in life.Events.Select(happened => happened switch
                     {
                         PointsReversed { Claimed: true } => "claimed",
                         PointsReversed { Clawback: > 0 } => "clawed back",
                         PointsEarned { Settled: > 0 } => "settled",
                         TierChanged { Upgrade: false } => "downgraded",
                         _ => happened.GetType().Name,
                     }))
            {
                seen[happened] = seen.GetValueOrDefault(happened) + 1;
            }
        }

        // Histories in which nothing happens would prove nothing.
        string[] rare =
        [
            "claimed", "clawed back", "settled", "downgraded", nameof(PointsRedeemed), nameof(PointsExpired), nameof(TierKept), nameof(ReturnUnmatched),
        ];
        foreach (var kind in rare)
            Assert.That(seen.GetValueOrDefault(kind), Is.GreaterThan(500), $"{kind} among {string.Join(", ", seen)}");
    }
}

/// <summary>One random history, booked in the ledger and in the reference.</summary>
internal sealed class LedgerLife(Random random)
{
    private static readonly (string Name, int FromMinor, int Percent)[] Tiers = [("member", 0, 100), ("silver", 5_000, 125), ("gold", 15_000, 170)];

    private static readonly Programme Programme = LedgerStories.Demo with
    {
        ExpiryMonths = 4,
        TierWindowMonths = 5,
        TierReviewMonths = 3,
        Tiers = [.. Tiers.Select(tier => new TierRule(tier.Name, tier.FromMinor, tier.Percent))],
    };

    private static readonly string[] Products = ["MUG", "LAMP", "TEA"];

    private readonly ReferenceLedger reference = new(Tiers, Programme.TierWindowMonths);
    private readonly List<DomainEvent> events = [];
    private readonly Dictionary<string, DateTimeOffset> timers = [];
    private readonly Dictionary<string, int> pieces = [];
    private Ledger ledger = new();
    private DateTimeOffset now = new(2010, 12, 1, 12, 0, 0, TimeSpan.Zero);
    private int receipt;
    private int visits;

    public IReadOnlyList<DomainEvent> Events => events;

    public List<string> Story { get; } = [];

    /// <summary>What was found wrong first, or null.</summary>
    public string? Difference { get; private set; }

    public void Live(int stepsMax)
    {
        var steps = random.Next(1, stepsMax + 1);
        for (var i = 0; i < steps && Difference is null; i++)
        {
            Advance(TimeSpan.FromDays(random.Next(0, 25)));
            switch (random.Next(10))
            {
                case < 5:
                    Buy();
                    break;
                case < 8:
                    Return(Products[random.Next(Products.Length)], random.Next(1, 4));
                    break;
                default:
                    Redeem(random.Next(1, 40));
                    break;
            }

            Compare();
        }

        if (Difference is null)
            ReturnEverything();
        Same("earned", Sum(happened => happened is PointsEarned earned ? earned.Points : 0), reference.Earned);
        Same("reversed", Sum(happened => happened is PointsReversed reversed ? reversed.Points : 0), reference.Reversed);
        Same("redeemed", Sum(happened => happened is PointsRedeemed redeemed ? redeemed.Points : 0), reference.Redeemed);
        Same("expired", Sum(happened => happened is PointsExpired expired ? expired.Points : 0), reference.Expired);
        Difference ??= Text(Ledger.Kind.Fold(events)) == Text(ledger) ? null : "folding the events does not give the live state";
        var read = JsonSerializer.Deserialize(Text(ledger), LoyaltyJson.Default.Ledger)!;
        Difference ??= Text(read) == Text(ledger) ? null : "the state changes when written and read";
    }

    private void Buy()
    {
        var at = Late();
        var lines = Enumerable.Range(0, random.Next(1, 4))
            .Select(_ => (Product: Products[random.Next(Products.Length)], Quantity: random.Next(1, 5), Minor: random.Next(0, 3_000))).ToList();
        var sales = lines.ConvertAll(line => LedgerStories.Line(line.Product, line.Quantity, line.Minor));
        var purchase = new Purchase(LedgerStories.Receipt(++receipt), at, "GBP", sales, []);
        Story.Add($"{now:u} buy {receipt} at {at:u}: {string.Join(", ", lines)}");
        Book(RecordPurchase.Decide(ledger, Booked.Own(events), purchase, Programme, now));
        reference.Buy(receipt, at, Programme.ExpiryOf(at), lines);
        visits++;
        reference.Rate(now, review: false);
        foreach (var (product, quantity, _) in lines)
            pieces[product] = pieces.GetValueOrDefault(product) + quantity;
    }

    private void Return(string product, int quantity) => Return(product, quantity, Late());

    private void Return(string product, int quantity, DateTimeOffset at)
    {
        Story.Add($"{now:u} return {receipt + 1} at {at:u}: {quantity} {product}");
        var document = new Purchase(LedgerStories.Receipt(++receipt), at, "GBP", [], [LedgerStories.Line(product, quantity, 0)]);
        Book(RecordPurchase.Decide(ledger, Booked.Own(events), document, Programme, now));
        reference.Return(receipt, at, product, quantity);
        reference.Rate(now, review: false);
    }

    private void Redeem(int points)
    {
        Story.Add($"{now:u} redeem {points}");
        var decision = RedeemPoints.Decide(ledger, new(Guid.Empty), points, "voucher", now);
        var allowed = reference.Redeem(points, now);
        if ((decision.Refusal is null) != allowed)
            Difference = $"redeeming {points}: {decision.Refusal}, the reference says {allowed}";
        Book(decision);
    }

    private void ReturnEverything()
    {
        Advance(TimeSpan.FromDays(1));
        foreach (var (product, quantity) in pieces)
            Return(product, quantity, now);
        Compare();
        Same("reversed by a full return of everything", reference.Reversed, reference.Earned);
        Difference ??= ledger.Spend.All(spent => spent.Minor == 0 && spent.Points == 0) ? null : "a full return of everything leaves spend or points";
        Same("visits", ledger.Spend.Sum(spent => spent.Visits), visits);
    }

    /// <summary>A touchpoint's queue may deliver weeks late, so that documents arrive out of order.</summary>
    private DateTimeOffset Late() => random.Next(3) == 0 ? now.AddDays(-random.Next(0, 40)) : now;

    private void Advance(TimeSpan span)
    {
        var until = now + span;
        while (timers.Count > 0 && timers.MinBy(timer => timer.Value) is var (name, due) && due <= until && Difference is null)
        {
            timers.Remove(name);
            Story.Add($"{due:u} {name} is due");
            if (name == LedgerTimers.Expiry)
            {
                Book(ExpirePoints.Decide(ledger, due));
                reference.Expire(due);
            }
            else
            {
                Book(ReviewTier.Decide(ledger, Programme, due));
                reference.Rate(due, review: true);
            }

            Compare();
        }

        now = until;
    }

    private void Book(Decision decision)
    {
        foreach (var happened in decision.Events)
        {
            events.Add(happened);
            ledger = Ledger.Evolve(ledger, happened);
            foreach (var change in LedgerTimers.Of(new(0, events.Count, default, default, events.Count, now, happened, EventMetadata.None)))
            {
                timers.Remove(change.Name);
                if (change.Due is { } due)
                    timers.Add(change.Name, due);
            }
        }
    }

    private void Compare()
    {
        Same("balance", ledger.Balance, reference.Balance);
        Same("clawback", ledger.Clawback, reference.Owed);
        Same("the sum of the lots", ledger.Lots.Sum(lot => lot.Points), ledger.Balance);
        if (!ledger.Lots.Select(lot => (lot.ExpiresAt, (int)lot.Points)).SequenceEqual(reference.Lots))
            Difference ??= $"lots: {string.Join(", ", ledger.Lots)}, expected {string.Join(", ", reference.Lots)}";
        Same("tier", ledger.Tier ?? "member", reference.Tier);
        Same("open returns", ledger.OpenReturns.Sum(open => open.Quantity), reference.Open);
        DateTimeOffset? timer = timers.TryGetValue(LedgerTimers.Expiry, out var due) ? due : null;
        Same("the expiry timer", timer, ledger.Lots.Count == 0 ? null : ledger.Lots[0].ExpiresAt);
        Same("the sum of movements", ledger.Balance - ledger.Clawback, reference.Earned - reference.Reversed - reference.Redeemed - reference.Expired);
        if (ledger.Balance < 0 || ledger.Clawback < 0 || ledger.Lots.Any(lot => lot.Points <= 0) || (ledger.Balance > 0 && ledger.Clawback > 0))
            Difference ??= $"out of bounds: {Text(ledger)}";
    }

    private long Sum(Func<DomainEvent, long> points) => events.Sum(points);

    private void Same<T>(string what, T actual, T expected) =>
        Difference ??= EqualityComparer<T>.Default.Equals(actual, expected) ? null : $"{what}: {actual}, expected {expected}";

    private static string Text(Ledger state) => JsonSerializer.Serialize(state, LoyaltyJson.Default.Ledger);
}
