using System.Diagnostics.CodeAnalysis;

namespace Patron.Runtime.EventLog;

/// <summary>
/// What travels around every published fact: CloudEvents 1.0 attributes (Kafka binary mode, <c>ce_</c> headers) and Patron's extension
/// attributes. The encoding is frozen by golden files.
/// </summary>
public sealed record Envelope
{
    /// <summary>The only content type of a fact.</summary>
    public const string ContentType = "application/protobuf";

    private static readonly Dictionary<string, long> NoWatermarks = [];
    private static readonly Dictionary<Guid, long> NoLives = [];

    /// <summary>Unique within <see cref="Source"/>; <c>{partition}-{position}</c> for facts from a store.</summary>
    public required string Id { get; init; }

    /// <summary>URI reference of the producer; <c>/patron/{service}</c> for facts from a store.</summary>
    public required string Source { get; init; }

    /// <summary>The protobuf full name of the value, such as <c>patron.profile.v1.PurchaseRecorded</c>.</summary>
    public required string Type { get; init; }

    /// <summary>Business time of the fact, to the microsecond, UTC; finer digits are cut off by the encoding.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>Which life of the producer's store; changes when the store is restored from a backup.</summary>
    public required Guid StoreEpoch { get; init; }

    /// <summary>The fact's position in its store partition, from 1, gapless over all events of the store.</summary>
    public required long Position { get; init; }

    /// <summary>
    /// Store epochs before <see cref="StoreEpoch"/>, each with the last position of this partition that the store still shares with it;
    /// empty for a store that was never restored.
    /// </summary>
    public IReadOnlyDictionary<Guid, long> FormerLives { get; init; } = NoLives;

    /// <summary>The position of the fact published before this one from the same store partition on the same topic; 0 for the first.</summary>
    public required long Previous { get; init; }

    /// <summary>Topic name to the position of it that the producer had seen of this partition when it decided; empty if it depends on none.</summary>
    public IReadOnlyDictionary<string, long> Watermarks { get; init; } = NoWatermarks;

    /// <summary>The fact comes from a changed rule applied to history; it starts no journey.</summary>
    public bool Backfill { get; init; }

    /// <summary>W3C trace context of the request that caused the fact, or null.</summary>
    public string? TraceParent { get; init; }

    /// <summary>True when the store, in the life that published this fact, knows what it published at a position of an earlier or the same life.</summary>
    public bool Knows(Guid storeEpoch, long position) =>
        storeEpoch == StoreEpoch || (FormerLives.TryGetValue(storeEpoch, out var shared) && position <= shared);

    /// <summary>
    /// True when nothing was lost between the fact that was applied at this position and this one. A reader that went over to another life
    /// of the store stands at the last position that both lives share, which need not be a fact of the topic.
    /// </summary>
    public bool Follows(long position) => Previous == position || (Previous < position && FormerLives.Any(life => life.Value == position));

    /// <summary>
    /// The headers of a record that carries this fact, always in the same order. An invalid <see cref="TraceParent"/> is left out.
    /// </summary>
    /// <exception cref="ArgumentException">An attribute that no reader would accept, such as an empty id or a position below 1.</exception>
    public IReadOnlyList<LogHeader> ToHeaders() => EnvelopeCodec.Write(this);

    /// <summary>
    /// Reads the headers back. Answers false with a reason that names the header when one is missing or malformed; unknown headers are
    /// ignored, of a repeated one the first counts, and an invalid trace context reads as none.
    /// </summary>
    public static bool TryRead(
        IReadOnlyList<LogHeader> headers, [NotNullWhen(true)] out Envelope? envelope, [NotNullWhen(false)] out string? whyNot) =>
        EnvelopeCodec.TryRead(headers, out envelope, out whyNot);
}
