using Google.Protobuf;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;
using Channels = Patron.Contracts.Channels.V1;
using Facts = Patron.Contracts.Profile.V1;
using Journeys = Patron.Contracts.Journey.V1;
using Loyalty = Patron.Contracts.Loyalty.V1;
using Segments = Patron.Contracts.Segmentation.V1;
using Tags = Patron.Contracts.Tagging.V1;

namespace Patron.Profile;

/// <summary>
/// Where a line of a customer's story stands in the order of all: by when it happened, then by its place in the log. The same for ever, so
/// that a page goes on where the last one ended.
/// </summary>
/// <param name="Source">0 for profile's own store, otherwise the place of the topic in <see cref="ViewedFacts.Topics"/>, from 1.</param>
/// <param name="Partition">Of the record's key.</param>
internal readonly record struct StoryPlace(DateTimeOffset Happened, int Source, int Partition, long Position);

/// <summary>A fact as the view keeps it.</summary>
/// <param name="Customer">Whom it tells of: the customer whose own identifier was used, where the fact says so.</param>
/// <param name="Time">Business time at which its producer decided.</param>
/// <param name="Code">What the kind of fact is stored as.</param>
/// <param name="Data">The fact as it was published, without what the catalogue said.</param>
internal sealed record ViewedFact(Guid Customer, StoryPlace Place, DateTimeOffset Time, short Code, IMessage Fact, byte[] Data);

/// <summary>The public facts that the view of a customer is made of. A fact that is neither listed nor ignored by name stops the view.</summary>
internal static class ViewedFacts
{
    // Codes are stored: never used for another type.
    private static readonly (short Code, MessageParser Parser, string Type)[] Kinds =
    [
        Kind(1, Facts.PurchaseRecorded.Parser), Kind(2, Facts.BehaviourRecorded.Parser), Kind(3, Facts.MergedAway.Parser),
        Kind(4, Facts.Absorbed.Parser), Kind(5, Facts.SplitOff.Parser), Kind(6, Facts.GaveBack.Parser), Kind(7, Facts.CustomerErased.Parser),
        Kind(20, Loyalty.PointsEarned.Parser), Kind(21, Loyalty.PointsReversed.Parser), Kind(22, Loyalty.PointsExpired.Parser),
        Kind(23, Loyalty.ReturnUnmatched.Parser), Kind(24, Loyalty.TierChanged.Parser), Kind(25, Loyalty.LedgerRestated.Parser),
        Kind(26, Loyalty.CouponIssued.Parser), Kind(27, Loyalty.CouponViewed.Parser), Kind(28, Loyalty.CouponRedeemed.Parser),
        Kind(29, Loyalty.CouponExpired.Parser), Kind(30, Loyalty.CouponVoided.Parser), Kind(31, Loyalty.WalletRestated.Parser),
        Kind(32, Loyalty.PointsGranted.Parser), Kind(33, Loyalty.PointsRedeemed.Parser), Kind(34, Loyalty.PointsRefunded.Parser),
        Kind(35, Loyalty.PointsExpiring.Parser),
        Kind(40, Tags.TagAdded.Parser), Kind(41, Tags.TagRemoved.Parser),
        Kind(60, Segments.SegmentEntered.Parser), Kind(61, Segments.SegmentLeft.Parser),
        Kind(80, Journeys.JourneyEntered.Parser), Kind(81, Journeys.StepTaken.Parser), Kind(82, Journeys.SendRequested.Parser),
        Kind(83, Journeys.JourneyLeft.Parser),
        Kind(100, Channels.MessageSent.Parser), Kind(101, Channels.MessageSuppressed.Parser), Kind(102, Channels.MessageFailed.Parser),
        Kind(103, Channels.MessageUncertain.Parser),
    ];

    // Profile's own store tells these better, with the wording and the touchpoint.
    private static readonly HashSet<string> Ignored =
    [
        Facts.CustomerRegistered.Descriptor.FullName, Facts.ConsentChanged.Descriptor.FullName, Facts.OptInRequested.Descriptor.FullName,
        Facts.BirthdayReached.Descriptor.FullName,
    ];

    private static readonly Dictionary<string, (short Code, MessageParser Parser)> ByType = Kinds.ToDictionary(k => k.Type, k => (k.Code, k.Parser));
    private static readonly Dictionary<short, MessageParser> ByCode = Kinds.ToDictionary(k => k.Code, k => k.Parser);

    /// <summary>In the order of their numbers, which are stored, from 1.</summary>
    public static IReadOnlyList<Topic> Topics { get; } =
    [
        new(Contracts.Topics.Profile), new(Contracts.Topics.Loyalty), new(Contracts.Topics.Tagging), new(Contracts.Topics.Segmentation),
        new(Contracts.Topics.Journey), new(Contracts.Topics.Email), new(Contracts.Topics.Sms), new(Contracts.Topics.WeChat),
    ];

    private static readonly Dictionary<string, int> Sources = Topics.Index().ToDictionary(t => t.Item.Name, t => t.Index + 1);

    /// <summary>The context whose topic this is, such as <c>loyalty</c>.</summary>
    public static string ContextOf(int source) => source == 0 ? Module.Name : Topics[source - 1].Name["patron.".Length..];

    /// <summary>False for a fact that would stop the view.</summary>
    public static bool IsKnown(string type) => Ignored.Contains(type) || ByType.ContainsKey(type);

    /// <summary>False for what is left to profile's own store.</summary>
    public static bool IsKept(IMessage fact) => ByType.ContainsKey(fact.Descriptor.FullName);

    /// <summary>The fact as it was consumed; null for one that tells of nobody or that the view leaves to profile's own store.</summary>
    /// <exception cref="UnknownFactException">The producer is newer than this build.</exception>
    public static ViewedFact? Of(ConsumedFact consumed)
    {
        var (context, value) = consumed;
        var type = context.Envelope.Type;
        if (Ignored.Contains(type))
            return null;
        if (!ByType.TryGetValue(type, out var kind))
            throw new UnknownFactException(type, context.Topic);
        var fact = kind.Parser.ParseFrom(value!.Value.Span);
        if (fact is Facts.PurchaseRecorded { Anonymous: true })
            return null;
        var place = new StoryPlace(
            HappenedAt(fact) ?? context.Envelope.Time, Sources[context.Topic], context.Partition, context.Envelope.Position);
        return new ViewedFact(OriginOf(fact) ?? context.Customer, place, context.Envelope.Time, kind.Code, fact, KeptOf(fact) ?? value.Value.ToArray());
    }

    /// <summary>A kept fact.</summary>
    public static ViewedFact Of(Guid customer, StoryPlace place, DateTimeOffset time, short code, byte[] data) =>
        new(customer, place, time, code, ByCode[code].ParseFrom(data), data);

    /// <summary>A fact of this kind as it would be kept.</summary>
    internal static ViewedFact Of(Guid customer, StoryPlace place, DateTimeOffset time, IMessage fact) =>
        new(customer, place, time, ByType[fact.Descriptor.FullName].Code, fact, fact.ToByteArray());

    /// <summary>What the catalogue said of products is told by no line of the story, and can be most of a fact.</summary>
    private static byte[]? KeptOf(IMessage fact)
    {
        var products = (fact as Facts.PurchaseRecorded)?.Products ?? (fact as Facts.BehaviourRecorded)?.Products;
        if (products is not { Count: > 0 })
            return null;
        products.Clear();
        return fact.ToByteArray();
    }

    private static Guid? OriginOf(IMessage fact) => fact switch
    {
        Facts.PurchaseRecorded { Origin.Length: > 0 } purchase => Guid.Parse(purchase.Origin),
        Facts.BehaviourRecorded { Origin.Length: > 0 } behaviour => Guid.Parse(behaviour.Origin),
        _ => null,
    };

    private static DateTimeOffset? HappenedAt(IMessage fact) => fact switch
    {
        Facts.PurchaseRecorded purchase => purchase.OccurredAt?.ToDateTimeOffset(),
        Facts.BehaviourRecorded behaviour => behaviour.OccurredAt?.ToDateTimeOffset(),
        _ => null,
    };

    private static (short Code, MessageParser Parser, string Type) Kind<TFact>(short code, MessageParser<TFact> parser)
        where TFact : IMessage<TFact>, new() => (code, parser, new TFact().Descriptor.FullName);
}
