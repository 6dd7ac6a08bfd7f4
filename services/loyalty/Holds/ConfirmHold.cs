using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

internal sealed record HoldNotOpen : Refusal
{
    public override string Code => "hold-not-open";

    public override string Detail =>
        "No open hold of the customer has this id: it was confirmed or cancelled, its time is over, or it never was. Look it up, and reserve again.";
}

/// <summary>After an unmerge a part of a hold is in the other ledger.</summary>
internal sealed record HoldParted(long Held, long Asked) : Refusal
{
    public override string Code => "hold-parted";

    public override string Detail =>
        $"Of {Asked} points {Held} are still held here, since two customers were parted. Confirm at most {Held} by saying so, or cancel.";
}

internal sealed record MoreThanHeld(long Held, long Requested) : Refusal
{
    public override string Code => "more-than-held";

    public override string Detail => $"{Requested} points were to be confirmed and {Held} are held. Confirm at most {Held}.";
}

/// <summary>Held points are spent; those that are not needed go back.</summary>
internal static class ConfirmHold
{
    /// <param name="points">How many are spent; null for all that were reserved.</param>
    public static Command Command(Guid customer, HoldId hold, long? points, DateTimeOffset now) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, hold, IdFor(customer, hold), points, now)) with
        {
            IdempotencyKey = IdFor(customer, hold).Value,
        };

    public static Decision Decide(Ledger ledger, HoldId id, RedemptionId redemption, long? points, DateTimeOffset now)
    {
        if (points is < 1 or > RedeemPoints.PointsMax)
            return new PointsOutOfRange(points.Value);
        if (ledger.Holds.FirstOrDefault(known => known.Id == id) is not { } hold || hold.Until <= now)
            return new HoldNotOpen();
        var held = hold.Points;
        if (points is null && held < hold.Asked)
            return new HoldParted(held, hold.Asked);
        var spent = points ?? held;
        if (spent > held)
            return new MoreThanHeld(held, spent);

        var booking = new Booking(ledger);
        booking.Add(new PointsRedeemed(
            redemption, now, spent, hold.Reason, PickLots.Part(hold.Lots, spent), ledger.Balance - spent, ledger.NextExpiry, id, hold.Partner,
            Body: BodyOf(points)));
        if (booking.Ledger.Holds.FirstOrDefault(known => known.Id == id) is { } rest)
            ReleaseHold.In(booking, rest, now, ReleaseHold.Rest);
        return booking.Decide();
    }

    /// <summary>A hold is confirmed once, so its id says what a repeat is.</summary>
    public static RedemptionId IdFor(Guid customer, HoldId hold) => new(Idempotency.IdFor("confirm", customer, hold.ToString()));

    public static string BodyOf(long? points) => Idempotency.BodyOf(points);
}
