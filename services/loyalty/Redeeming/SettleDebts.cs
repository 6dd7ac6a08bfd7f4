using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Points that came back to a ledger repaid what it owed.</summary>
/// <param name="NextExpiry">The earliest remaining lot's expiry; null when no lot is left.</param>
/// <param name="Origin">Whose debt and whose points, as in <see cref="PointsEarned"/>.</param>
[EventName("loyalty.clawback-settled.v1")]
internal sealed record ClawbackSettled(
    DateTimeOffset At, long Points, IReadOnlyList<LotUse> Lots, long Balance, DateTimeOffset? NextExpiry, Guid? Origin = null) : DomainEvent;

/// <summary>
/// Nobody owes points while they have some: debts arise while points are held, and the points come back. Of merged customers each repays
/// their own debt with points of their own, so that they can be parted.
/// </summary>
internal static class SettleDebts
{
    public static void In(Booking booking, DateTimeOffset at)
    {
        if (booking.Ledger.Clawback == 0)
            return;
        foreach (var share in Sharing.SharesOf(booking.Ledger).Where(share => share.Clawback > 0))
        {
            var uses = PickLots.Take(booking.Ledger.Lots.Where(lot => lot.Origin == share.Customer && lot.ExpiresAt > at), share.Clawback);
            var paid = uses.Sum(use => use.Points);
            if (paid > 0)
            {
                booking.Add(new ClawbackSettled(
                    at, paid, uses, booking.Ledger.Balance - paid, PickLots.NextExpiry(booking.Ledger, uses), share.Customer));
            }
        }
    }
}
