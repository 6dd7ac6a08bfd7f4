using Confluent.Kafka;
using Confluent.Kafka.Admin;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>Creates and checks topics, and asks for end offsets.</summary>
internal sealed class KafkaTopics(KafkaOptions options) : IDisposable
{
    /// <summary>Holds the log's incarnation in its first record; it is wiped with the log.</summary>
    public const string IncarnationTopic = "patron.incarnation";

    private static readonly TimeSpan AskAgainDelay = TimeSpan.FromMilliseconds(50);
    private static readonly TimeProvider Clock = TimeProvider.System;

    // Asking for the timestamp −1 answers the end, and is one request per broker instead of one per partition.
    private static readonly Timestamp End = new(-1, TimestampType.CreateTime);

    private readonly Lazy<IAdminClient> admin = new(() => new AdminClientBuilder(KafkaClients.Admin(options)).SetLogHandler((_, _) => { }).Build());
    private readonly Lazy<IConsumer<string?, byte[]?>> asking = new(() => KafkaClients.OpenConsumer(options, _ => { }));

    public async Task EnsureAsync(IReadOnlyCollection<Topic> wanted, CancellationToken cancellation)
    {
        try
        {
            var incarnation = options.NameOf(IncarnationTopic);
            var existing = await PartitionCountsAsync(cancellation);
            var missing = wanted.Where(topic => !existing.ContainsKey(options.NameOf(topic.Name)))
                .Select(topic => Specification(options.NameOf(topic.Name), options.Partitions, topic.Compacted)).ToList();
            if (!existing.ContainsKey(incarnation))
                missing.Add(Specification(incarnation, 1, compacted: false));
            if (missing.Count > 0)
            {
                await CreateAsync(missing, cancellation);
                existing = await UntilVisibleAsync([.. wanted.Select(topic => options.NameOf(topic.Name)), incarnation], cancellation);
            }

            foreach (var topic in wanted)
                Check(topic, existing[options.NameOf(topic.Name)]);
        }
        catch (KafkaException failure)
        {
            throw new EventLogException($"Kafka at {options.Bootstrap} could not be opened: {failure.Error.Reason}", failure);
        }
    }

    public async Task<long[]> EndOffsetsAsync(string topic, int partitions, CancellationToken cancellation)
    {
        try
        {
            var begun = Clock.GetTimestamp();
            var question = Enumerable.Range(0, partitions).Select(partition => new TopicPartitionTimestamp(options.NameOf(topic), partition, End)).ToList();
            while (true)
            {
                try
                {
                    var answers = await OnThreadAsync(() => asking.Value.OffsetsForTimes(question, options.RequestTimeout), cancellation);
                    return [.. answers.OrderBy(answer => answer.Partition.Value).Select(answer => Math.Max(0, answer.Offset.Value))];
                }
                catch (KafkaException passing) when (IsPassing(passing.Error.Code) && Clock.GetElapsedTime(begun) < options.RequestTimeout)
                {
                    await Task.Delay(AskAgainDelay, cancellation);
                }
            }
        }
        catch (KafkaException failure)
        {
            throw new EventLogException($"Kafka did not tell the end offsets of {topic}: {failure.Error.Reason}", failure);
        }
    }

    public async Task ForgetAsync(string topic, IReadOnlyDictionary<int, long> before, CancellationToken cancellation)
    {
        try
        {
            var records = before.Where(b => b.Value > 0).Select(b => new TopicPartitionOffset(options.NameOf(topic), b.Key, b.Value)).ToList();
            var timeouts = new DeleteRecordsOptions { RequestTimeout = options.RequestTimeout, OperationTimeout = options.RequestTimeout };
            if (records.Count > 0)
                await admin.Value.DeleteRecordsAsync(records, timeouts).WaitAsync(cancellation);
        }
        catch (KafkaException failure)
        {
            throw new EventLogException($"Kafka did not delete records of {topic}: {failure.Error.Reason}", failure);
        }
    }

    public void Dispose()
    {
        if (admin.IsValueCreated)
            admin.Value.Dispose();
        if (asking.IsValueCreated)
            asking.Value.Dispose();
    }

    // What brokers answer while a topic or its leader is new to them.
    private static bool IsPassing(ErrorCode code) =>
        code is ErrorCode.NotLeaderForPartition or ErrorCode.LeaderNotAvailable or ErrorCode.UnknownTopicOrPart or ErrorCode.Local_UnknownTopic
            or ErrorCode.Local_UnknownPartition;

    private TopicSpecification Specification(string name, int partitions, bool compacted) => new()
    {
        Name = name,
        NumPartitions = partitions,
        ReplicationFactor = options.ReplicationFactor,
        Configs = compacted
            ? new() { ["cleanup.policy"] = "compact" }
            : new() { ["cleanup.policy"] = "delete", ["retention.ms"] = "-1", ["retention.bytes"] = "-1" },
    };

    private async Task CreateAsync(List<TopicSpecification> missing, CancellationToken cancellation)
    {
        try
        {
            var timeouts = new CreateTopicsOptions { RequestTimeout = options.RequestTimeout, OperationTimeout = options.RequestTimeout };
            await admin.Value.CreateTopicsAsync(missing, timeouts).WaitAsync(cancellation);
        }
        catch (CreateTopicsException failure)
        {
            // Another process may have been quicker.
            if (failure.Results.FirstOrDefault(result => result.Error.IsError && result.Error.Code != ErrorCode.TopicAlreadyExists) is { } refused)
                throw new EventLogException($"Kafka did not create topic {refused.Topic}: {refused.Error.Reason}", failure);
        }
    }

    private async Task<Dictionary<string, int>> UntilVisibleAsync(string[] names, CancellationToken cancellation)
    {
        var begun = Clock.GetTimestamp();
        while (true)
        {
            var counts = await PartitionCountsAsync(cancellation);
            if (Array.TrueForAll(names, counts.ContainsKey))
                return counts;
            if (Clock.GetElapsedTime(begun) > options.RequestTimeout)
                throw new EventLogException(
                    $"Topic {names.First(name => !counts.ContainsKey(name))} was created but is not known to the brokers yet; try again.");
            await Task.Delay(AskAgainDelay, cancellation);
        }
    }

    private async Task<Dictionary<string, int>> PartitionCountsAsync(CancellationToken cancellation)
    {
        var metadata = await OnThreadAsync(() => admin.Value.GetMetadata(options.RequestTimeout), cancellation);
        return metadata.Topics
            .Where(topic => topic.Partitions.Count > 0 && topic.Partitions.TrueForAll(partition => partition.Leader >= 0))
            .ToDictionary(topic => topic.Topic, topic => topic.Partitions.Count, StringComparer.Ordinal);
    }

    private void Check(Topic topic, int partitions)
    {
        if (partitions == options.Partitions)
            return;
        throw new EventLogException(
            $"Topic {topic.Name} has {partitions} partitions, but {options.Partitions} are configured. The number is fixed when a deployment is "
            + $"created: configure {partitions}, or delete Patron's topics together with the stores.");
    }

    // These calls of the client block, so they get a thread of their own.
    private static Task<T> OnThreadAsync<T>(Func<T> call, CancellationToken cancellation) =>
        Task.Factory.StartNew(call, cancellation, TaskCreationOptions.LongRunning, TaskScheduler.Default).WaitAsync(cancellation);
}
