using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// The customer was erased. What was booked stays for the auditor under an id that means nothing any more; points that nobody can redeem are
/// booked out, and no timer is left.
/// </summary>
internal static class CloseLedger
{
    public static Command Command(Guid customer, DateTimeOffset at) => Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, at));

    public static Decision Decide(Ledger ledger, DateTimeOffset at) => ledger.Lots.Count == 0
        ? Decision.Nothing
        : new PointsExpired(at, ledger.Balance, [.. ledger.Lots.Select(lot => new LotUse(lot.Sequence, lot.Points, lot.Home))], 0, null);
}
