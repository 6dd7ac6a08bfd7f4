using System.Collections.Concurrent;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>
/// The event log on Apache Kafka, through the system's librdkafka. Partitions are chosen by the caller and assigned explicitly; consumer
/// groups are not used. A publish waits without end for an unreachable broker, so that its caller's cancellation is the deadline;
/// records handed over before that may still arrive later.
/// </summary>
public sealed class KafkaEventLog : IEventLog
{
    private readonly KafkaOptions options;
    private readonly KafkaPublisher publisher;
    private readonly KafkaTopics directory;
    private readonly ConcurrentDictionary<string, OpenTopic> topics = new(StringComparer.Ordinal);

    /// <summary>Connects to nothing yet.</summary>
    /// <exception cref="EventLogException">librdkafka is not installed on this machine.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public KafkaEventLog(KafkaOptions options)
    {
        ArgumentException.ThrowIfNullOrEmpty(options.Bootstrap);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Partitions, 1024);
        KafkaLibrary.Ensure();
        this.options = options;
        publisher = new KafkaPublisher(options);
        directory = new KafkaTopics(options);
    }

    /// <inheritdoc/>
    public string System => "kafka";

    /// <inheritdoc/>
    public int Partitions => options.Partitions;

    /// <inheritdoc/>
    public async Task<Guid> OpenAsync(IReadOnlyCollection<Topic> topics, CancellationToken cancellation)
    {
        await directory.EnsureAsync(topics, cancellation);
        var incarnation = await KafkaIncarnation.ReadOrWriteAsync(options, publisher, directory, cancellation);
        foreach (var topic in topics)
            this.topics.GetOrAdd(topic.Name, _ => new OpenTopic(topic, Partitions));
        return incarnation;
    }

    /// <inheritdoc/>
    public Task PublishAsync(Topic topic, IReadOnlyList<PartitionRecords> batches, CancellationToken cancellation)
    {
        foreach (var batch in batches)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(batch.Partition);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch.Partition, Partitions);
        }

        return PublishCheckedAsync(topic, batches, cancellation);
    }

    /// <inheritdoc/>
    public async Task<long[]> EndOffsetsAsync(Topic topic, CancellationToken cancellation)
    {
        var open = Find(topic);
        var ends = await directory.EndOffsetsAsync(topic.Name, Partitions, cancellation);
        for (var partition = 0; partition < ends.Length; partition++)
            open.Saw(partition, ends[partition]);
        return ends;
    }

    /// <inheritdoc/>
    public long? KnownEnd(Topic topic, int partition) =>
        topics.TryGetValue(topic.Name, out var open) && open.End(partition) is >= 0 and var end ? end : null;

    /// <inheritdoc/>
    public Task ForgetAsync(Topic topic, IReadOnlyDictionary<int, long> before, CancellationToken cancellation)
    {
        Find(topic);
        if (topic.Compacted)
            throw new ArgumentException($"Topic {topic.Name} is compacted and forgets by itself.", nameof(topic));
        return directory.ForgetAsync(topic.Name, before, cancellation);
    }

    /// <inheritdoc/>
    public ILogReader OpenReader() => new KafkaLogReader(this, options);

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        publisher.Dispose();
        directory.Dispose();
        return default;
    }

    internal KafkaLogReader OpenReaderOf(Topic topic)
    {
        topics.GetOrAdd(topic.Name, _ => new OpenTopic(topic, Partitions));
        var reader = new KafkaLogReader(this, options);
        reader.Assign(topic, 0, 0);
        return reader;
    }

    internal OpenTopic Find(Topic topic) =>
        topics.TryGetValue(topic.Name, out var open)
            ? open
            : throw new EventLogException($"Topic {topic.Name} has not been opened; name it in OpenAsync first.");

    private async Task PublishCheckedAsync(Topic topic, IReadOnlyList<PartitionRecords> batches, CancellationToken cancellation)
    {
        var open = Find(topic);
        if (!topic.Compacted && batches.Any(batch => batch.Records.Any(record => record.Value is null)))
            throw new ArgumentException($"A record without a value is a tombstone; topic {topic.Name} is not compacted.");
        if (topic.Compacted && batches.Any(batch => batch.Records.Any(record => record.Key is null)))
            throw new ArgumentException($"A record on the compacted topic {topic.Name} needs a key.");
        await publisher.PublishAsync(open, batches, cancellation);
    }
}
