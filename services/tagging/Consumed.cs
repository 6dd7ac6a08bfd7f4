using Patron.Contracts;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>What other contexts' facts mean to tags.</summary>
internal sealed class Consumed(TagRules rules, ActivityMemory memory, MergeTags merges)
{
    private readonly HashSet<string> ruleNames = [.. rules.All.Select(rule => rule.Name)];

    public IReadOnlyList<Subscription> Subscriptions =>
    [
        new Subscription(new Topic(Topics.Profile))
            .On(PurchaseRecorded.Parser, Handle)
            .Ignore<CustomerRegistered>()
            .Ignore<ConsentChanged>()
            .Ignore<OptInRequested>()
            .Ignore<BirthdayReached>()
            .Ignore<BehaviourRecorded>()
            .Follow(MergedAway.Parser, (fact, context) => context.MergedInto(fact.Into, fact.LinkId, fact.Version))
            .Follow(SplitOff.Parser, (fact, context) => context.SplitFrom(fact.From, fact.LinkId, fact.Version))
            .On(Absorbed.Parser, Handle)
            .Ignore<GaveBack>()
            .Erases(CustomerErased.Parser, (_, context) => [Retag(context, tags => RetagCustomer.Erase(tags, context.Envelope.Time))])
            .Writes(new ActivityRows(memory)),
        new Subscription(new Topic(Topics.Loyalty))
            .On(TierChanged.Parser, Handle)
            .Ignore<PointsEarned>()
            .Ignore<PointsReversed>()
            .Ignore<PointsExpired>()
            .On(LedgerRestated.Parser, Handle)
            .Ignore<ReturnUnmatched>()
            .Ignore<CouponIssued>()
            .Ignore<CouponViewed>()
            .Ignore<CouponRedeemed>()
            .Ignore<CouponExpired>()
            .Ignore<CouponVoided>()
            .Ignore<WalletRestated>()
            .Ignore<PointsGranted>()
            .Ignore<PointsRedeemed>()
            .Ignore<PointsRefunded>()
            .Ignore<PointsExpiring>(),
    ];

    private IEnumerable<Command> Handle(PurchaseRecorded receipt, FactContext context)
    {
        // Nobody is known to tag: the key is the purchase's own id.
        if (receipt.Anonymous)
            return [];
        var activity = CustomerActivity.Of(receipt, context.Envelope.Position);
        if (receipt.Origin.Length > 0 || memory.IsLinked(context.Partition, context.Customer, context.Envelope.Position))
        {
            // Whose identifier was used, so that it counts for the right customer whatever was merged or split meanwhile.
            var customer = receipt.Origin.Length == 0 ? context.Customer : Guid.ParseExact(receipt.Origin, "D");
            return [CustomerTags.Kind.Command(customer, customer, (tags, owner) =>
                merges.Count(tags, customer == owner ? null : customer, activity, receipt.OccurredAt.ToDateTimeOffset()))];
        }

        var counted = memory.Count(context.Partition, context.Customer, activity);
        if (!counted.LookAgain && rules.SameTags(counted.Before, counted.After))
            return [];
        var wanted = rules.Evaluate(counted.After);
        return [Retag(context, tags => RetagCustomer.Decide(tags, ruleNames, wanted, receipt.OccurredAt.ToDateTimeOffset()))];
    }

    private IEnumerable<Command> Handle(Absorbed absorbed, FactContext context)
    {
        var own = memory.Link(context.Partition, context.Customer, context.Envelope.Position);
        return [Retag(context, tags => merges.Take(tags, own, context.Envelope.Time)) with { LapsesWhenMerged = true }];
    }

    private static IEnumerable<Command> Handle(TierChanged changed, FactContext context) => Tier(changed.To, changed.Reason, context);

    private static IEnumerable<Command> Handle(LedgerRestated restated, FactContext context) =>
        restated.Tier.Length == 0
            ? [Retag(context, tags => FollowTier.DecideLowest(tags, restated.Reason, context.Envelope.Time)) with { LapsesWhenMerged = true }]
            : Tier(restated.Tier, restated.Reason, context);

    /// <summary>Of a customer who is merged into another, the ledger of that one tells the tier.</summary>
    private static IEnumerable<Command> Tier(string tier, string reason, FactContext context) =>
        [Retag(context, tags => FollowTier.Decide(tags, tier, reason, context.Envelope.Time)) with { LapsesWhenMerged = true }];

    private static Command Retag(FactContext context, Func<CustomerTags, Decision> decide) =>
        CustomerTags.Kind.Command(context.Customer, context.Customer, decide);
}
