using System.Diagnostics;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>
/// Publishes the store's events to the log: the store is the outbox. What this process committed is published from memory, the rest is
/// read. The checkpoint is saved now and then: a crash publishes the same records again, with the same positions, and readers skip them.
/// </summary>
internal sealed partial class Relay(
    NpgsqlDataSource database, EventReader events, IEventLog eventLog, ServiceDefinition definition, StoreLife life, ILogger log) : IDisposable
{
    private const int EventsPerPartitionMax = 500;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan SaveAfter = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan SaveAtLeastEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Lock guard = new();
    private readonly Dictionary<int, RelayCheckpoint> checkpoints = [];
    private readonly Dictionary<int, long> headsSeen = [];
    private readonly RelayTable table = new(database);
    private readonly Pulse pulse = new();
    private readonly SemaphoreSlim publishing = new(1, 1);
    private long savedAt = TimeProvider.System.GetTimestamp();

    /// <summary>True when every owned partition is published up to its last event.</summary>
    public bool IsIdle
    {
        get
        {
            lock (guard)
                return !checkpoints.Values.Any(c => c.IsBehind);
        }
    }

    public ReaderLag LookAtLag()
    {
        lock (guard)
            return ReaderLag.OfStore("relay", checkpoints.Values.Select(c => (c.Position, c.Head)));
    }

    /// <summary>Events became durable; those of partitions that another instance relays are its business.</summary>
    public void Committed(IEnumerable<RecordedEvent> appended)
    {
        lock (guard)
        {
            foreach (var happened in appended)
            {
                headsSeen[happened.Partition] = happened.Position;
                if (checkpoints.TryGetValue(happened.Partition, out var checkpoint))
                    checkpoint.Committed(happened);
            }
        }

        pulse.Set();
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (await PublishAsync(cancellation))
                {
                    if (TimeProvider.System.GetElapsedTime(savedAt) > SaveAtLeastEvery)
                        await SaveAsync(cancellation);
                    continue;
                }

                var unsaved = HasUnsaved();
                if (await pulse.WaitAsync(unsaved ? SaveAfter : LookAgainAfter, cancellation))
                    continue;
                await (unsaved ? SaveAsync(cancellation) : LookAtHeadsAsync(cancellation));
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is EventLogException or NpgsqlException or IOException)
            {
                LogFailed(log, definition.Name, fault);
                await pulse.WaitAsync(RetryAfter, cancellation);
            }
        }
    }

    /// <summary>Publishes what waits, at most <see cref="EventsPerPartitionMax"/> events a partition; false when nothing waited.</summary>
    private async Task<bool> PublishAsync(CancellationToken cancellation)
    {
        await publishing.WaitAsync(cancellation);
        try
        {
            var read = await NextAsync(cancellation);
            if (read.Count == 0)
                return false;

            var moved = new List<(int Partition, long Position, long Previous)>();
            var records = definition.Publications.ToDictionary(p => p, _ => new List<PartitionRecords>());
            foreach (var (partition, recorded) in read)
                moved.Add(Map(partition, recorded, records));
            if (PlantedBug.Is(Bug.CheckpointBeforePublish))
                Published(moved);
            foreach (var (publication, batches) in records)
            {
                if (batches.Count == 0)
                    continue;
                using var span = StartSpan(publication.Topic, batches, read.SelectMany(r => r.Events));
                FaultPoint.Reach(FaultPoint.RelayBeforePublish);
                await eventLog.PublishAsync(publication.Topic, batches, cancellation);
                FaultPoint.Reach(FaultPoint.RelayAfterPublish);
                RuntimeTelemetry.FactsPublished.Add(
                    batches.Sum(b => b.Records.Count), new KeyValuePair<string, object?>("patron.service", definition.Name));
            }

            if (!PlantedBug.Is(Bug.CheckpointBeforePublish))
                Published(moved);
            return true;
        }
        finally
        {
            publishing.Release();
        }
    }

    private void Published(List<(int Partition, long Position, long Previous)> moved)
    {
        lock (guard)
        {
            foreach (var (partition, position, previous) in moved)
                checkpoints[partition].Published(position, previous);
        }
    }

    /// <summary>What is to be published next, by partition: from memory where it is at hand, the rest with one query.</summary>
    private async Task<List<(int Partition, IReadOnlyList<RecordedEvent> Events)>> NextAsync(CancellationToken cancellation)
    {
        var next = new List<(int, IReadOnlyList<RecordedEvent>)>();
        var toRead = new List<(int Partition, long Position)>();
        lock (guard)
        {
            foreach (var (partition, checkpoint) in checkpoints.Where(c => c.Value.IsBehind))
            {
                if (checkpoint.AtHand(EventsPerPartitionMax) is { Count: > 0 } atHand)
                    next.Add((partition, atHand));
                else
                    toRead.Add((partition, checkpoint.Position));
            }
        }

        if (toRead.Count > 0)
        {
            var read = await events.AfterAsync(toRead, EventsPerPartitionMax, cancellation);
            next.AddRange(read.GroupBy(e => e.Partition).Select(p => (p.Key, (IReadOnlyList<RecordedEvent>)[.. p])));
        }

        return next;
    }

    private Activity? StartSpan(Topic topic, List<PartitionRecords> batches, IEnumerable<RecordedEvent> from)
    {
        var span = RuntimeTelemetry.Start(
            "patron.publish", ActivityKind.Producer, definition.Name, from.Select(e => RuntimeTelemetry.ContextOf(e.Metadata.TraceParent)));
        var partition = batches is [var only] ? only.Partition : (int?)null;
        span.TagMessaging(eventLog.System, "publish", "send", topic.Name, partition, batches.Sum(b => b.Records.Count));
        return span;
    }

    private (int Partition, long Position, long Previous) Map(
        int partition, IReadOnlyList<RecordedEvent> recorded, Dictionary<Publication, List<PartitionRecords>> records)
    {
        long previous;
        lock (guard)
            previous = checkpoints[partition].Previous;
        var mapped = records.ToDictionary(r => r.Key, _ => new List<LogRecord>());
        foreach (var happened in recorded)
        {
            foreach (var publication in definition.Publications)
            {
                if (publication.Map(happened) is not { } fact)
                    continue;
                var record = ToRecord(happened, fact, publication.Topic.Compacted ? 0 : previous);
                mapped[publication].Add(publication.Ends?.Invoke(happened) == true ? record with { Value = default(ReadOnlyMemory<byte>?) } : record);
                if (!publication.Topic.Compacted)
                    previous = happened.Position;
            }
        }

        foreach (var (publication, list) in mapped)
        {
            if (list.Count > 0)
                records[publication].Add(new PartitionRecords(partition, list));
        }

        return (partition, recorded[^1].Position, previous);
    }

    private LogRecord ToRecord(RecordedEvent happened, IMessage fact, long previous)
    {
        var envelope = new Envelope
        {
            Id = $"{happened.Partition}-{happened.Position}",
            Source = $"/patron/{definition.Name}",
            Type = fact.Descriptor.FullName,
            Time = happened.Time,
            StoreEpoch = life.Epoch,
            FormerLives = life.FormerLives(happened.Partition),
            Position = happened.Position,
            Previous = previous,
            Watermarks = happened.Metadata.Watermarks ?? new Dictionary<string, long>(),
            Backfill = happened.Metadata.Backfill,
            TraceParent = happened.Metadata.TraceParent,
        };
        return new LogRecord(happened.Customer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
    }

    public void Dispose()
    {
        pulse.Dispose();
        publishing.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: publishing failed and is tried again; nothing is lost.")]
    private static partial void LogFailed(ILogger log, string service, Exception fault);
}
