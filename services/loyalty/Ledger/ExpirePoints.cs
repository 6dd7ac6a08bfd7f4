using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Lots whose cut-off has come leave the balance. One timer a ledger stands at the earliest cut-off.</summary>
internal static class ExpirePoints
{
    public static Command Command(Guid customer, DateTimeOffset cutOff) => Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, cutOff));

    public static Decision Decide(Ledger ledger, DateTimeOffset cutOff)
    {
        var lapsed = ledger.Lots.TakeWhile(lot => lot.ExpiresAt <= cutOff).ToList();
        if (lapsed.Count == 0)
            return Decision.Nothing;

        var points = lapsed.Sum(lot => lot.Points);
        return new PointsExpired(
            cutOff, points, [.. lapsed.Select(lot => new LotUse(lot.Sequence, lot.Points, lot.Home))], ledger.Balance - points,
            lapsed.Count < ledger.Lots.Count ? ledger.Lots[lapsed.Count].ExpiresAt : null);
    }
}
