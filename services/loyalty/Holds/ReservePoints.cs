using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

internal sealed record HoldTimeOutOfRange(double Seconds) : Refusal
{
    public override string Code => "hold-time-out-of-range";

    public override string Detail =>
        $"A hold lasts {ReservePoints.SecondsMin} to {ReservePoints.SecondsMax} seconds, not {Seconds}; leave it out for {ReservePoints.SecondsUsual}.";
}

internal sealed record TooManyHolds : Refusal
{
    public override string Code => "too-many-holds";

    public override string Detail => $"The customer has {ReservePoints.OpenMax} open holds; confirm or cancel one of them first.";
}

/// <summary>Points that somebody wants to be sure of before they are spent.</summary>
/// <param name="Seconds">How long the promise lasts.</param>
/// <param name="Partner">As in <see cref="Redemption"/>, like <paramref name="Body"/>.</param>
internal sealed record Reservation(HoldId Id, long Points, string Reason, int Seconds, string? Partner = null, string? Body = null);

/// <summary>Points are promised to a till, from the lots that expire first: of two that want the same points one gets them.</summary>
internal static class ReservePoints
{
    public const int SecondsMin = 30;
    public const int SecondsMax = 86_400;
    public const int SecondsUsual = 900;

    /// <summary>Open holds of one ledger.</summary>
    public const int OpenMax = 100;

    public static Command Command(Guid customer, Reservation wanted, DateTimeOffset now) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, wanted, now)) with { IdempotencyKey = wanted.Id.Value };

    public static Decision Decide(Ledger ledger, Reservation wanted, DateTimeOffset now)
    {
        if (RedeemPoints.Fault(ledger, wanted.Points, wanted.Reason) is { } fault)
            return fault;
        if (wanted.Seconds is < SecondsMin or > SecondsMax)
            return new HoldTimeOutOfRange(wanted.Seconds);
        if (ledger.Holds.Count >= OpenMax)
            return new TooManyHolds();
        var available = ledger.Spendable(now);
        if (available < wanted.Points)
            return new NotEnoughPoints(available, wanted.Points);

        var uses = PickLots.Take(ledger.Good(now), wanted.Points);
        var until = now.AddSeconds(wanted.Seconds);
        var next = PickLots.NextExpiry(ledger, uses);
        return new PointsReserved(
            wanted.Id, now, until, wanted.Points, wanted.Reason, uses, ledger.Balance, available - wanted.Points, next != ledger.NextExpiry, next,
            TimerFor(ledger, until, now), wanted.Partner, wanted.Body);
    }

    /// <summary>The same for the same customer and key for ever.</summary>
    public static HoldId IdFor(Guid customer, string idempotencyKey) => new(Idempotency.IdFor("hold", customer, idempotencyKey));

    /// <summary>
    /// Most holds are confirmed within moments, so the timer is not moved for each: it stands until it is due, and then looks at what is open.
    /// </summary>
    private static DateTimeOffset? TimerFor(Ledger ledger, DateTimeOffset until, DateTimeOffset now)
    {
        var first = ledger.Holds.Select(hold => hold.Until).Append(until).Min();
        return ledger.HoldTimer is { } set && set > now && set <= first ? null : first;
    }
}
