using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Lots whose cut-off has come leave the balance. One timer a ledger stands at the earliest cut-off.</summary>
internal static class ExpirePoints
{
    public static Command Command(Guid customer, DateTimeOffset cutOff) => Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, cutOff));

    public static Decision Decide(Ledger ledger, DateTimeOffset cutOff)
    {
        var booking = new Booking(ledger);
        In(booking, cutOff);
        return booking.Decide();
    }

    /// <summary>Books out what has expired by then, where anything has.</summary>
    public static void In(Booking booking, DateTimeOffset cutOff)
    {
        var ledger = booking.Ledger;
        var lapsed = ledger.Lots.TakeWhile(lot => lot.ExpiresAt <= cutOff).ToList();
        if (lapsed.Count == 0)
            return;

        var points = lapsed.Sum(lot => lot.Points);
        booking.Add(new PointsExpired(
            cutOff, points, [.. lapsed.Select(lot => lot.Use(lot.Points))], ledger.Balance - points,
            lapsed.Count < ledger.Lots.Count ? ledger.Lots[lapsed.Count].ExpiresAt : null));
    }
}
