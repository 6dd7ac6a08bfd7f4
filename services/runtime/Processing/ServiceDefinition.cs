using Google.Protobuf;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Projections;

namespace Patron.Runtime.Processing;

/// <summary>Everything that the runtime needs to know of a service: its events, streams, views, topics, timers and own tables.</summary>
public sealed class ServiceDefinition
{
    /// <summary>Lower case, such as <c>loyalty</c>: the schema's name and the <c>source</c> of published facts.</summary>
    public required string Name { get; init; }

    public required EventTypes Events { get; init; }

    /// <summary>Every kind of stream; their names are kept beside the state.</summary>
    public required IReadOnlyList<StreamKind> Streams { get; init; }

    public IReadOnlyList<IInlineView> Views { get; init; } = [];

    /// <summary>Views that follow the store or the log and can be rebuilt beside themselves; their names differ.</summary>
    public IReadOnlyList<Projection> Projections { get; init; } = [];

    public IReadOnlyList<Subscription> Subscriptions { get; init; } = [];

    /// <summary>Where public facts and current state go: at most one record per event and topic. Null from a mapping: the event stays private.</summary>
    public IReadOnlyList<Publication> Publications { get; init; } = [];

    /// <summary>The timers that an event sets or cancels on its stream.</summary>
    public Func<RecordedEvent, IEnumerable<TimerChange>>? Timers { get; init; }

    /// <summary>What a due timer leads to. Pure, like <see cref="Subscription.On"/>.</summary>
    public Func<DueTimer, IEnumerable<Command>>? OnDue { get; init; }

    /// <summary>What becomes of streams when customers are merged and split; needed by subscriptions that <see cref="Subscription.Follow"/> links.</summary>
    public HandoverRules Handovers { get; init; } = HandoverRules.Nothing;

    /// <summary>The service's own tables with rows of customers.</summary>
    public IReadOnlyList<CustomerTable> CustomerTables { get; init; } = [];

    /// <summary>Where the service's events hold something under the customer's seal, for exports.</summary>
    public IReadOnlyList<SealedPlace> SealedPlaces { get; init; } = [];

    /// <summary>Called after an erasure is committed here, to forget what is held in memory. It may come again for the same customer.</summary>
    public Action<Guid>? OnErased { get; init; }

    /// <summary>True when the service follows erasures.</summary>
    public bool HearsOfErasures => Subscriptions.Any(s => s.Erasure is not null);

    internal ErasedCustomers Erased => field ??= new ErasedCustomers(CustomerTables);

    /// <summary>SQL scripts of the service's own tables in order, applied once each, after the store's. Names are kept.</summary>
    public IReadOnlyList<Migration> Migrations { get; init; } = [];

    /// <summary>
    /// Called for a partition after it is owned and before its records are delivered, with the offset from which each topic will go on:
    /// the place to rebuild in-memory state. Also called when a failed transaction makes in-memory state doubtful.
    /// </summary>
    public Func<AcquiredPartition, CancellationToken, Task>? OnAcquired { get; init; }

    /// <summary>
    /// Called for owned partitions of which nothing is under way, and once more before one is given up: the moment to copy in-memory state.
    /// Whatever else the service reads waits for it, so it has to be quick.
    /// </summary>
    public Func<RestingPartition, CancellationToken, Task>? OnRest { get; init; }
}

/// <summary>A partition that this instance now owns. <paramref name="NextOffsets"/>: topic name to the first record not yet applied.</summary>
public sealed record AcquiredPartition(int Partition, IReadOnlyDictionary<string, long> NextOffsets)
{
    /// <summary>Offsets of another life of the log mean other records.</summary>
    public Guid LogIncarnation { get; init; }

    /// <summary>Topic name to the life of the producer's store that the records before the offset are of; null before the first.</summary>
    public IReadOnlyDictionary<string, Guid?> StoreEpochs { get; init; } = new Dictionary<string, Guid?>();

    internal static AcquiredPartition Of(OwnedPartition partition, Guid incarnation) =>
        new(partition.Number, partition.Places.ToDictionary(place => place.Key, place => place.Value.NextOffset))
        {
            LogIncarnation = incarnation,
            StoreEpochs = partition.Places.ToDictionary(place => place.Key, place => place.Value.StoreEpoch),
        };
}

/// <summary>
/// A partition of which nothing is under way: what handlers keep in memory is what was applied up to <see cref="Place"/>, or of a parked
/// customer less.
/// </summary>
public readonly struct RestingPartition
{
    private readonly OwnedPartition partition;
    private readonly Guid incarnation;

    internal RestingPartition(OwnedPartition partition, Guid incarnation, bool isLeaving) =>
        (this.partition, this.incarnation, IsLeaving) = (partition, incarnation, isLeaving);

    public int Number => partition.Number;

    /// <summary>It is given up afterwards.</summary>
    public bool IsLeaving { get; }

    /// <summary>Records of some customers wait for an operator, though the places are beyond them.</summary>
    public bool HasParked => partition.ParkedCustomers > 0;

    public AcquiredPartition Place => AcquiredPartition.Of(partition, incarnation);
}

/// <summary>Maps own events to the contract of one topic, exhaustively and by hand.</summary>
public sealed record Publication(Topic Topic, Func<RecordedEvent, IMessage?> Map)
{
    /// <summary>On a compacted topic: the event ends the customer's record. What it maps to gives only the type; a tombstone has no value.</summary>
    public Func<RecordedEvent, bool>? Ends { get; init; }
}
