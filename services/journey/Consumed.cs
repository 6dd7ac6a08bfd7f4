using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Journey;

/// <summary>Foreign facts and what they lead to here.</summary>
internal sealed class Consumed(TimeProvider clock)
{
    private static readonly string[] TiersUpwards = ["member", "silver", "gold", "platinum"];
    private static readonly Dictionary<string, string> NoData = [];

    public IReadOnlyList<Subscription> Subscriptions =>
    [
        new Subscription(new Topic(Topics.Profile))
            .On(PurchaseRecorded.Parser, Purchase)
            .Ignore<CustomerRegistered>()
            .Ignore<ConsentChanged>()
            .Ignore<OptInRequested>()
            .Ignore<BirthdayReached>()
            .Ignore<BehaviourRecorded>()
            .Follow(MergedAway.Parser, (fact, context) => context.MergedInto(fact.Into, fact.LinkId, fact.Version))
            .Follow(SplitOff.Parser, (fact, context) => context.SplitFrom(fact.From, fact.LinkId, fact.Version))
            .Ignore<Absorbed>()
            .Ignore<GaveBack>()
            .Erases(CustomerErased.Parser, (_, context) => [
                Traveller.Kind.Command(context.Customer, context.Customer, LeaveAll.Erased)]),
        new Subscription(new Topic(Topics.Loyalty))
            .On(TierChanged.Parser, Tier)
            .Ignore<PointsEarned>()
            .Ignore<PointsReversed>()
            .Ignore<PointsExpired>()
            .Ignore<LedgerRestated>()
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
            .On(SegmentEntered.Parser, Segment)
            .Ignore<SegmentLeft>(),
    ];

    private IEnumerable<Command> Purchase(PurchaseRecorded fact, FactContext context)
    {
        if (fact.Anonymous || !fact.Lines.Any(l => l.Kind == LineKind.Sale))
            return [];
        var now = clock.GetUtcNow();
        var customer = fact.Origin.Length == 0 ? context.Customer : Guid.ParseExact(fact.Origin, "D");
        return [Traveller.Kind.Command(customer, customer, (traveller, owner) =>
        {
            var origin = OriginOf(customer, owner);
            var ended = EndWait.Purchased(traveller, origin, fact.OccurredAt.ToDateTimeOffset(), fact.Receipt);
            var entered = Current<Trigger.FirstPurchase>(context).SelectMany(
                journey => EnterJourney.Decide(traveller, customer, origin, journey, now, $"first purchase, receipt {fact.Receipt}", NoData).Events);
            return Decision.Of([.. ended, .. entered]);
        })];
    }

    private IEnumerable<Command> Tier(TierChanged fact, FactContext context)
    {
        if (Array.IndexOf(TiersUpwards, fact.To) <= Array.IndexOf(TiersUpwards, fact.From))
            return [];
        return Enter(Current<Trigger.TierReached>(context), context,
            $"reached tier {fact.To}: {fact.Reason}", new Dictionary<string, string> { ["tier"] = fact.To });
    }

    private IEnumerable<Command> Segment(SegmentEntered fact, FactContext context) => Enter(
        Current<Trigger.SegmentEntered>(context).Where(j => ((Trigger.SegmentEntered)j.Trigger).Segment == fact.Segment),
        context,
        $"entered segment {fact.Segment}: {fact.Reason}",
        NoData);

    private IEnumerable<Command> Enter(
        IEnumerable<JourneyDefinition> journeys, FactContext context, string reason, IReadOnlyDictionary<string, string> data)
    {
        var now = clock.GetUtcNow();
        return journeys.Select(journey => Traveller.Kind.Command(
            context.Customer, context.Customer,
            (traveller, owner) => EnterJourney.Decide(traveller, context.Customer, OriginOf(context.Customer, owner), journey, now, reason, data)));
    }

    private static Guid? OriginOf(Guid customer, Guid traveller) => customer == traveller ? null : customer;

    private static IEnumerable<JourneyDefinition> Current<TTrigger>(FactContext context)
        where TTrigger : Trigger => context.Envelope.Backfill ? [] : Journeys.Current.Where(j => j.Trigger is TTrigger);
}
