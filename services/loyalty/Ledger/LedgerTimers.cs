using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The timers of a ledger: the earliest lot's expiry, the review of the tier, the end of holds and of return windows.</summary>
internal static class LedgerTimers
{
    public const string Expiry = "expiry";
    public const string Review = "review";
    public const string Holds = "holds";
    public const string Release = "release";

    public static IEnumerable<TimerChange> Of(RecordedEvent recorded) => recorded.Event switch
    {
        // Most purchases leave the earliest expiry where it is, and then no timer is written.
        PointsEarned { NextExpiry: null, NextRelease: null } => [],
        PointsEarned earned => [.. Earlier(Expiry, earned.NextExpiry), .. Earlier(Release, earned.NextRelease)],
        PointsGranted granted => Earlier(Expiry, granted.NextExpiry),
        PointsReversed { Lots.Count: 0 } => [],
        PointsReversed reversed => [new(Expiry, reversed.NextExpiry)],
        PointsRedeemed { Hold: not null } => [],
        PointsRedeemed redeemed => [new(Expiry, redeemed.NextExpiry)],
        PointsReserved { ExpiryMoved: true } reserved => [new(Expiry, reserved.NextExpiry), .. Earlier(Holds, reserved.Timer)],
        PointsReserved reserved => Earlier(Holds, reserved.Timer),
        HoldReleased released => [new(Expiry, released.NextExpiry)],
        HoldTimerSet set => [TimerChange.Set(Holds, set.Due)],
        PointsRefunded refunded => [new(Expiry, refunded.NextExpiry)],
        ClawbackSettled settled => [new(Expiry, settled.NextExpiry)],
        PointsReleased released => Earlier(Release, released.NextRelease),
        PointsExpired expired => [new(Expiry, expired.NextExpiry)],
        TierChanged changed => [new(Review, changed.ReviewAt)],
        TierKept kept => [TimerChange.Set(Review, kept.ReviewAt)],
        TierGraceGiven grace => [TimerChange.Set(Review, grace.Until)],
        LedgerClosed => [TimerChange.Cancel(Expiry), TimerChange.Cancel(Review), TimerChange.Cancel(Holds), TimerChange.Cancel(Release)],
        LedgerAbsorbed absorbed =>
            [new(Expiry, absorbed.NextExpiry), new(Review, absorbed.ReviewAt), new(Holds, absorbed.NextLapse), new(Release, absorbed.NextRelease)],

        // What is left may have neither holds nor pending lots: their timers then find nothing to do.
        LedgerGivenBack given => [new(Expiry, given.NextExpiry), new(Review, given.ReviewAt)],
        LedgerReopened reopened =>
            [
                new(Expiry, reopened.NextExpiry), new(Review, reopened.ReviewAt), .. Earlier(Holds, reopened.NextLapse),
                .. Earlier(Release, reopened.NextRelease),
            ],
        MemberEnrolled or ReturnUnmatched => [],
        _ => throw new UnreachableException($"No timers are defined for {recorded.Event.GetType().Name}."),
    };

    public static IEnumerable<Command> OnDue(DueTimer timer, ProgrammeVersions versions) => timer.Name switch
    {
        Expiry => [ExpirePoints.Command(timer.Customer, timer.Due)],
        Holds => [ReleaseHold.Lapse(timer.Customer, timer.Due)],
        Release => [ReleasePoints.Command(timer.Customer, timer.Due)],
        Review => [ReviewTier.Command(timer.Customer, versions.At(timer.Due), timer.Due)],
        _ => throw new UnreachableException($"A ledger has no timer '{timer.Name}'."),
    };

    /// <summary>Null leaves the timer where it is.</summary>
    private static TimerChange[] Earlier(string timer, DateTimeOffset? due) => due is null ? [] : [new(timer, due)];
}
