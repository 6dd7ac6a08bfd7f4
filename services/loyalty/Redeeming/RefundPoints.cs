using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A sale that was paid with points came back: they go back to the lots that they were taken from, with their expiry.</summary>
/// <param name="Lots">Points that are there again; <c>Lot</c> is a new one where the old one belongs to another ledger now.</param>
/// <param name="Settled">How many repaid what the redemption had left owed, or what is owed otherwise.</param>
/// <param name="NextExpiry">The earliest lot's expiry; null where there is none.</param>
/// <param name="Partner">As in the redemption.</param>
[EventName("loyalty.points-refunded.v1")]
internal sealed record PointsRefunded(
    RefundId Refund, RedemptionId Redemption, DateTimeOffset At, long Points, IReadOnlyList<LotUse> Lots, long Settled, long Balance,
    DateTimeOffset? NextExpiry, string? Partner = null, string? Body = null) : DomainEvent;

/// <param name="Points">Null for all that is left of the redemption.</param>
internal sealed record Refund(RefundId Id, RedemptionId Redemption, long? Points, string? Body = null);

internal static class RefundPoints
{
    public static Command Command(Guid customer, Refund wanted, ProgrammeVersions versions, DateTimeOffset now) => Ledger.Kind.CommandWithHistory(
        customer, customer, (ledger, owner, history) => Decide(ledger, Booked.Of(owner, history), wanted, versions.At(now), now)) with
    {
        IdempotencyKey = wanted.Id.Value,
    };

    /// <param name="history">What was booked so far, also for customers who were ever merged with this one.</param>
    public static Decision Decide(Ledger ledger, IReadOnlyList<Booked> history, Refund wanted, Programme programme, DateTimeOffset now)
    {
        if (wanted.Points is < 1 or > RedeemPoints.PointsMax)
            return new PointsOutOfRange(wanted.Points.Value);

        // Booked in this ledger or in that of somebody who is the same person now: so one redemption is given back by one ledger only. What was
        // given back already may stand in the other's, from when they were one.
        var known = history.Where(booked => ledger.IsAlsoOf(booked.Home)).Select(booked => booked.Event).OfType<PointsRedeemed>();
        if (known.FirstOrDefault(redeemed => redeemed.Redemption == wanted.Redemption) is not { } redeemed)
            return new RedemptionNotFound();
        var refunds = history.Select(booked => booked.Event).OfType<PointsRefunded>().Where(refund => refund.Redemption == wanted.Redemption);
        var left = redeemed.Points - refunds.Sum(refund => refund.Points);
        var points = wanted.Points ?? left;
        if (points > left || left == 0)
            return new RefundTooLarge(left, points);

        var (lots, settled) = Restored(ledger, redeemed, redeemed.Points - left, points, programme, now);
        var booking = new Booking(ledger);
        var back = new PointsRefunded(
            wanted.Id, wanted.Redemption, now, points, lots, settled, ledger.Balance + points - settled, null, redeemed.Partner, wanted.Body);
        booking.Add(back with { NextExpiry = Ledger.Evolve(ledger, back).NextExpiry });
        SettleDebts.In(booking, now);
        ExpirePoints.In(booking, now);
        return booking.Decide();
    }

    /// <summary>
    /// Undoes a redemption from its end: first what it left owed, then its lots, the latest expiry first. A part that was owed and has been
    /// repaid since is a lot of today.
    /// </summary>
    private static (List<LotUse> Lots, long Settled) Restored(
        Ledger ledger, PointsRedeemed redeemed, long before, long points, Programme programme, DateTimeOffset now)
    {
        var made = ledger.LotsMade;
        var owed = Math.Clamp(redeemed.Clawback - before, 0, points);
        var settled = Math.Min(owed, ledger.Clawback);
        var lots = new List<LotUse>();
        if (owed > settled)
            lots.Add(new(++made, owed - settled, ExpiresAt: programme.ExpiryOf(now)));

        var skip = Math.Max(0, before - redeemed.Clawback);
        var missing = points - owed;
        foreach (var use in redeemed.Lots.Reverse())
        {
            var skipped = Math.Min(skip, use.Points);
            var taken = Math.Min(missing, use.Points - skipped);
            (skip, missing) = (skip - skipped, missing - taken);
            if (taken > 0)
                lots.Add(Back(ledger, use with { Points = taken, Pending = false }, programme, now, ref made));
        }

        return (lots, settled);
    }

    /// <summary>The old lot; a new one where that is of somebody who is another person now, or good again after its expiry.</summary>
    private static LotUse Back(Ledger ledger, LotUse use, Programme programme, DateTimeOffset now, ref int made)
    {
        var isLate = use.ExpiresAt is null || (use.ExpiresAt <= now && programme.RefundGraceDays > 0);
        var isOurs = ledger.IsAlsoOf(use.Origin);
        if (isOurs && !isLate)
            return use;
        return use with
        {
            Lot = ++made, Home = null, Origin = isOurs ? use.Origin : null,
            ExpiresAt = isLate ? programme.CutOffAfterDays(now, programme.RefundGraceDays) : use.ExpiresAt,
        };
    }
}
