using System.Diagnostics;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The two timers of a ledger: the earliest lot's expiry and the review of the tier.</summary>
internal static class LedgerTimers
{
    public const string Expiry = "expiry";
    public const string Review = "review";

    public static IEnumerable<TimerChange> Of(RecordedEvent recorded) => recorded.Event switch
    {
        // Most purchases leave the earliest expiry where it is, and then no timer is written.
        PointsEarned { NextExpiry: null } => [],
        PointsEarned earned => [new(Expiry, earned.NextExpiry)],
        PointsReversed { Lots.Count: 0 } => [],
        PointsReversed reversed => [new(Expiry, reversed.NextExpiry)],
        PointsRedeemed redeemed => [new(Expiry, redeemed.NextExpiry)],
        PointsExpired expired => [new(Expiry, expired.NextExpiry)],
        TierChanged changed => [new(Review, changed.ReviewAt)],
        TierKept kept => [TimerChange.Set(Review, kept.ReviewAt)],
        TierGraceGiven grace => [TimerChange.Set(Review, grace.Until)],
        LedgerClosed => [TimerChange.Cancel(Expiry), TimerChange.Cancel(Review)],
        LedgerAbsorbed absorbed => [new(Expiry, absorbed.NextExpiry), new(Review, absorbed.ReviewAt)],
        LedgerGivenBack given => [new(Expiry, given.NextExpiry), new(Review, given.ReviewAt)],
        LedgerReopened reopened => [new(Expiry, reopened.NextExpiry), new(Review, reopened.ReviewAt)],
        MemberEnrolled or ReturnUnmatched => [],
        _ => throw new UnreachableException($"No timers are defined for {recorded.Event.GetType().Name}."),
    };

    public static IEnumerable<Command> OnDue(DueTimer timer, ProgrammeVersions versions) => timer.Name switch
    {
        Expiry => [ExpirePoints.Command(timer.Customer, timer.Due)],
        Review => [ReviewTier.Command(timer.Customer, versions.At(timer.Due), timer.Due)],
        _ => throw new UnreachableException($"A ledger has no timer '{timer.Name}'."),
    };
}
