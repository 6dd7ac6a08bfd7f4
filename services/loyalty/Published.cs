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
        },
        PointsReversed reversed => new Facts.PointsReversed { PurchaseId = reversed.Return.ToString(), Points = reversed.Points, Balance = reversed.Balance },
        PointsExpired expired => new Facts.PointsExpired { Points = expired.Points, Balance = expired.Balance },
        ReturnUnmatched open => new Facts.ReturnUnmatched { PurchaseId = open.Return.ToString(), Product = open.Product, Quantity = open.Quantity },
        TierChanged changed => new Facts.TierChanged { From = changed.From, To = changed.To, Reason = Timeline.Reason(changed) },

        LedgerAbsorbed absorbed => Restated(absorbed.Link, absorbed.Balance, absorbed.Tier, absorbed.ReviewAt, "joined with the ledger of the same person"),
        LedgerGivenBack given => Restated(given.Link, given.Balance, given.Tier, given.ReviewAt, "gave back what belongs to another person"),
        LedgerReopened reopened => Restated(reopened.Link, reopened.Balance, reopened.Tier, reopened.ReviewAt, "stands on its own again"),

        // Private on purpose: enrolment shows in the first points, a tier that is kept or in grace changes nothing, a redemption is between member
        // and till, and a closed ledger shows in the one that absorbed it.
        MemberEnrolled or TierKept or TierGraceGiven or PointsRedeemed or LedgerClosed => null,

        // Likewise between member and till, or a matter of the books.
        PointsReserved or HoldReleased or HoldTimerSet or PointsRefunded or ClawbackSettled or PointsGranted or PointsReleased => null,
        _ => throw new UnreachableException($"Nobody has decided whether {happened.GetType().Name} is public."),
    };

    /// <summary>The lowest tier has no review, and is not told: nobody is told of it when a customer enrols either.</summary>
    private static Facts.LedgerRestated Restated(Guid link, long balance, string? tier, DateTimeOffset? reviewAt, string reason) =>
        new() { LinkId = link.ToString("D"), Balance = balance, Tier = reviewAt is null ? "" : tier, Reason = reason };
}
