using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Facts = Patron.Contracts.Loyalty.V1;

namespace Patron.Loyalty;

/// <summary>What others may know of ledgers.</summary>
internal static class Published
{
    public static Publication Loyalty { get; } = new(
        new Topic(Topics.Loyalty), recorded => CouponModule.Knows(recorded.Event) ? CouponFacts.From(recorded) : From(recorded.Event));

    internal static IMessage? From(DomainEvent happened) => happened switch
    {
        PointsEarned earned => new Facts.PointsEarned
        {
            PurchaseId = earned.Purchase.ToString(),
            Points = earned.Points,
            Balance = earned.Balance,
            ExpiresAt = earned.ExpiresAt.ToTimestamp(),
            AvailableAt = earned.AvailableAt?.ToTimestamp(),
        },
        PointsReversed reversed => new Facts.PointsReversed { PurchaseId = reversed.Return.ToString(), Points = reversed.Points, Balance = reversed.Balance },
        PointsGranted granted => new Facts.PointsGranted
        {
            GrantId = granted.Grant.ToString(), Points = granted.Points, Balance = granted.Balance, ExpiresAt = granted.ExpiresAt.ToTimestamp(),
            Reason = granted.Reason, Partner = granted.Partner ?? "",
        },
        PointsRedeemed redeemed => new Facts.PointsRedeemed
        {
            RedemptionId = redeemed.Redemption.ToString(), Points = redeemed.Points, Balance = redeemed.Balance, Reason = redeemed.Reason,
            Partner = redeemed.Partner ?? "",
        },
        PointsRefunded refunded => new Facts.PointsRefunded
        {
            RedemptionId = refunded.Redemption.ToString(), Points = refunded.Points, Balance = refunded.Balance,
        },
        PointsExpiring expiring => new Facts.PointsExpiring
        {
            Points = expiring.Points, ExpiresAt = expiring.ExpiresAt.ToTimestamp(), Balance = expiring.Balance,
        },
        PointsExpired expired => new Facts.PointsExpired { Points = expired.Points, Balance = expired.Balance },
        ReturnUnmatched open => new Facts.ReturnUnmatched { PurchaseId = open.Return.ToString(), Product = open.Product, Quantity = open.Quantity },
        TierChanged changed => new Facts.TierChanged { From = changed.From, To = changed.To, Reason = Timeline.Reason(changed) },

        LedgerAbsorbed absorbed => Restated(
            absorbed.Link, absorbed.Balance, absorbed.Tier, absorbed.ReviewAt, "joined with the ledger of the same person", absorbed.Content.Lots),
        LedgerGivenBack given => Restated(given.Link, given.Balance, given.Tier, given.ReviewAt, "gave back what belongs to another person"),
        LedgerReopened reopened => Restated(
            reopened.Link, reopened.Balance, reopened.Tier, reopened.ReviewAt, "stands on its own again", reopened.Content.Lots),

        // Private on purpose: enrolment shows in the first points, a tier that is kept or in grace changes nothing, and a closed ledger shows in the
        // one that absorbed it.
        MemberEnrolled or TierKept or TierGraceGiven or LedgerClosed => null,

        // Between member and till until it is confirmed, or a matter of the books.
        PointsReserved or HoldReleased or HoldTimerSet or ExpiryWarningSet or ClawbackSettled or PointsReleased => null,
        _ => throw new UnreachableException($"Nobody has decided whether {happened.GetType().Name} is public."),
    };

    /// <summary>The lowest tier has no review, and is not told: nobody is told of it when a customer enrols either.</summary>
    private static Facts.LedgerRestated Restated(
        Guid link, long balance, string? tier, DateTimeOffset? reviewAt, string reason, params IReadOnlyList<Lot> gained)
    {
        var restated = new Facts.LedgerRestated { LinkId = link.ToString("D"), Balance = balance, Tier = reviewAt is null ? "" : tier, Reason = reason };
        restated.Gained.Add(gained.GroupBy(lot => lot.ExpiresAt).OrderBy(lots => lots.Key).Select(
            lots => new Facts.LedgerRestated.Types.ExpiringPoints { Points = lots.Sum(lot => lot.Points), ExpiresAt = lots.Key.ToTimestamp() }));
        return restated;
    }
}
