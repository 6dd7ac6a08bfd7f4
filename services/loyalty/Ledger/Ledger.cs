using System.Diagnostics;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

[EventName("loyalty.member-enrolled.v1")]
internal sealed record MemberEnrolled(DateTimeOffset At, string Tier) : DomainEvent;

/// <summary>
/// The sale lines of a purchase earned points. Also recorded for 0 points, since a later return must find the pieces.
/// </summary>
/// <param name="OccurredAt">When the purchase happened, by the touchpoint.</param>
/// <param name="Programme">The version of the programme that applied.</param>
/// <param name="Tier">The tier whose multiplier applied: the one before this purchase.</param>
/// <param name="Month">The month that the spend counts in, as yyyymm in the programme's zone; 0 where the currency does not count.</param>
/// <param name="Points">All points earned; the sum over the lines.</param>
/// <param name="Settled">How many of them went to repay clawback; the others form the lot.</param>
/// <param name="Lot">The new lot's sequence, from 1; 0 when there is nothing to put into one.</param>
/// <param name="Balance">After this event, like in every other event.</param>
/// <param name="NextExpiry">The earliest lot's expiry where this event made it earlier, otherwise null.</param>
/// <param name="Origin">Whose identifier was used, where that customer is merged into the ledger's; otherwise null.</param>
/// <param name="CountsIn">The month in which points and the visit count for tiers, where the spend does not count in it.</param>
/// <param name="Channel">Such as <c>pos</c>; null where nobody said.</param>
/// <param name="Given">What each rule of the programme gave beyond rate and tier; null where none did.</param>
/// <param name="Cut">Points that the programme's caps took away; null for none.</param>
/// <param name="Counted">What counts against caps of days and months; null where there are none.</param>
[EventName("loyalty.points-earned.v1")]
internal sealed record PointsEarned(
    PurchaseId Purchase, DateTimeOffset OccurredAt, int Programme, string Tier, string Currency, int Month, long Points, long Settled,
    int Lot, DateTimeOffset ExpiresAt, IReadOnlyList<EarnedLine> Lines, long Balance, DateTimeOffset? NextExpiry, Guid? Origin = null,
    int? CountsIn = null, string? Channel = null, string? Store = null, IReadOnlyList<RulePoints>? Given = null, long? Cut = null,
    IReadOnlyList<CapUse>? Counted = null) : DomainEvent;

/// <summary>A sale line. Its place in the list is its number, from 0.</summary>
/// <param name="Category">As the catalogue knew it when the purchase was recorded; null where it did not.</param>
internal readonly record struct EarnedLine(
    string Product, int Quantity, long AmountMinor, long Points, string? Category = null, string? Brand = null);

/// <summary>Pieces came back: exactly the points that they had earned are taken back.</summary>
/// <param name="Return">The document that brought the pieces back.</param>
/// <param name="Claimed">The return was known before its purchase and open until now.</param>
/// <param name="Points">All points taken back; the sum over the lines.</param>
/// <param name="Lots">Where they were taken from: first the lot that they were earned in, then others, the earliest expiry first.</param>
/// <param name="Clawback">What no lot could give, because it was spent or had expired: owed from what is earned next.</param>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
/// <param name="Origin">Of the purchases that the pieces are from: the same for all, as in <see cref="PointsEarned"/>.</param>
[EventName("loyalty.points-reversed.v1")]
internal sealed record PointsReversed(
    PurchaseId Return, bool Claimed, long Points, IReadOnlyList<LotUse> Lots, long Clawback, IReadOnlyList<ReversedLine> Lines, long Balance,
    DateTimeOffset? NextExpiry, Guid? Origin = null) : DomainEvent;

/// <summary>Pieces of one line of a purchase. <paramref name="Month"/> is that of the purchase, whose spend shrinks by the amount.</summary>
/// <param name="CountsIn">See <see cref="PointsEarned"/>.</param>
internal readonly record struct ReversedLine(
    PurchaseId Purchase, int Line, string Product, int Quantity, long AmountMinor, int Month, long Points, int? CountsIn = null);

/// <summary>Points of one lot. <paramref name="Home"/>: see <see cref="Lot"/>.</summary>
internal readonly record struct LotUse(int Lot, long Points, Guid? Home = null);

/// <summary>Pieces came back that match no purchase known so far; they stay open until a purchase from before the return arrives.</summary>
[EventName("loyalty.return-unmatched.v1")]
internal sealed record ReturnUnmatched(
    PurchaseId Return, DateTimeOffset OccurredAt, string Product, int Quantity, Guid? Origin = null) : DomainEvent;

/// <param name="Reason">A code such as <c>voucher-5-gbp</c>, never free text.</param>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
[EventName("loyalty.points-redeemed.v1")]
internal sealed record PointsRedeemed(
    RedemptionId Redemption, DateTimeOffset At, long Points, string Reason, IReadOnlyList<LotUse> Lots, long Balance, DateTimeOffset? NextExpiry) : DomainEvent;

/// <param name="CutOff">The moment up to which lots expired.</param>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
[EventName("loyalty.points-expired.v1")]
internal sealed record PointsExpired(
    DateTimeOffset CutOff, long Points, IReadOnlyList<LotUse> Lots, long Balance, DateTimeOffset? NextExpiry) : DomainEvent;

/// <summary>Points that expire together. Sorted in a ledger by expiry, then sequence.</summary>
/// <param name="Origin">Whose purchase earned them, where that is not the ledger's own customer: an unmerge gives back by it.</param>
/// <param name="Home">Whose ledger gave the lot its sequence, where that is another: with it the sequence is unique.</param>
internal readonly record struct Lot(int Sequence, DateTimeOffset ExpiresAt, long Points, Guid? Origin = null, Guid? Home = null)
{
    [JsonIgnore]
    public (Guid? Home, int Sequence) Key => (Home, Sequence);
}

/// <summary>What counts for tiers of one month: goods bought and kept, points earned by them, and purchases, of which a return takes none back.</summary>
internal readonly record struct MonthlySpend(
    int Month, long Minor, Guid? Origin = null, [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Points = 0,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Visits = 0);

/// <summary>Pieces that came back and whose purchase is not known yet.</summary>
internal readonly record struct OpenReturn(PurchaseId Return, DateTimeOffset OccurredAt, string Product, int Quantity, Guid? Origin = null);

/// <summary>
/// What decisions about one customer's points need. Purchase lines are not in it: the rare return reads them from the stream.
/// Always: <see cref="Balance"/> is the sum of the lots, nothing is negative, and only one of balance and clawback is above zero unless
/// customers are merged: what one of them owes then lowers what all of them can spend.
/// </summary>
internal sealed record Ledger
{
    /// <summary>Months of spend that are kept; the window of a programme is shorter.</summary>
    public const int SpendMonthsMax = 25;

    public static StreamKind<Ledger> Kind { get; } = new("ledger", new Ledger(), Evolve, LoyaltyJson.Default.Ledger, shape: 3);

    internal static EventTypes Events { get; } = new(
        LoyaltyJson.Default, typeof(MemberEnrolled), typeof(PointsEarned), typeof(PointsReversed), typeof(ReturnUnmatched), typeof(PointsRedeemed),
        typeof(PointsExpired), typeof(TierChanged), typeof(TierKept), typeof(TierGraceGiven), typeof(LedgerClosed), typeof(LedgerAbsorbed),
        typeof(LedgerGivenBack), typeof(LedgerReopened));

    /// <summary>Null until enrolled.</summary>
    public string? Tier { get; init; }

    public DateTimeOffset? ReviewAt { get; init; }

    public long Balance { get; init; }

    /// <summary>Points owed, because what a return took back had been spent or had expired.</summary>
    public long Clawback { get; init; }

    public int LotsMade { get; init; }

    public IReadOnlyList<Lot> Lots { get; init; } = [];

    /// <summary>What each merged customer brought in, the ledger's own first; empty while nobody is merged.</summary>
    public IReadOnlyList<Share> Shares { get; init; } = [];

    /// <summary>By month, ascending.</summary>
    public IReadOnlyList<MonthlySpend> Spend { get; init; } = [];

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<OpenReturn> OpenReturns { get; init; } = [];

    /// <summary>What counts against the programme's caps of days and months, by period; empty where it has none.</summary>
    public IReadOnlyList<CapUse> Caps { get; init; } = [];

    /// <summary>When a tier is lost that the review found too little for; null while there is no such review.</summary>
    public DateTimeOffset? GraceUntil { get; init; }

    /// <summary>What a redemption may take of lots that are good.</summary>
    public long Spendable(DateTimeOffset now) => Math.Max(0, Lots.Where(lot => lot.ExpiresAt > now).Sum(lot => lot.Points) - Clawback);

    /// <summary>The ledger is that of this customer too; null for its own.</summary>
    public bool Holds(Guid? origin) => origin is null || Shares.Any(share => share.Customer == origin);

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
                .. ledger.OpenReturns.Append(new(open.Return, open.OccurredAt, open.Product, open.Quantity, open.Origin)).OrderBy(known => known.OccurredAt),
            ],
        },
        PointsRedeemed redeemed => ledger.Less(redeemed.Lots, redeemed.Balance),
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
        Lots = earned.Lot == 0 ? Lots : Insert(new(earned.Lot, earned.ExpiresAt, earned.Points - earned.Settled, earned.Origin)),
        Spend = Counted(Spend, Done(earned)),
        Caps = earned.Counted is { } counted ? CapUse.Add(Caps, counted.Select(use => use with { Origin = earned.Origin })) : Caps,
    };

    private Lot[] Insert(Lot lot)
    {
        // A new lot stands behind the last one that expires no later; mostly that is the end.
        var at = Lots.Count;
        while (at > 0 && Lots[at - 1].ExpiresAt > lot.ExpiresAt)
            at--;
        return [.. Lots.Take(at), lot, .. Lots.Skip(at)];
    }

    private Ledger Less(IReadOnlyList<LotUse> uses, long balance)
    {
        var used = uses.ToDictionary(use => (use.Home, use.Lot), use => use.Points);
        return this with
        {
            Balance = balance,
            Lots = [.. Lots.Select(lot => lot with { Points = lot.Points - used.GetValueOrDefault(lot.Key) }).Where(lot => lot.Points > 0)],
        };
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
