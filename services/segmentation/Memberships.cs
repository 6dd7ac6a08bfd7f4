using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>A customer's evaluation found them in a segment that they were not in.</summary>
/// <param name="Reason">The facts that decided, with numbers, without personal data.</param>
/// <param name="EvaluatedAt">Business time of the evaluation.</param>
[EventName("segmentation.segment-entered.v1")]
internal sealed record SegmentEntered(string Segment, string Reason, DateTimeOffset EvaluatedAt) : DomainEvent;

/// <summary>A customer's evaluation no longer found them in a segment.</summary>
[EventName("segmentation.segment-left.v1")]
internal sealed record SegmentLeft(string Segment, string Reason, DateTimeOffset EvaluatedAt) : DomainEvent;

/// <summary>The daily scans of a partition begin: its first customer has come.</summary>
[EventName("segmentation.scans-scheduled.v1")]
internal sealed record ScansScheduled(DateTimeOffset NextAt) : DomainEvent;

/// <summary>Every customer of the partition has been evaluated because a day has passed.</summary>
/// <param name="Customers">How many were evaluated; <paramref name="Changed"/> of them differ from their memberships.</param>
[EventName("segmentation.scanned.v1")]
internal sealed record Scanned(DateTimeOffset EvaluatedAt, DateTimeOffset NextAt, int Customers, int Changed) : DomainEvent;

internal sealed record HeldSegment(string Segment, DateTimeOffset Since);

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
    public static readonly EventTypes Events = new(
        SegmentationJson.Default, typeof(SegmentEntered), typeof(SegmentLeft), typeof(ScansScheduled), typeof(Scanned),
        typeof(RowChanged));

    public bool Has(string segment) => Held.Any(held => held.Segment == segment);

    public static Memberships Evolve(Memberships state, DomainEvent happened) => happened switch
    {
        SegmentEntered entered => state with
        {
            Held = [.. state.Without(entered.Segment), new HeldSegment(entered.Segment, entered.EvaluatedAt)],
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
