using Patron.Contracts;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>What other contexts' facts mean to tags.</summary>
internal sealed class Consumed(TagRules rules, ActivityMemory memory)
{
    private readonly HashSet<string> ruleNames = [.. rules.All.Select(rule => rule.Name)];

    public IReadOnlyList<Subscription> Subscriptions =>
    [
        new Subscription(new Topic(Topics.Profile))
            .On(PurchaseRecorded.Parser, Handle)
            .Ignore<CustomerRegistered>()
            .Ignore<ConsentChanged>()
            .Ignore<OptInRequested>()
            .Ignore<BehaviourRecorded>()
            .Ignore<MergedAway>()
            .Ignore<Absorbed>()
            .Ignore<SplitOff>()
            .Ignore<GaveBack>()
            .Ignore<CustomerErased>()
            .Writes(new ActivityRows()),
        new Subscription(new Topic(Topics.Loyalty))
            .On(TierChanged.Parser, Handle)
            .Ignore<PointsEarned>()
            .Ignore<PointsReversed>()
            .Ignore<PointsExpired>()
            .Ignore<ReturnUnmatched>(),
    ];

    private IEnumerable<Command> Handle(PurchaseRecorded receipt, FactContext context)
    {
        // Nobody is known to tag: the key is the purchase's own id.
        if (receipt.Anonymous)
            return [];
        var counted = memory.Count(context.Partition, context.Customer, CustomerActivity.Of(receipt, context.Envelope.Position));
        if (!counted.LookAgain && rules.SameTags(counted.Before, counted.After))
            return [];
        var wanted = rules.Evaluate(counted.After);
        return [Retag(context, tags => RetagCustomer.Decide(tags, ruleNames, wanted, receipt.OccurredAt.ToDateTimeOffset()))];
    }

    private static IEnumerable<Command> Handle(TierChanged changed, FactContext context) =>
        [Retag(context, tags => FollowTier.Decide(tags, changed.To, changed.Reason, context.Envelope.Time))];

    private static Command Retag(FactContext context, Func<CustomerTags, Decision> decide) =>
        CustomerTags.Kind.Command(context.Customer, context.Customer, decide);
}
