using Google.Protobuf;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Runtime.EventLog;
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
        var profile = new Subscription(new Topic(Topics.Profile)).Ignore<CustomerRegistered>().Ignore<ConsentChanged>()
            .Ignore<OptInRequested>()
            .Ignore<BehaviourRecorded>()
            .Ignore<MergedAway>()
            .Ignore<Absorbed>()
            .Ignore<SplitOff>()
            .Ignore<GaveBack>()
            .Ignore<CustomerErased>();
        On(profile, Source.Profile, PurchaseRecorded.Parser, fact => !fact.Anonymous, Purchased);

        var loyalty = new Subscription(new Topic(Topics.Loyalty)).Ignore<ReturnUnmatched>();
        On(loyalty, Source.Loyalty, TierChanged.Parser, _ => true, (columns, row, fact, _) => columns.SetTier(row, fact.To));
        On(loyalty, Source.Loyalty, PointsEarned.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));
        On(loyalty, Source.Loyalty, PointsReversed.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));
        On(loyalty, Source.Loyalty, PointsExpired.Parser, _ => true, (columns, row, fact, _) => columns.SetPoints(row, fact.Balance));

        var tagging = new Subscription(new Topic(Topics.Tagging));
        On(tagging, Source.Tagging, TagAdded.Parser, _ => true, (columns, row, fact, _) => columns.AddTag(row, fact.Tag));
        On(tagging, Source.Tagging, TagRemoved.Parser, _ => true, (columns, row, fact, _) => columns.RemoveTag(row, fact.Tag));
        Subscriptions = [profile, loyalty, tagging];
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
        Subscription subscription, Source source, MessageParser<TFact> parser, Func<TFact, bool> concerns,
        Action<PartitionColumns, int, TFact, DateTimeOffset> change)
        where TFact : IMessage<TFact>, new()
    {
        subscription.On(parser, (fact, context) => concerns(fact)
            ? engine.Handle(context, source, (columns, row) => change(columns, row, fact, context.Envelope.Time))
            : []);
        silent.Add(new TFact().Descriptor.FullName, (partition, customer, envelope, value) =>
        {
            var fact = parser.ParseFrom(value.Span);
            if (concerns(fact))
                partition.Apply(customer, source, envelope.Position, envelope.Time, (columns, row) => change(columns, row, fact, envelope.Time));
        });
    }

    private static void Purchased(PartitionColumns columns, int row, PurchaseRecorded fact, DateTimeOffset recordedAt)
    {
        var occurredAt = fact.OccurredAt.ToDateTimeOffset();
        if (fact.Lines.Any(line => line.Kind == LineKind.Sale))
            columns.AddPurchase(row, occurredAt, recordedAt);

        // Returned lines have negative amounts; fees and adjustments are not the customer's spending.
        var amount = fact.Lines.Where(line => line.Kind is LineKind.Sale or LineKind.Return).Sum(line => line.AmountMinor);
        if (amount != 0)
            columns.AddSpend(row, amount, occurredAt, recordedAt);
    }
}
