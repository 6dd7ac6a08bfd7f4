using Patron.Runtime.EventLog;

namespace Patron.Runtime.Processing;

/// <summary>The first record of another life of a producer's store, at which a partition stopped.</summary>
/// <param name="Place">What is applied, of the former life.</param>
/// <param name="Offset">Where the record stands.</param>
internal sealed record ForeignLife(Topic Topic, int Partition, TopicPlace Place, long Offset, Envelope First)
{
    /// <summary>The last position that the store, as it is now, shares with what is applied here.</summary>
    public long Shared => Place.StoreEpoch is { } former ? First.FormerLives.GetValueOrDefault(former) : 0;

    public string Reason =>
        $"{Topic.Name}[{Partition}]@{Offset} comes from store epoch {First.StoreEpoch} and {Place.StoreEpoch} was read before: the store of {First.Source} "
        + $"was restored from a backup and knows nothing above position {Shared}, but {Place.Position} is applied here. See which facts are unknown, then "
        + "restore it to a later point (reading goes on by itself) or accept that life.";
}

/// <summary>What is known in one partition of producers' stores that were restored. Used by the consumer's loop only.</summary>
internal sealed class RestoredStores
{
    private readonly Dictionary<(string Topic, Guid Epoch), long> accepted = [];
    private readonly HashSet<(string Topic, Guid Epoch)> abandoned = [];
    private readonly Dictionary<string, long> reached = [];

    /// <summary>Where the partition stopped, or null.</summary>
    public ForeignLife? StoppedAt { get; set; }

    /// <summary>An operator accepted the life: reading goes on above what it shares with the former one.</summary>
    public void Accept(string topic, Guid epoch, long shared, long reachedBefore)
    {
        accepted[(topic, epoch)] = shared;
        reached[topic] = Math.Max(reachedBefore, reached.GetValueOrDefault(topic));
    }

    /// <summary>The store was restored once more since, to a point that does not know this life: its records are skipped.</summary>
    public void Abandon(string topic, Guid epoch) => abandoned.Add((topic, epoch));

    /// <summary>A former life's positions are no promise for this one: what had been reached there counts as seen.</summary>
    public bool HasReached(string topic, long position) => position <= reached.GetValueOrDefault(topic);

    /// <summary>The place from which a record of another life is judged, or null when it must not be applied.</summary>
    public TopicPlace? Enter(Topic topic, int partition, TopicPlace place, long offset, Envelope envelope, out bool skip)
    {
        skip = abandoned.Contains((topic.Name, envelope.StoreEpoch));
        if (skip)
            return null;
        if (place.StoreEpoch is { } former && envelope.Knows(former, place.Position))
            return place with { StoreEpoch = envelope.StoreEpoch };
        if (accepted.TryGetValue((topic.Name, envelope.StoreEpoch), out var shared))
            return place with { StoreEpoch = envelope.StoreEpoch, Position = shared };
        StoppedAt = new ForeignLife(topic, partition, place, offset, envelope);
        return null;
    }
}
