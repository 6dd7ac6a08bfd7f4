using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Held points go back to their lots: because the till says so, or because their time is over. What expired meanwhile expires now.</summary>
internal static class ReleaseHold
{
    /// <summary>Why a hold ended without its points having been spent.</summary>
    public const string Cancelled = "cancelled";
    public const string Lapsed = "lapsed";
    public const string Rest = "rest";

    public static Command Cancel(Guid customer, HoldId hold, DateTimeOffset now) =>
        Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, hold, now)) with
        {
            IdempotencyKey = Idempotency.IdFor("cancel", customer, hold.ToString()),
        };

    public static Command Lapse(Guid customer, DateTimeOffset due) => Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, due));

    public static Decision Decide(Ledger ledger, HoldId id, DateTimeOffset now)
    {
        if (ledger.Holds.FirstOrDefault(known => known.Id == id) is not { } hold)
            return new HoldNotOpen();
        var booking = new Booking(ledger);
        In(booking, hold, now, Cancelled);
        return booking.Decide();
    }

    /// <summary>Ends every hold whose time is over, and sets the timer for those that are left.</summary>
    public static Decision Decide(Ledger ledger, DateTimeOffset due)
    {
        var booking = new Booking(ledger);
        foreach (var hold in ledger.Holds.Where(hold => hold.Until <= due))
            In(booking, hold, due, Lapsed);
        if (booking.Ledger.Holds.Count > 0)
            booking.Add(new HoldTimerSet(booking.Ledger.Holds.Min(hold => hold.Until)));
        return booking.Decide();
    }

    public static void In(Booking booking, Hold hold, DateTimeOffset at, string why)
    {
        var released = new HoldReleased(hold.Id, at, why, hold.Points, hold.Lots, booking.Ledger.Balance, null);
        booking.Add(released with { NextExpiry = Ledger.Evolve(booking.Ledger, released).NextExpiry });
        ExpirePoints.In(booking, at);
        SettleDebts.In(booking, at);
    }
}
