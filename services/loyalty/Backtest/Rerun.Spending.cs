using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>What members were given, promised and spent beside their purchases, as far as there are points for it.</summary>
internal sealed partial class Rerun
{
    private readonly List<(Guid Ledger, DomainEvent Event)> spent = [];

    private void Grant(RerunLedger ledger, PointsGranted granted, DateTimeOffset now)
    {
        var grant = new Grant(granted.Grant, granted.Points, granted.Reason, granted.At, granted.Partner, granted.Body);
        Book(ledger, GrantPoints.Decide(ledger.State, grant, granted.Origin, versions.At(granted.At), now), now);
    }

    private void Redeem(RerunLedger ledger, PointsRedeemed redeemed, DateTimeOffset now)
    {
        if (redeemed.Hold is { } id)
        {
            var uses = PickLots.Part(ledger.State.Holds.FirstOrDefault(hold => hold.Id == id)?.Lots ?? [], redeemed.Points);
            var held = uses.Sum(use => use.Points);
            Miss(ledger, redeemed.Points - held, now);
            if (held > 0)
            {
                Book(ledger, redeemed with { Points = held, Lots = uses, Balance = ledger.State.Balance - held, NextExpiry = ledger.State.NextExpiry }, now);
            }

            return;
        }

        // Where the goods were gone already, what is not there becomes owed, here as in truth.
        var isOwed = redeemed.Clawback > 0;
        var points = isOwed ? redeemed.Points : Math.Min(redeemed.Points, ledger.State.Spendable(redeemed.At));
        Miss(ledger, redeemed.Points - points, now);
        if (points > 0)
        {
            var again = new Redemption(redeemed.Redemption, points, redeemed.Reason, redeemed.At, isOwed, redeemed.Partner, redeemed.Body);
            Book(ledger, RedeemPoints.Decide(ledger.State, again, now), now);
        }
    }

    private void Reserve(RerunLedger ledger, PointsReserved reserved, DateTimeOffset now)
    {
        var available = ledger.State.Spendable(reserved.At);
        var uses = PickLots.Take(ledger.State.Good(reserved.At), Math.Min(available, reserved.Points));
        var points = uses.Sum(use => use.Points);
        if (points == 0)
            return;
        Book(
            ledger,
            reserved with
            {
                Points = points, Lots = uses, Balance = ledger.State.Balance, Available = available - points,
                NextExpiry = PickLots.NextExpiry(ledger.State, uses),
            },
            now);
    }

    private void Release(RerunLedger ledger, HoldReleased released, DateTimeOffset now)
    {
        if (ledger.State.Holds.FirstOrDefault(hold => hold.Id == released.Hold) is not { } hold)
            return;
        var booking = new Booking(ledger.State);
        ReleaseHold.In(booking, hold, released.At, released.Why);
        Book(ledger, booking.Decide(), now);
    }

    private void Refund(RerunLedger ledger, PointsRefunded refunded, DateTimeOffset now)
    {
        var history = spent.Select(entry => new Booked(entry.Event, Sharing.Seen(entry.Ledger, ledger.Customer))).ToList();
        var redeemed = spent.Select(entry => entry.Event).OfType<PointsRedeemed>().Where(known => known.Redemption == refunded.Redemption)
            .Sum(known => known.Points);
        var back = spent.Select(entry => entry.Event).OfType<PointsRefunded>().Where(known => known.Redemption == refunded.Redemption)
            .Sum(known => known.Points);
        var points = Math.Min(refunded.Points, redeemed - back);
        if (points > 0)
        {
            var again = new Refund(refunded.Refund, refunded.Redemption, points, refunded.Body);
            Book(ledger, RefundPoints.Decide(ledger.State, history, again, versions.At(now), now), now);
        }
    }

    private void Miss(RerunLedger ledger, long points, DateTimeOffset now)
    {
        if (now >= from)
            ledger.Flows.NotRedeemable += points;
    }
}
