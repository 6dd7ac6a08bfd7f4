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
    public static Publication Loyalty { get; } = new(new Topic(Topics.Loyalty), recorded => From(recorded.Event));

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

        // Private on purpose: enrolment shows in the first points, a kept tier changes nothing, and a redemption is between member and till.
        MemberEnrolled or TierKept or PointsRedeemed => null,
        _ => throw new UnreachableException($"Nobody has decided whether {happened.GetType().Name} is public."),
    };
}
