using Patron.Contracts;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>What other contexts' facts mean to tags.</summary>
/// <param name="zone">In which the brand's customers live.</param>
internal sealed class Consumed(TaxonomyBook taxonomy, TimeZoneInfo zone)
{
    public IReadOnlyList<Subscription> Subscriptions =>
    [
        new Subscription(new Topic(Topics.Profile))
            .Ignore<PurchaseRecorded>()
            .Ignore<CustomerRegistered>()
            .Ignore<ConsentChanged>()
            .Ignore<OptInRequested>()
            .Ignore<BirthdayReached>()
            .On(BehaviourRecorded.Parser, Handle)
            .Follow(MergedAway.Parser, (fact, context) => context.MergedInto(fact.Into, fact.LinkId, fact.Version))
            .Follow(SplitOff.Parser, (fact, context) => context.SplitFrom(fact.From, fact.LinkId, fact.Version))
            .Ignore<Absorbed>()
            .Ignore<GaveBack>()
            .Erases(CustomerErased.Parser, (_, context) => [Retag(context, tags => AssignTag.Erase(tags, context.Envelope.Time))]),
        new Subscription(new Topic(Topics.Loyalty))
            .On(TierChanged.Parser, (changed, context) => Tier(changed.To, changed.Reason, context))
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
        new Subscription(new Topic(Topics.Segmentation))
            .On(SegmentEntered.Parser, (entered, context) => entered.Tag.Length == 0
                ? []
                : [Follow(context, tags => FollowSegments.Enter(tags, taxonomy.Current, entered, CauseOf(context)))])
            .On(SegmentLeft.Parser, (left, context) => left.Tag.Length == 0 ? [] : [Follow(context, tags => FollowSegments.Leave(tags, left))]),
    ];

    private IEnumerable<Command> Handle(BehaviourRecorded did, FactContext context)
    {
        if (!FollowWeChat.Concerns(did))
            return [];
        var customer = did.Origin.Length == 0 ? context.Customer : Guid.ParseExact(did.Origin, "D");
        return [CustomerTags.Kind.Command(customer, customer, (tags, owner) =>
            FollowWeChat.Decide(tags, taxonomy.Current, did, customer == owner ? null : customer, context.Envelope.Time, zone, CauseOf(context)))];
    }

    private IEnumerable<Command> Handle(LedgerRestated restated, FactContext context) => restated.Tier.Length == 0
        ? [Follow(context, tags => FollowTier.DecideLowest(tags, restated.Reason, context.Envelope.Time))]
        : Tier(restated.Tier, restated.Reason, context);

    private IEnumerable<Command> Tier(string tier, string reason, FactContext context) =>
        [Follow(context, tags => FollowTier.Decide(tags, taxonomy.Current, tier, reason, context.Envelope.Time, CauseOf(context)))];

    /// <summary>Of a customer who is merged into another, the ledger and the segments of that one tell.</summary>
    private static Command Follow(FactContext context, Func<CustomerTags, Decision> decide) => Retag(context, decide) with { LapsesWhenMerged = true };

    private static Command Retag(FactContext context, Func<CustomerTags, Decision> decide) =>
        CustomerTags.Kind.Command(context.Customer, context.Customer, decide);

    private static Cause CauseOf(FactContext context) => new(context.Topic, context.Envelope.Id, context.Envelope.Position);
}
