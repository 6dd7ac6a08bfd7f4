using System.Text.Json.Serialization;
using Patron.Runtime.Processing;

namespace Patron.Segmentation.Snapshots;

/// <summary>How far a snapshot goes in one topic, and which life of the producer's store told it; null before its first fact.</summary>
internal sealed record SnapshotTopic(long NextOffset, Guid? StoreEpoch);

/// <summary>Whose columns a snapshot has, and up to where.</summary>
/// <param name="StoreEpoch">Of this service's store, which is one deployment's.</param>
/// <param name="Zone">By which facts became days.</param>
internal sealed record SnapshotPlace(
    Guid StoreEpoch, Guid LogIncarnation, int Partition, int Partitions, string Zone, IReadOnlyDictionary<string, SnapshotTopic> Topics)
{
    public static SnapshotPlace Of(AcquiredPartition applied, Guid storeEpoch, int partitions, string zone) => new(
        storeEpoch, applied.LogIncarnation, applied.Partition, partitions, zone,
        applied.NextOffsets.ToDictionary(
            topic => topic.Key, topic => new SnapshotTopic(topic.Value, applied.StoreEpochs.GetValueOrDefault(topic.Key))));

    public IReadOnlyDictionary<string, long> NextOffsets => Topics.ToDictionary(topic => topic.Key, topic => topic.Value.NextOffset);

    /// <summary>Why columns up to here are none to go on from, or null.</summary>
    /// <param name="now">What is applied by now.</param>
    public string? WhyNot(SnapshotPlace now)
    {
        if (StoreEpoch != now.StoreEpoch)
            return "belongs to another life of the store, or to another deployment";
        if (LogIncarnation != now.LogIncarnation)
            return "belongs to a log that was wiped since";
        if ((Partition, Partitions) != (now.Partition, now.Partitions))
            return "is of another partition";
        if (Zone != now.Zone)
            return $"has days of the zone {Zone}";
        if (Topics.FirstOrDefault(topic => IsRestored(topic.Value, now.Topics.GetValueOrDefault(topic.Key))) is { Key: { } restored })
            return $"has facts of {restored} from before its store was restored";
        return Topics.Keys.ToHashSet().SetEquals(now.Topics.Keys) ? null : "is of a version that read other topics";
    }

    // Facts that left nothing to write may be in a snapshot before the store has heard of the first of them.
    private static bool IsRestored(SnapshotTopic found, SnapshotTopic? now) => found.StoreEpoch is { } epoch && now?.StoreEpoch is { } other && epoch != other;
}

[JsonSerializable(typeof(SnapshotPlace))]
internal sealed partial class SnapshotJson : JsonSerializerContext;
