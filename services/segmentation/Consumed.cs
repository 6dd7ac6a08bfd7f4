using Google.Protobuf;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>What other contexts' facts mean to columns: the same live and while a partition is rebuilt.</summary>
internal sealed class Consumed
{
    private readonly SegmentEngine engine;
    private readonly Dictionary<string, Action<SegmentedPartition, Guid, Envelope, ReadOnlyMemory<byte>>> silent = [];

    public Consumed(SegmentEngine engine)
    {
        this.engine = engine;
        var profile = new Subscription(new Topic(Topics.Profile)).Ignore<CustomerRegistered>()
            .Ignore<OptInRequested>()
            .Ignore<BirthdayReached>()
            .Follow(MergedAway.Parser, (fact, context) => context.MergedInto(fact.Into, fact.LinkId, fact.Version))
            .Follow(SplitOff.Parser, (fact, context) => context.SplitFrom(fact.From, fact.LinkId, fact.Version))
            .On(Absorbed.Parser, (_, context) => engine.Absorb(context))
            .Ignore<GaveBack>()
            .Erases(CustomerErased.Parser, (_, context) => engine.Erase(context));
        silent.Add(CustomerErased.Descriptor.FullName, (partition, customer, _, _) => partition.Erase(customer));
        profile.On(PurchaseRecorded.Parser, Purchase);
        Silently(Source.Profile, Needs.Purchases, PurchaseRecorded.Parser, fact => !fact.Anonymous && fact.Origin.Length == 0, Purchased);
        On(profile, Source.Profile, Needs.Behaviours, BehaviourRecorded.Parser, _ => true, (columns, row, fact, recordedAt) =>
            columns.AddBehaviour(row, engine.LinesOf(fact, recordedAt)));
        On(profile, Source.Profile, Needs.Consents, ConsentChanged.Parser, _ => true, (columns, row, fact, _) =>
            columns.SetConsent(row, fact.Channel, fact.Purpose, fact.State == ConsentState.Granted));

        var loyalty = new Subscription(new Topic(Topics.Loyalty)).Ignore<ReturnUnmatched>()
            .Ignore<CouponIssued>()
            .Ignore<CouponViewed>()
            .Ignore<CouponRedeemed>()
            .Ignore<CouponExpired>()
            .Ignore<CouponVoided>()
            .Ignore<WalletRestated>()
            .Ignore<PointsExpiring>();
        On(loyalty, Source.Loyalty, Needs.Points | Needs.Tier, LedgerRestated.Parser, _ => true, Restated);
        On(loyalty, Source.Loyalty, Needs.Tier, TierChanged.Parser, _ => true, (columns, row, fact, _) => columns.SetTier(row, fact.To));
        On(loyalty, Source.Loyalty, Needs.Points, PointsEarned.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));
        On(loyalty, Source.Loyalty, Needs.Points, PointsReversed.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));
        On(loyalty, Source.Loyalty, Needs.Points, PointsGranted.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));
        On(loyalty, Source.Loyalty, Needs.Points, PointsRedeemed.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));
        On(loyalty, Source.Loyalty, Needs.Points, PointsRefunded.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));
        On(loyalty, Source.Loyalty, Needs.Points, PointsExpired.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));

        var tagging = new Subscription(new Topic(Topics.Tagging));
        On(tagging, Source.Tagging, Needs.Tags, TagAdded.Parser, _ => true, (columns, row, fact, _) => columns.SetTag(row, fact.Tag, true));
        On(tagging, Source.Tagging, Needs.Tags, TagRemoved.Parser, _ => true, (columns, row, fact, _) => columns.SetTag(row, fact.Tag, false));
        var rows = new Subscription(new Topic(Topics.SegmentationRows, Compacted: true))
            .On(RowState.Parser, (state, context) => engine.Restate(context, state));
        var details = new Subscription(new Topic(Topics.ProfileCustomers, Compacted: true))
            .On(CustomerState.Parser, (state, context) => engine.Await(context, state));
        silent.Add(CustomerState.Descriptor.FullName, (partition, customer, envelope, value) =>
            partition.Await(new(customer, CustomerState.Parser.ParseFrom(value.Span), EventMetadata.None), envelope.Time));
        Subscriptions = [profile, loyalty, tagging, rows, details];
    }

    public IReadOnlyList<Subscription> Subscriptions { get; }

    /// <summary>Applies a fact to a partition that is being rebuilt. Types that do not concern columns change nothing.</summary>
    /// <exception cref="InvalidProtocolBufferException">The value is not of the type that the envelope says.</exception>
    public void Apply(SegmentedPartition partition, Guid customer, Envelope envelope, ReadOnlyMemory<byte> value)
    {
        if (silent.TryGetValue(envelope.Type, out var apply))
            apply(partition, customer, envelope, value);
    }

    private void On<TFact>(
        Subscription subscription, Source source, Needs touched, MessageParser<TFact> parser, Func<TFact, bool> concerns,
        Action<PartitionColumns, int, TFact, DateTimeOffset> change)
        where TFact : IMessage<TFact>, new()
    {
        subscription.On(parser, (fact, context) => concerns(fact)
            ? engine.Handle(context, source, touched, (columns, row) => change(columns, row, fact, context.Envelope.Time))
            : []);
        Silently(source, touched, parser, concerns, change);
    }

    private void Silently<TFact>(
        Source source, Needs touched, MessageParser<TFact> parser, Func<TFact, bool> concerns,
        Action<PartitionColumns, int, TFact, DateTimeOffset> change)
        where TFact : IMessage<TFact>, new() => silent.Add(new TFact().Descriptor.FullName, (partition, customer, envelope, value) =>
        {
            var fact = parser.ParseFrom(value.Span);
            if (concerns(fact))
                partition.Apply(customer, source, envelope.Position, envelope.Time, touched, (columns, row) => change(columns, row, fact, envelope.Time));
        });

    private IEnumerable<Runtime.EventStore.Command> Purchase(PurchaseRecorded fact, FactContext context)
    {
        if (fact.Anonymous)
            return [];
        var time = context.Envelope.Time;
        if (fact.Origin.Length == 0 && !engine.IsLinked(context))
            return engine.Handle(context, Source.Profile, Needs.Purchases, (columns, row) => Purchased(columns, row, fact, time));
        var customer = fact.Origin.Length == 0 ? context.Customer : Guid.ParseExact(fact.Origin, "D");
        return engine.Count(context, customer, engine.PurchasesOf(fact, time));
    }

    private static void Restated(PartitionColumns columns, int row, LedgerRestated fact, DateTimeOffset time)
    {
        columns.SetPoints(row, fact.Balance);
        columns.SetTier(row, fact.Tier);
    }

    private void Purchased(PartitionColumns columns, int row, PurchaseRecorded fact, DateTimeOffset recordedAt) =>
        columns.Add(row, engine.PurchasesOf(fact, recordedAt));
}
