using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Confluent.Kafka;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>A consumer with assigned partitions. What is at hand is taken at once; waiting happens on a thread of its own.</summary>
internal sealed partial class KafkaLogReader : ILogReader
{
    private static readonly TimeSpan WaitSlice = TimeSpan.FromMilliseconds(100);
    private static readonly TimeProvider Clock = TimeProvider.System;

    private readonly KafkaEventLog log;
    private readonly KafkaOptions options;
    private readonly IConsumer<string?, byte[]?> consumer;

    // Partitions come and go while the next records are read.
    private readonly Lock assigning = new();
    private readonly ConcurrentDictionary<(string Topic, int Partition), Assignment> assignments = [];
    private readonly List<TopicPartition> toUnassign = [];
    private readonly List<string> headerNames = [];
    private string lastNamed = "";
    private string lastTopic = "";
    private Error? unreachable;

    public KafkaLogReader(KafkaEventLog log, KafkaOptions options)
    {
        (this.log, this.options) = (log, options);
        consumer = KafkaClients.OpenConsumer(options, error =>
        {
            if (error.Code == ErrorCode.Local_AllBrokersDown || error.IsFatal)
                unreachable = error;
        });
    }

    public void Assign(Topic topic, int partition, long nextOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nextOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(partition, log.Partitions);
        var open = log.Find(topic);
        lock (assigning)
        {
            Unassign(topic, partition);
            assignments[(topic.Name, partition)] = new Assignment(open) { Next = nextOffset };
        }
    }

    public void Unassign(Topic topic, int partition)
    {
        lock (assigning)
        {
            if (assignments.TryRemove((topic.Name, partition), out var assignment) && assignment.Applied)
                toUnassign.Add(Named(topic.Name, partition));
        }
    }

    public async ValueTask<IReadOnlyList<LogBatch>> ReadAsync(int recordsMax, TimeSpan wait, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(recordsMax, 1);
        cancellation.ThrowIfCancellationRequested();
        try
        {
            var records = new Dictionary<Assignment, List<ReadRecord>>();
            var count = await TakeAheadAsync(recordsMax, records);
            Apply();
            if (count > 0)
            {
                ReadAhead(recordsMax);
                return [.. records.Select(pair => pair.Key.Batch(pair.Value))];
            }

            var first = Next(TimeSpan.Zero);
            if (first is null && wait > TimeSpan.Zero)
                first = await WaitAsync(wait, cancellation);
            if (first is null && unreachable is { } error)
            {
                unreachable = null;
                throw new EventLogException($"Kafka could not be read: {error.Reason}");
            }

            for (var next = first; next is not null; next = ++count < recordsMax ? Next(TimeSpan.Zero) : null)
                Take(OriginOf(next), Read(next), records);
            if (count == recordsMax)
                ReadAhead(recordsMax);
            return [.. records.Select(pair => pair.Key.Batch(pair.Value))];
        }
        catch (ConsumeException failure)
        {
            throw Failure(failure);
        }
        catch (KafkaException failure)
        {
            throw new EventLogException($"Kafka could not be read: {failure.Error.Reason}", failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await reading;
        consumer.Dispose();
    }

    private void Apply()
    {
        lock (assigning)
            ApplyAssignments();
    }

    private void ApplyAssignments()
    {
        if (toUnassign.Count > 0)
            consumer.IncrementalUnassign(toUnassign);
        toUnassign.Clear();
        var added = assignments.Where(pair => !pair.Value.Applied).ToList();
        if (added.Count == 0)
            return;
        consumer.IncrementalAssign(added.Select(pair => new TopicPartitionOffset(Named(pair.Key.Topic, pair.Key.Partition), pair.Value.Next)));
        foreach (var (_, assignment) in added)
            assignment.Applied = true;
    }

    private ConsumeResult<string?, byte[]?>? Next(TimeSpan wait)
    {
        while (consumer.Consume(wait) is { } result)
        {
            // What was fetched before the partition was unassigned or moved is dropped.
            if (Assigned(OriginOf(result)) is { } assignment && result.Offset.Value >= assignment.Next)
                return result;
        }

        return null;
    }

    private Task<ConsumeResult<string?, byte[]?>?> WaitAsync(TimeSpan wait, CancellationToken cancellation)
    {
        var begun = Clock.GetTimestamp();
        return Task.Factory.StartNew(
            () =>
            {
                while (true)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var left = wait - Clock.GetElapsedTime(begun);
                    if (left <= TimeSpan.Zero || unreachable is not null)
                        return null;
                    if (Next(left < WaitSlice ? left : WaitSlice) is { } result)
                        return result;
                }
            },
            cancellation,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    private void Take(Origin from, ReadRecord read, Dictionary<Assignment, List<ReadRecord>> records)
    {
        unreachable = null;
        if (Assigned(from) is not { } assignment)
            return;
        assignment.Next = read.Offset + 1;
        assignment.Partition = from.Partition;
        assignment.Topic.Saw(from.Partition, assignment.Next);
        ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(records, assignment, out _);
        (list ??= []).Add(read);
    }

    private Assignment? Assigned(Origin from) => assignments.GetValueOrDefault((from.Topic, from.Partition));

    private ReadRecord Read(ConsumeResult<string?, byte[]?> result) => new(result.Offset.Value, KafkaRecords.ToRecord(result.Message, headerNames));

    private EventLogException Failure(ConsumeException failure)
    {
        var (topic, partition) = KeyOf(failure.ConsumerRecord.TopicPartition);
        if (failure.Error.Code is not (ErrorCode.OffsetOutOfRange or ErrorCode.Local_AutoOffsetReset))
            return new EventLogException($"Kafka could not read partition {partition} of {topic}: {failure.Error.Reason}", failure);
        if (!assignments.TryGetValue((topic, partition), out var assignment))
            return new EventLogException($"Kafka could not read partition {partition} of {topic}, which was just unassigned; read again.", failure);
        // The client stops fetching such a partition for good: it is assigned anew so that a retry says so again.
        lock (assigning)
        {
            toUnassign.Add(Named(topic, partition));
            assignment.Applied = false;
        }

        return new EventLogException($"Offset {assignment.Next} of partition {partition} of {topic} does not exist: {failure.Error.Reason}.", failure)
        {
            LostOffset = (topic, partition),
        };
    }

    /// <summary>The client makes the topic's name anew for each record.</summary>
    private Origin OriginOf(ConsumeResult<string?, byte[]?> result)
    {
        if (result.Topic != lastNamed)
            (lastNamed, lastTopic) = (result.Topic, result.Topic[options.TopicPrefix.Length..]);
        return new(lastTopic, result.Partition.Value);
    }

    private TopicPartition Named(string topic, int partition) => new(options.NameOf(topic), partition);

    private (string Topic, int Partition) KeyOf(TopicPartition named) => (named.Topic[options.TopicPrefix.Length..], named.Partition.Value);

    /// <summary>Where a record comes from, by the topic's own name.</summary>
    private readonly record struct Origin(string Topic, int Partition);

    private sealed class Assignment(OpenTopic topic)
    {
        public OpenTopic Topic => topic;

        public int Partition { get; set; }

        public long Next { get; set; }

        public bool Applied { get; set; }

        public LogBatch Batch(List<ReadRecord> records) => new(topic.Topic, Partition, records, Next);
    }
}
