using System.Diagnostics;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Points that expire together. Sorted in a ledger by expiry, then sequence.</summary>
/// <param name="Origin">Whose purchase earned them, where that is not the ledger's own customer: an unmerge gives back by it.</param>
/// <param name="Home">Whose ledger gave the lot its sequence, where that is another: with it the sequence is unique.</param>
/// <param name="AvailableAt">When the return window closes: until it is booked that it has, the lot is pending. Null for an available lot.</param>
internal readonly record struct Lot(
    int Sequence, DateTimeOffset ExpiresAt, long Points, Guid? Origin = null, Guid? Home = null, DateTimeOffset? AvailableAt = null)
{
    [JsonIgnore]
    public (Guid? Home, int Sequence) Key => (Home, Sequence);

    /// <summary>By expiry; of one moment the ledger's own before those of others, and older ones first.</summary>
    public static readonly IComparer<Lot> InOrder = Comparer<Lot>.Create((one, other) =>
        (one.ExpiresAt.CompareTo(other.ExpiresAt), Nullable.Compare(one.Home, other.Home), one.Sequence.CompareTo(other.Sequence)) switch
        {
            (0, 0, var sequence) => sequence,
            (0, var home, _) => home,
            var (expiry, _, _) => expiry,
        });

    [JsonIgnore]
    public bool IsPending => AvailableAt is not null;

    public LotUse Use(long points) => new(Sequence, points, Home, ExpiresAt, Origin, IsPending);
}

/// <summary>What counts for tiers of one month: goods bought and kept, points earned by them, and purchases, of which a return takes none back.</summary>
internal readonly record struct MonthlySpend(
    int Month, long Minor, Guid? Origin = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Points = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Visits = 0);

/// <summary>Pieces that came back and whose purchase is not known yet.</summary>
/// <param name="Of">See <see cref="ReturnUnmatched"/>.</param>
internal readonly record struct OpenReturn(
    PurchaseId Return, DateTimeOffset OccurredAt, string Product, int Quantity, Guid? Origin = null, Guid? Of = null);

/// <summary>
/// What decisions about one customer's points need. Purchase lines are not in it: the rare return reads them from the stream.
/// Always: <see cref="Balance"/> is the sum of the lots and the holds, nothing is negative, and only one of lots and clawback is above zero
/// unless customers are merged: what one of them owes then lowers what all of them can spend.
/// </summary>
internal sealed record Ledger
{
    /// <summary>Months of spend that are kept; the window of a programme is shorter.</summary>
    public const int SpendMonthsMax = 25;

    public static StreamKind<Ledger> Kind { get; } = new("ledger", new Ledger(), Evolve, LoyaltyJson.Default.Ledger, shape: 3);

    /// <summary>What a ledger evolves by.</summary>
    internal static IReadOnlyList<Type> EventClasses { get; } =
    [
        typeof(MemberEnrolled), typeof(PointsEarned), typeof(PointsReversed), typeof(ReturnUnmatched), typeof(PointsRedeemed),
        typeof(PointsExpired), typeof(TierChanged), typeof(TierKept), typeof(TierGraceGiven), typeof(LedgerClosed), typeof(LedgerAbsorbed),
        typeof(LedgerGivenBack), typeof(LedgerReopened), typeof(PointsReserved), typeof(HoldReleased), typeof(HoldTimerSet), typeof(PointsRefunded),
        typeof(ClawbackSettled), typeof(PointsGranted), typeof(PointsReleased), typeof(PointsExpiring), typeof(ExpiryWarningSet),
    ];

    /// <summary>Null until enrolled.</summary>
    public string? Tier { get; init; }

    public DateTimeOffset? ReviewAt { get; init; }

    public long Balance { get; init; }

    /// <summary>Points owed, because what a return took back had been spent or had expired.</summary>
    public long Clawback { get; init; }

    public int LotsMade { get; init; }

    /// <summary>In the order of <see cref="Lot.InOrder"/>.</summary>
    public IReadOnlyList<Lot> Lots { get; init; } = [];

    /// <summary>Points that are promised to a till, in the order of the promises.</summary>
    public IReadOnlyList<Hold> Holds { get; init; } = [];

    /// <summary>Where the timer of the holds was last set; it may have passed.</summary>
    public DateTimeOffset? HoldTimer { get; init; }

    /// <summary>What each merged customer brought in, the ledger's own first; empty while nobody is merged.</summary>
    public IReadOnlyList<Share> Shares { get; init; } = [];

    /// <summary>By month, ascending.</summary>
    public IReadOnlyList<MonthlySpend> Spend { get; init; } = [];

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<OpenReturn> OpenReturns { get; init; } = [];

    /// <summary>What counts against the programme's caps of days and months, by period; empty where it has none.</summary>
    public IReadOnlyList<CapUse> Caps { get; init; } = [];

    /// <summary>Lots that expire up to then were told of; null before the first warning.</summary>
    public DateTimeOffset? WarnedUntil { get; init; }

    /// <summary>When a tier is lost that the review found too little for; null while there is no such review.</summary>
    public DateTimeOffset? GraceUntil { get; init; }

    [JsonIgnore]
    public long Held => Holds.Sum(hold => hold.Points);

    [JsonIgnore]
    public long Pending => Lots.Where(lot => lot.IsPending).Sum(lot => lot.Points);

    [JsonIgnore]
    public DateTimeOffset? NextExpiry => Lots.Count == 0 ? null : Lots[0].ExpiresAt;

    [JsonIgnore]
    public DateTimeOffset? NextRelease => Lots.Min(lot => lot.AvailableAt);

    /// <summary>What a redemption may take of lots that are good.</summary>
    public long Spendable(DateTimeOffset now) => Math.Max(0, Good(now).Sum(lot => lot.Points) - Clawback);

    /// <summary>Lots that may be redeemed. One past its cut-off is gone for the member, even where its timer has not run yet.</summary>
    public IEnumerable<Lot> Good(DateTimeOffset now) => Lots.Where(lot => !lot.IsPending && lot.ExpiresAt > now);

    /// <summary>The ledger is that of this customer too; null for its own.</summary>
    public bool IsAlsoOf(Guid? origin) => origin is null || Shares.Any(share => share.Customer == origin);

    /// <summary>What counts for tiers from a month on.</summary>
    public TierStanding StandingSince(int month)
    {
        var counting = Spend.Where(spent => spent.Month >= month).ToList();
        return new(counting.Sum(spent => spent.Minor), counting.Sum(spent => spent.Points), counting.Sum(spent => spent.Visits));
    }

    public static Ledger Evolve(Ledger ledger, DomainEvent happened) => happened switch
    {
        MemberEnrolled enrolled => ledger with { Tier = enrolled.Tier },
        PointsEarned earned => ledger.Add(earned),
        PointsReversed reversed => ledger.Less(reversed.Lots, reversed.Balance) with
        {
            Clawback = ledger.Clawback + reversed.Clawback,
            Shares = Share.Owing(ledger.Shares, reversed.Origin, reversed.Clawback),
            Spend = reversed.Lines.Aggregate(ledger.Spend, (spend, line) => Counted(spend, TakenBack(line, reversed.Origin))),
            OpenReturns = reversed.Claimed ? ledger.StillOpen(reversed) : ledger.OpenReturns,
        },
        ReturnUnmatched open => ledger with
        {
            OpenReturns =
            [
                .. ledger.OpenReturns.Append(new(open.Return, open.OccurredAt, open.Product, open.Quantity, open.Origin, open.Of))
                    .OrderBy(known => known.OccurredAt),
            ],
        },
        PointsRedeemed { Hold: { } hold } redeemed => ledger with
        {
            Balance = redeemed.Balance, Holds = Hold.Less(ledger.Holds, hold, redeemed.Lots),
        },
        PointsRedeemed redeemed => ledger.Less(redeemed.Lots, redeemed.Balance) with
        {
            Clawback = ledger.Clawback + redeemed.Clawback, Shares = Share.Owing(ledger.Shares, null, redeemed.Clawback),
        },
        PointsReserved reserved => ledger.Less(reserved.Lots, reserved.Balance) with
        {
            Holds = [.. ledger.Holds, Hold.Of(reserved)], HoldTimer = reserved.Timer ?? ledger.HoldTimer,
        },
        HoldReleased released => ledger.More(released.Lots, released.Balance) with { Holds = Hold.Less(ledger.Holds, released.Hold, released.Lots) },
        HoldTimerSet set => ledger with { HoldTimer = set.Due },
        PointsRefunded refunded => ledger.More(refunded.Lots, refunded.Balance) with
        {
            Clawback = ledger.Clawback - refunded.Settled,
            Shares = Share.Settled(ledger.Shares, null, refunded.Settled),
            LotsMade = refunded.Lots.Where(use => use.Home is null).Aggregate(ledger.LotsMade, (made, use) => Math.Max(made, use.Lot)),
        },
        ClawbackSettled settled => ledger.Less(settled.Lots, settled.Balance) with
        {
            Clawback = ledger.Clawback - settled.Points, Shares = Share.Settled(ledger.Shares, settled.Origin, settled.Points),
        },
        PointsGranted granted => ledger.Add(granted),
        PointsReleased released => ledger.Release(released),
        PointsExpiring expiring => ledger with { WarnedUntil = expiring.Until },
        ExpiryWarningSet => ledger,
        PointsExpired expired => ledger.Less(expired.Lots, expired.Balance),
        TierChanged changed => ledger with { Tier = changed.To, ReviewAt = changed.ReviewAt, GraceUntil = null },
        TierKept kept => ledger with { ReviewAt = kept.ReviewAt, GraceUntil = null },
        TierGraceGiven grace => ledger with { ReviewAt = grace.Until, GraceUntil = grace.Until },
        LedgerClosed => new Ledger { LotsMade = ledger.LotsMade },
        LedgerAbsorbed absorbed => Sharing.Join(ledger, absorbed),
        LedgerGivenBack given => Sharing.Part(ledger, given),
        LedgerReopened reopened => Sharing.Reopen(ledger, reopened),
        _ => throw new UnreachableException($"A ledger does not know {happened.GetType().Name}."),
    };

    private Ledger Add(PointsEarned earned) => this with
    {
        Balance = earned.Balance,
        Clawback = Clawback - earned.Settled,
        Shares = Share.Settled(Shares, earned.Origin, earned.Settled),
        LotsMade = Math.Max(LotsMade, earned.Lot),
        Lots = earned.Lot == 0 ? Lots : Insert(
            Lots, new(earned.Lot, earned.ExpiresAt, earned.Points - earned.Settled, earned.Origin, AvailableAt: earned.AvailableAt)),
        Spend = Counted(Spend, Done(earned)),
        Caps = earned.Counted is { } counted ? CapUse.Add(Caps, counted.Select(use => use with { Origin = earned.Origin })) : Caps,
    };

    private Ledger Add(PointsGranted granted) => this with
    {
        Balance = granted.Balance,
        Clawback = Clawback - granted.Settled,
        Shares = Share.Settled(Shares, granted.Origin, granted.Settled),
        LotsMade = Math.Max(LotsMade, granted.Lot),
        Lots = granted.Lot == 0 ? Lots : Insert(Lots, new(granted.Lot, granted.ExpiresAt, granted.Points - granted.Settled, granted.Origin)),
    };

    private static Lot[] Insert(IReadOnlyList<Lot> lots, Lot lot)
    {
        // Mostly that is the end.
        var at = lots.Count;
        while (at > 0 && Lot.InOrder.Compare(lots[at - 1], lot) > 0)
            at--;
        return [.. lots.Take(at), lot, .. lots.Skip(at)];
    }

    private Ledger Less(IReadOnlyList<LotUse> uses, long balance)
    {
        if (uses.Count == 0)
            return this with { Balance = balance };
        var lots = new List<Lot>(Lots.Count);
        foreach (var lot in Lots)
        {
            var left = lot.Points - uses.Where(use => use.Key == lot.Key).Sum(use => use.Points);
            if (left > 0)
                lots.Add(lot with { Points = left });
        }

        return this with { Balance = balance, Lots = lots };
    }

    /// <summary>Points come back to the lots that they were of; one that is no more is there again, in its place.</summary>
    private Ledger More(IReadOnlyList<LotUse> uses, long balance)
    {
        var lots = Lots;
        foreach (var use in uses)
        {
            lots = lots.Any(lot => lot.Key == use.Key && lot.ExpiresAt == use.ExpiresAt)
                ? [.. lots.Select(lot => lot.Key == use.Key && lot.ExpiresAt == use.ExpiresAt ? lot with { Points = lot.Points + use.Points } : lot)]
                : Insert(lots, new(use.Lot, use.ExpiresAt!.Value, use.Points, use.Origin, use.Home));
        }

        return this with { Balance = balance, Lots = lots };
    }

    private Ledger Release(PointsReleased released)
    {
        var keys = released.Lots.Select(use => use.Key).ToHashSet();
        return this with { Lots = [.. Lots.Select(lot => keys.Contains(lot.Key) ? lot with { AvailableAt = null } : lot)] };
    }

    private OpenReturn[] StillOpen(PointsReversed claimed)
    {
        var open = OpenReturns.ToList();
        foreach (var line in claimed.Lines)
        {
            var at = open.FindIndex(known => known.Return == claimed.Return && known.Product == line.Product);
            open[at] = open[at] with { Quantity = open[at].Quantity - line.Quantity };
        }

        return [.. open.Where(known => known.Quantity > 0)];
    }

    private static MonthlySpend Done(PointsEarned earned) => new(
        earned.CountsIn ?? earned.Month, earned.Month == 0 ? 0 : earned.Lines.Sum(line => line.AmountMinor), earned.Origin, earned.Points, Visits: 1);

    private static MonthlySpend TakenBack(ReversedLine line, Guid? origin) =>
        new(line.CountsIn ?? line.Month, line.Month == 0 ? 0 : -line.AmountMinor, origin, -line.Points);

    private static IReadOnlyList<MonthlySpend> Counted(IReadOnlyList<MonthlySpend> spend, MonthlySpend added)
    {
        if (added.Month == 0)
            return spend;
        var known = spend.FirstOrDefault(spent => spent.Month == added.Month && spent.Origin == added.Origin);
        if (known.Month == 0 && added.Visits == 0)
            return spend;
        var sum = added with
        {
            Minor = known.Minor + added.Minor, Points = Math.Max(0, known.Points + added.Points), Visits = known.Visits + added.Visits,
        };
        return Sharing.Latest(spend.Where(spent => spent.Month != added.Month || spent.Origin != added.Origin).Append(sum));
    }
}
