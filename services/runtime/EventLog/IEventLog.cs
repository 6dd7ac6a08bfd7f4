namespace Patron.Runtime.EventLog;

/// <summary>A named sequence of records per partition. A compacted topic keeps the newest record of each key; any other keeps all.</summary>
public sealed record Topic(string Name, bool Compacted = false);

/// <summary>The records to append to one partition of a topic, in order.</summary>
public sealed record PartitionRecords(int Partition, IReadOnlyList<LogRecord> Records);

/// <summary>
/// A run of consecutive records of one partition. <paramref name="NextOffset"/> is where reading goes on after the last of them; on a
/// compacted topic offsets have holes.
/// </summary>
public sealed record LogBatch(Topic Topic, int Partition, IReadOnlyList<ReadRecord> Records, long NextOffset);

/// <summary>A record as read, with its offset in its partition.</summary>
public readonly record struct ReadRecord(long Offset, LogRecord Record);

/// <summary>
/// The event log port. Two adapters pass one contract suite: PostgreSQL (embedded default) and Kafka. Every topic has the same number
/// of partitions, and the writer chooses the partition (see <see cref="CustomerPartition"/>).
/// </summary>
public interface IEventLog : IAsyncDisposable
{
    /// <summary>What OpenTelemetry's conventions call it in <c>messaging.system</c>.</summary>
    string System { get; }

    /// <summary>Partitions of every topic, from 1 to 1,024; fixed when the deployment is created.</summary>
    int Partitions { get; }

    /// <summary>
    /// Creates the topics that are missing and answers the log's incarnation: an id that changes when the log is wiped and offsets start
    /// again. Safe to repeat, and to call from several processes at once.
    /// </summary>
    /// <exception cref="EventLogException">The log cannot be reached, or a topic exists with another number of partitions.</exception>
    Task<Guid> OpenAsync(IReadOnlyCollection<Topic> topics, CancellationToken cancellation);

    /// <summary>
    /// Appends the batches and returns when all are durable. Order is kept within a partition. After a failure a prefix of each batch may
    /// have been appended: the caller sends the same records again and readers skip repeats by position.
    /// </summary>
    /// <exception cref="EventLogException">Not durable; a retry is safe.</exception>
    Task PublishAsync(Topic topic, IReadOnlyList<PartitionRecords> batches, CancellationToken cancellation);

    /// <summary>The offset after the last record, for each partition (index = partition); 0 for an empty one.</summary>
    Task<long[]> EndOffsetsAsync(Topic topic, CancellationToken cancellation);

    /// <summary>
    /// The end offset as far as this instance knows it, at once and without asking the log: never above the real one, and exact where
    /// this instance is the only writer. Null where the topic was not opened by this instance or nothing is known yet: ask
    /// <see cref="EndOffsetsAsync"/>.
    /// </summary>
    long? KnownEnd(Topic topic, int partition);

    /// <summary>
    /// Deletes for good what lies before these offsets (partition to offset) of a topic that is not compacted; offsets of what stays do not change.
    /// Records stored together may be deleted only when all of them are named. A reader below finds its offset lost. Safe to repeat.
    /// </summary>
    /// <exception cref="EventLogException">The log cannot be reached or may not delete; a retry is safe.</exception>
    Task ForgetAsync(Topic topic, IReadOnlyDictionary<int, long> before, CancellationToken cancellation);

    /// <summary>Opens a reader that has no partition assigned. A reader is used by one task at a time.</summary>
    ILogReader OpenReader();
}

/// <summary>Reads explicitly assigned partitions; never joins a group, never commits an offset that decides anything.</summary>
public interface ILogReader : IAsyncDisposable
{
    /// <summary>Starts, or moves, reading of a partition at an offset; records already fetched from elsewhere in it are dropped.</summary>
    void Assign(Topic topic, int partition, long nextOffset);

    /// <summary>Stops reading a partition; nothing of it is returned any more. No error if it was not assigned.</summary>
    void Unassign(Topic topic, int partition);

    /// <summary>
    /// Waits for records of any assigned partition, at most <paramref name="wait"/> of system time, and returns at most
    /// <paramref name="recordsMax"/> of them, grouped by partition; empty when the wait ended first. Reading goes on after what was returned.
    /// </summary>
    /// <exception cref="EventLogException">The log cannot be reached, or an offset no longer exists (it says which); a retry is safe.</exception>
    ValueTask<IReadOnlyList<LogBatch>> ReadAsync(int recordsMax, TimeSpan wait, CancellationToken cancellation);
}

/// <summary>A failure of the event log itself, never of a record's content.</summary>
public sealed class EventLogException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>
    /// The partition whose offset does not exist, or null for any other failure. Reading fails with this until that partition is assigned
    /// elsewhere or unassigned.
    /// </summary>
    public (string Topic, int Partition)? LostOffset { get; init; }

    /// <summary>The first record that the partition still has, as far as the log said so.</summary>
    public long? GoesOnAt { get; init; }
}
