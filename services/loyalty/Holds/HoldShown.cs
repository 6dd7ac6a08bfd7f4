using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>What became of a hold.</summary>
/// <param name="State"><c>open</c>, <c>confirmed</c>, <c>cancelled</c> or <c>lapsed</c>. An open one whose time is over lapses in a moment.</param>
/// <param name="Redeemed">How many points were spent; <paramref name="Redemption"/> is what a refund names.</param>
internal sealed record HoldShown(
    HoldId Hold, long Points, string Reason, DateTimeOffset ReservedAt, DateTimeOffset Until, string State, long Redeemed, RedemptionId? Redemption)
{
    public const string Open = "open";
    public const string Confirmed = "confirmed";

    /// <summary>Null where nothing in these events is of the hold.</summary>
    public static HoldShown? Of(HoldId hold, IEnumerable<RecordedEvent> history)
    {
        HoldShown? shown = null;
        foreach (var recorded in history)
        {
            shown = recorded.Event switch
            {
                PointsReserved e when e.Hold == hold => new(hold, e.Points, e.Reason, e.At, e.Until, Open, 0, null),
                PointsRedeemed e when e.Hold == hold && shown is not null =>
                    shown with { State = Confirmed, Redeemed = shown.Redeemed + e.Points, Redemption = shown.Redemption ?? e.Redemption },
                HoldReleased e when e.Hold == hold && e.Why != ReleaseHold.Rest && shown is { State: Open } => shown with { State = e.Why },
                _ => shown,
            };
        }

        return shown;
    }
}
