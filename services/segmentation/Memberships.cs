using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>A customer's evaluation found them in a segment that they were not in.</summary>
/// <param name="Reason">The facts that decided, with numbers, without personal data.</param>
/// <param name="EvaluatedAt">Business time of the evaluation.</param>
[EventName("segmentation.segment-entered.v2")]
internal sealed record SegmentEntered(string Segment, string Reason, DateTimeOffset EvaluatedAt) : DomainEvent
{
    /// <summary>The tag that the segment gives; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tag { get; init; }

    /// <summary>Of the segment's definition.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Revision { get; init; }
}

/// <summary>A customer's evaluation no longer found them in a segment.</summary>
[EventName("segmentation.segment-left.v2")]
internal sealed record SegmentLeft(string Segment, string Reason, DateTimeOffset EvaluatedAt) : DomainEvent
{
    /// <inheritdoc cref="SegmentEntered.Tag"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Tag { get; init; }

    /// <inheritdoc cref="SegmentEntered.Revision"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Revision { get; init; }
}

/// <summary>The daily scans of a partition begin: its first customer has come.</summary>
[EventName("segmentation.scans-scheduled.v1")]
internal sealed record ScansScheduled(DateTimeOffset NextAt) : DomainEvent;

/// <summary>Every customer of the partition has been evaluated because a day has passed.</summary>
/// <param name="Customers">How many were evaluated; <paramref name="Changed"/> of them differ from their memberships.</param>
[EventName("segmentation.scanned.v1")]
internal sealed record Scanned(DateTimeOffset EvaluatedAt, DateTimeOffset NextAt, int Customers, int Changed) : DomainEvent;

/// <param name="Tag">That they were given by it; null for none.</param>
/// <param name="Revision">Of the definition by which they came in.</param>
internal sealed record HeldSegment(
    string Segment, DateTimeOffset Since,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] string? Tag = null,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)] long Revision = 0)
{
    public SegmentLeft Left(string reason, DateTimeOffset at) => new(Segment, reason, at) { Tag = Tag, Revision = Revision };
}

/// <summary>The segments that a customer is in; the stream is the customer's id.</summary>
internal sealed record Memberships(IReadOnlyList<HeldSegment> Held)
{
    public static readonly Memberships None = new([]);

    /// <summary>Of a customer who was ever linked with another: what they bought, by origin. Of all others the columns have it.</summary>
    public IReadOnlyList<OriginPurchases> Counted { get; init; } = [];

    /// <inheritdoc cref="RowChanged"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool OwnTaken { get; init; }

    /// <inheritdoc cref="RowChanged"/>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Away { get; init; }

    public static readonly StreamKind<Memberships> Kind = new("memberships", None, Evolve, SegmentationJson.Default.Memberships, shape: 3);

    /// <summary>Of all streams of the service.</summary>
    public static readonly EventTypes Events = new EventTypes(
            SegmentationJson.Default, typeof(SegmentEntered), typeof(SegmentLeft), typeof(ScansScheduled), typeof(Scanned), typeof(RowChanged))
        .Upcast("segmentation.segment-entered.v1", "segmentation.segment-entered.v2", entered => entered)
        .Upcast("segmentation.segment-left.v1", "segmentation.segment-left.v2", left => left);

    public bool Has(string segment) => Held.Any(held => held.Segment == segment);

    public static Memberships Evolve(Memberships state, DomainEvent happened) => happened switch
    {
        SegmentEntered entered => state with
        {
            Held = [.. state.Without(entered.Segment), new HeldSegment(entered.Segment, entered.EvaluatedAt, entered.Tag, entered.Revision)],
        },
        SegmentLeft left => state with { Held = [.. state.Without(left.Segment)] },
        RowChanged changed => state with { Counted = changed.Counted, OwnTaken = changed.OwnTaken, Away = changed.Away },
        _ => throw new UnreachableException($"Memberships do not know the event {happened.GetType().Name}."),
    };

    private IEnumerable<HeldSegment> Without(string segment) => Held.Where(held => held.Segment != segment);
}

/// <summary>The scans of one partition.</summary>
internal sealed record Scans(DateTimeOffset? EvaluatedAt, DateTimeOffset? NextAt)
{
    public static readonly Scans None = new(null, null);

    public static readonly StreamKind<Scans> Kind = new("scans", None, Evolve, SegmentationJson.Default.Scans);

    public static Scans Evolve(Scans state, DomainEvent happened) => happened switch
    {
        ScansScheduled scheduled => state with { NextAt = scheduled.NextAt },
        Scanned scanned => new(scanned.EvaluatedAt, scanned.NextAt),
        _ => throw new UnreachableException($"Scans do not know the event {happened.GetType().Name}."),
    };
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(SegmentEntered))]
[JsonSerializable(typeof(SegmentLeft))]
[JsonSerializable(typeof(ScansScheduled))]
[JsonSerializable(typeof(Scanned))]
[JsonSerializable(typeof(RowChanged))]
[JsonSerializable(typeof(Memberships))]
[JsonSerializable(typeof(Scans))]
[JsonSerializable(typeof(SegmentDefinition))]
[JsonSerializable(typeof(IReadOnlyList<SegmentAnswer>))]
[JsonSerializable(typeof(CustomerAnswer))]
[JsonSerializable(typeof(PreviewAnswer))]
[JsonSerializable(typeof(Clause))]
[JsonSerializable(typeof(SegmentPut))]
internal sealed partial class SegmentationJson : JsonSerializerContext;
