using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>The return window of these lots has closed: their points can be redeemed.</summary>
/// <param name="CutOff">The moment up to which lots became available.</param>
/// <param name="Points">0 where a return took the lots before.</param>
/// <param name="NextRelease">When the next pending lot becomes available; null when none is left.</param>
[EventName("loyalty.points-released.v1")]
internal sealed record PointsReleased(DateTimeOffset CutOff, long Points, IReadOnlyList<LotUse> Lots, DateTimeOffset? NextRelease) : DomainEvent;

/// <summary>Pending points become available at the programme's cut-off after the return window. One timer a ledger stands at the earliest.</summary>
internal static class ReleasePoints
{
    public static Command Command(Guid customer, DateTimeOffset cutOff) => Ledger.Kind.Command(customer, customer, ledger => Decide(ledger, cutOff));

    public static Decision Decide(Ledger ledger, DateTimeOffset cutOff)
    {
        var waiting = ledger.Lots.Where(lot => lot.IsPending).ToList();
        if (waiting.Count == 0)
            return Decision.Nothing;
        var open = waiting.Where(lot => lot.AvailableAt <= cutOff).ToList();
        return new PointsReleased(
            cutOff, open.Sum(lot => lot.Points), [.. open.Select(lot => lot.Use(lot.Points))], waiting.Except(open).Min(lot => lot.AvailableAt));
    }
}
