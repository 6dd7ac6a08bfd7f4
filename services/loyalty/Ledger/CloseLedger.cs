using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// The customer was erased. What was booked stays for the auditor under an id that means nothing any more; points that nobody can redeem are
/// booked out, held ones too, and no timer is left.
/// </summary>
internal static class CloseLedger
{
    public static Command Command(Guid customer, DateTimeOffset at) => Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, at));

    public static Decision Decide(Ledger ledger, DateTimeOffset at)
    {
        var booking = new Booking(ledger);
        foreach (var hold in ledger.Holds)
            ReleaseHold.In(booking, hold, at, ReleaseHold.Cancelled);
        if (booking.Ledger.Lots.Count > 0)
            booking.Add(new PointsExpired(at, booking.Ledger.Balance, [.. booking.Ledger.Lots.Select(lot => lot.Use(lot.Points))], 0, null));
        return booking.Decide();
    }
}
