using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Points that somebody wants to spend.</summary>
/// <param name="At">When they were spent; earlier than now where a till was offline.</param>
/// <param name="IntoClawback">The goods are gone already: what is not there becomes owed, instead of a refusal.</param>
/// <param name="Partner">Who gives something for them; null for the brand.</param>
/// <param name="Body">See <see cref="Idempotency.BodyOf"/>.</param>
internal sealed record Redemption(
    RedemptionId Id, long Points, string Reason, DateTimeOffset At, bool IntoClawback = false, string? Partner = null, string? Body = null);

/// <summary>Points are spent, from the lots that expire first.</summary>
internal static class RedeemPoints
{
    public const long PointsMax = 1_000_000_000;
    public const int ReasonCharsMax = 64;

    /// <summary>The two policies for redemptions that a till made while it was offline.</summary>
    public const string Refuse = "refuse";
    public const string AcceptIntoClawback = "accept-into-clawback";

    /// <summary>How far a till's clock may be ahead of business time, and how late its queue may come.</summary>
    public static readonly TimeSpan AheadMax = TimeSpan.FromMinutes(5);
    public static readonly TimeSpan LateMax = TimeSpan.FromDays(30);

    public static Command Command(Guid customer, RedemptionId id, long points, string reason, DateTimeOffset now) =>
        Command(customer, new(id, points, reason, now), now);

    public static Command Command(Guid customer, Redemption wanted, DateTimeOffset now) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, wanted, now)) with { IdempotencyKey = wanted.Id.Value };

    public static Decision Decide(Ledger ledger, RedemptionId id, long points, string reason, DateTimeOffset now) =>
        Decide(ledger, new(id, points, reason, now), now);

    public static Decision Decide(Ledger ledger, Redemption wanted, DateTimeOffset now)
    {
        if (Fault(ledger, wanted.Points, wanted.Reason) is { } fault)
            return fault;
        if (wanted.At > now + AheadMax || wanted.At < now - LateMax)
            return new TimeOutOfRange(wanted.At, now);

        // What had not expired when the goods were handed over is good, as long as it has not been booked out.
        var at = wanted.At < now ? wanted.At : now;
        var available = ledger.Spendable(at);
        if (available < wanted.Points && !wanted.IntoClawback)
            return new NotEnoughPoints(available, wanted.Points);

        var uses = PickLots.Take(ledger.Good(at), Math.Min(available, wanted.Points));
        var given = uses.Sum(use => use.Points);
        var redeemed = new PointsRedeemed(
            wanted.Id, at, wanted.Points, wanted.Reason, uses, ledger.Balance - given, PickLots.NextExpiry(ledger, uses), Partner: wanted.Partner,
            Clawback: wanted.Points - given, Body: wanted.Body);
        if (redeemed.Clawback == 0)
            return redeemed;
        var booking = new Booking(ledger);
        booking.Add(redeemed);
        SettleDebts.In(booking, now);
        return booking.Decide();
    }

    /// <summary>What is wrong with a request for points whatever the ledger holds, or null.</summary>
    public static Refusal? Fault(Ledger ledger, long points, string? reason) =>
        points is < 1 or > PointsMax ? new PointsOutOfRange(points)
        : !IsCode(reason) ? new ReasonNotACode()
        : ledger.Tier is null ? new NoLedger()
        : null;

    /// <summary>The same for the same customer and key for ever.</summary>
    public static RedemptionId IdFor(Guid customer, string idempotencyKey) => new(Idempotency.IdFor("redemption", customer, idempotencyKey));

    private static bool IsCode(string? reason) => reason is { Length: >= 1 and <= ReasonCharsMax } && reason.All(
        letter => char.IsAsciiLetterLower(letter) || char.IsAsciiDigit(letter) || letter == '-');
}
