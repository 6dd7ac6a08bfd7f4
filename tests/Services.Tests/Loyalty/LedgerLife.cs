using System.Text.Json;
using Patron.Loyalty;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests.Loyalty;

/// <summary>One random history of one or two customers, booked in ledgers and in the reference.</summary>
internal sealed partial class LedgerLife
{
    private static readonly (string Name, int FromMinor, int Percent)[] Tiers = [("member", 0, 100), ("silver", 5_000, 125), ("gold", 15_000, 170)];
    private static readonly string[] Products = ["MUG", "LAMP", "TEA"];

    private readonly Random random;
    private readonly Programme programme;
    private readonly ReferenceLedger reference;
    private readonly Guid[] ids;
    private readonly Ledger[] ledgers;
    private readonly List<RecordedEvent>[] streams;
    private readonly Dictionary<(int Ledger, string Name), DateTimeOffset> timers = [];
    private readonly Dictionary<string, int> pieces = [];
    private readonly List<(int Hold, int Asked)> holds = [];
    private DateTimeOffset now = new(2010, 12, 1, 12, 0, 0, TimeSpan.Zero);
    private int receipt;
    private int visits;
    private int version;
    private bool wereLinked;

    public LedgerLife(Random random, int customers)
    {
        // Tiers of two who are merged are another matter, and have tests of their own.
        var tiers = customers == 1 ? Tiers : Tiers[..1];
        this.random = random;
        programme = LedgerStories.Demo with
        {
            ExpiryMonths = 4,
            TierWindowMonths = 5,
            TierReviewMonths = 3,
            Tiers = [.. tiers.Select(tier => new TierRule(tier.Name, tier.FromMinor, tier.Percent))],
            ReturnWindowDays = random.Next(3) == 0 ? 20 : 0,
            RefundGraceDays = random.Next(4) == 0 ? 10 : 0,
        };
        reference = new(tiers, programme.TierWindowMonths, customers);
        ids = [.. Enumerable.Range(1, customers).Select(number => new Guid(number, 1, 1, new byte[8]))];
        ledgers = [.. ids.Select(_ => new Ledger())];
        streams = [.. ids.Select(_ => new List<RecordedEvent>())];
    }

    public IEnumerable<DomainEvent> Events => streams.SelectMany(stream => stream).Select(recorded => recorded.Event);

    public List<string> Story { get; } = [];

    /// <summary>What was found wrong first, or null.</summary>
    public string? Difference { get; private set; }

    public void Live(int stepsMax)
    {
        var steps = random.Next(2, stepsMax + 1);
        for (var i = 0; i < steps && Difference is null; i++)
        {
            // No two documents are of one moment, so that what is latest is never in doubt.
            Advance(TimeSpan.FromDays(random.Next(0, 20)) + TimeSpan.FromSeconds(1 + i));
            Step(random.Next(ids.Length));
            Compare();
        }

        if (Difference is null && ids.Length == 1)
            ReturnEverything();
        CompareSums();
        CompareBooks();
        for (var i = 0; i < ids.Length; i++)
        {
            Difference ??= Text(Ledger.Kind.Fold(streams[i].Select(recorded => recorded.Event))) == Text(ledgers[i])
                ? null : "folding the events does not give the live state";
            var read = JsonSerializer.Deserialize(Text(ledgers[i]), LoyaltyJson.Default.Ledger)!;
            Difference ??= Text(read) == Text(ledgers[i]) ? null : "the state changes when written and read";
        }
    }

    private void Step(int customer)
    {
        switch (random.Next(20))
        {
            case < 7:
                Buy(customer);
                break;
            case < 10:
                Return(customer, Products[random.Next(Products.Length)], random.Next(1, 4), Late(), random.Next(3) == 0 ? random.Next(1, receipt + 2) : null);
                break;
            case 10:
                Redeem(customer, random.Next(1, 40), now, intoClawback: false);
                break;
            case 11:
                Redeem(customer, random.Next(1, 60), Late(), random.Next(3) > 0);
                break;
            case < 15:
                Reserve(customer, random.Next(1, 30));
                break;
            case 15:
                Confirm(customer);
                break;
            case 16:
                Cancel(customer);
                break;
            case < 19:
                Refund(customer);
                break;
            default:
                Link();
                break;
        }
    }

    /// <summary>A touchpoint's queue may deliver weeks late, so that documents arrive out of order.</summary>
    private DateTimeOffset Late() => random.Next(3) == 0 ? now.AddDays(-random.Next(0, 30)) : now;

    private void Advance(TimeSpan span)
    {
        var until = now + span;
        while (timers.Count > 0 && timers.MinBy(timer => timer.Value) is var ((ledger, name), due) && due <= until && Difference is null)
        {
            timers.Remove((ledger, name));
            Story.Add($"{due:u} {name} of {ledger} is due");
            Fire(ledger, name, due);
            Compare();
        }

        now = until;
    }

    private void Fire(int ledger, string name, DateTimeOffset due)
    {
        switch (name)
        {
            case LedgerTimers.Expiry:
                Book(ledger, ExpirePoints.Decide(ledgers[ledger], due), due);
                reference.Expire(ledger, due);
                break;
            case LedgerTimers.Holds:
                Book(ledger, ReleaseHold.Decide(ledgers[ledger], due), due);
                reference.Lapse(ledger, due);
                break;
            case LedgerTimers.Release:
                Book(ledger, ReleasePoints.Decide(ledgers[ledger], due), due);
                reference.Release(ledger, due);
                break;
            default:
                Book(ledger, ReviewTier.Decide(ledgers[ledger], programme, due), due);
                reference.Rate(due, review: true);
                break;
        }
    }

    private void Book(int ledger, Decision decision, DateTimeOffset? at = null)
    {
        foreach (var happened in decision.Events)
        {
            ledgers[ledger] = Ledger.Evolve(ledgers[ledger], happened);
            var recorded = new RecordedEvent(
                0, 0, ids[ledger], ids[ledger], streams[ledger].Count + 1, at ?? now, happened, EventMetadata.None);
            streams[ledger].Add(recorded);
            foreach (var change in LedgerTimers.Of(recorded))
            {
                timers.Remove((ledger, change.Name));
                if (change.Due is { } due)
                    timers.Add((ledger, change.Name), due);
            }
        }
    }

    private IReadOnlyList<Booked> History(int ledger) =>
        Booked.Of(ids[ledger], wereLinked ? streams.SelectMany(stream => stream) : streams[ledger]);

    private void Compare()
    {
        for (var ledger = 0; ledger < ids.Length; ledger++)
            Compare(ledger, ledgers[ledger]);
    }

    private void Compare(int number, Ledger ledger)
    {
        Same("balance", ledger.Balance, reference.Balance(number));
        Same("held", ledger.Held, reference.Held(number));
        Same("pending", ledger.Pending, reference.Pending(number));
        Same("clawback", ledger.Clawback, reference.Owed(number));
        Same("the sum of lots and holds", ledger.Lots.Sum(lot => lot.Points) + ledger.Held, ledger.Balance);
        if (!ledger.Lots.Select(lot => (lot.ExpiresAt, (int)lot.Points)).SequenceEqual(reference.Lots(number)))
            Difference ??= $"lots: {string.Join(", ", ledger.Lots)}, expected {string.Join(", ", reference.Lots(number))}";
        if (ids.Length == 1)
            Same("tier", ledger.Tier ?? "member", reference.Tier);
        Same("open returns", ledger.OpenReturns.Sum(open => open.Quantity), reference.Open(number));
        if (ids.Length == 1)
            Same("visits", ledger.Spend.Sum(spent => spent.Visits), visits);
        Same("open holds", ledger.Holds.Count, reference.OpenHolds(number).Count());
        CompareTimers(number, ledger);
        if (ledger.Balance < 0 || ledger.Clawback < 0 || ledger.Lots.Any(lot => lot.Points <= 0) || ledger.Holds.Any(hold => hold.Points <= 0)
            || (ledger.Lots.Count > 0 && ledger.Clawback > 0 && ledger.Shares.Count == 0)
            || ledger.Lots.Select(lot => lot.Key).Distinct().Count() != ledger.Lots.Count)
        {
            Difference ??= $"out of bounds: {Text(ledger)}";
        }
    }

    private void CompareTimers(int number, Ledger ledger)
    {
        Same("the expiry timer", TimerOf(number, LedgerTimers.Expiry), ledger.NextExpiry);

        // These two may stand too early, and then find that there is nothing to do yet.
        var (holdsEnd, window) = (ledger.Holds.Min(hold => (DateTimeOffset?)hold.Until), ledger.NextRelease);
        if (holdsEnd is not null && !(TimerOf(number, LedgerTimers.Holds) <= holdsEnd))
            Difference ??= $"the timer of the holds is at {TimerOf(number, LedgerTimers.Holds)}, the first ends at {holdsEnd}";
        if (window is not null && !(TimerOf(number, LedgerTimers.Release) <= window))
            Difference ??= $"the timer of the return windows is at {TimerOf(number, LedgerTimers.Release)}, the first closes at {window}";
    }

    private DateTimeOffset? TimerOf(int ledger, string name) => timers.TryGetValue((ledger, name), out var due) ? due : null;

    private void CompareSums()
    {
        Same("earned", Sum<PointsEarned>(happened => happened.Points), reference.Earned);
        Same("reversed", Sum<PointsReversed>(happened => happened.Points), reference.Reversed);
        Same("redeemed", Sum<PointsRedeemed>(e => e.Points) - Sum<PointsRefunded>(e => e.Points), reference.Redeemed);
        Same("expired", Sum<PointsExpired>(happened => happened.Points), reference.Expired);
        Same(
            "the sum of movements", ledgers.Sum(ledger => ledger.Balance - ledger.Clawback),
            reference.Earned - reference.Reversed - reference.Redeemed - reference.Expired);
    }

    /// <summary>Every event sums to zero, and the accounts of a member are what the ledger says.</summary>
    private void CompareBooks()
    {
        var everybody = new Dictionary<string, long>();
        var expiries = new Dictionary<DateTimeOffset, long>();
        foreach (var (stream, ledger) in streams.Zip(ledgers))
        {
            var accounts = new Dictionary<string, long>();
            foreach (var recorded in stream)
            {
                var entries = Journal.Of(recorded.Event).Entries;
                Same($"the sum of {recorded.Event}", entries.Sum(entry => entry.Points), 0);
                foreach (var (account, points) in entries)
                {
                    accounts[account] = accounts.GetValueOrDefault(account) + points;
                    everybody[account] = everybody.GetValueOrDefault(account) + points;
                }

                foreach (var (expires, points) in Books.Expiries(recorded.Event))
                    expiries[expires] = expiries.GetValueOrDefault(expires) + points;
            }

            Same("available in the books", accounts.GetValueOrDefault(Accounts.Available), ledger.Balance - ledger.Held - ledger.Pending);
            Same("pending in the books", accounts.GetValueOrDefault(Accounts.Pending), ledger.Pending);
            Same("held in the books", accounts.GetValueOrDefault(Accounts.Held), ledger.Held);
            Same("clawback in the books", accounts.GetValueOrDefault(Accounts.Clawback), -ledger.Clawback);
        }

        Same("transfers", everybody.GetValueOrDefault(Accounts.Transfer), 0);
        Same("issued in the books", -everybody.GetValueOrDefault(Accounts.Issued), reference.Earned - reference.Reversed);
        Same("redeemed in the books", everybody.GetValueOrDefault(Accounts.Redeemed), reference.Redeemed);
        Same("expired in the books", everybody.GetValueOrDefault(Accounts.Expired), reference.Expired);
        foreach (var lots in ledgers.SelectMany(ledger => ledger.Lots).GroupBy(lot => lot.ExpiresAt))
            expiries[lots.Key] = expiries.GetValueOrDefault(lots.Key) - lots.Sum(lot => lot.Points);
        Same("expiries that no lot has", expiries.Count(expiry => expiry.Value != 0), 0);
    }

    private long Sum<TEvent>(Func<TEvent, long> points)
        where TEvent : DomainEvent => Events.OfType<TEvent>().Sum(points);

    private void Same<T>(string what, T actual, T expected) =>
        Difference ??= EqualityComparer<T>.Default.Equals(actual, expected) ? null : $"{what}: {actual}, expected {expected}";

    private static string Text(Ledger state) => JsonSerializer.Serialize(state, LoyaltyJson.Default.Ledger);
}
