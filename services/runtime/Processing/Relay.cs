using Google.Protobuf;
using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>
/// Publishes the store's events to the log: the store is the outbox. A crash between publishing and the checkpoint publishes the same
/// records again, with the same positions, and readers skip them.
/// </summary>
internal sealed partial class Relay(
    NpgsqlDataSource database, EventReader events, IEventLog eventLog, ServiceDefinition definition, Guid storeEpoch, ILogger log) : IDisposable
{
    private const int EventsPerPartitionMax = 500;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Lock guard = new();
    private readonly Dictionary<int, Checkpoint> checkpoints = [];
    private readonly Dictionary<int, long> headsSeen = [];
    private readonly Pulse pulse = new();
    private readonly SemaphoreSlim publishing = new(1, 1);

    /// <summary>True when every owned partition is published up to its last event.</summary>
    public bool IsIdle
    {
        get
        {
            lock (guard)
                return checkpoints.Values.All(c => c.Position >= c.Head);
        }
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
                    checkpoint.Head = Math.Max(checkpoint.Head, happened.Position);
            }
        }

        pulse.Set();
    }

    public async Task AcquireAsync(IReadOnlyDictionary<int, long> owned, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update relay r set epoch = u.epoch from unnest($1::smallint[], $2::bigint[]) u (partition, epoch), heads h
            where r.partition = u.partition and h.partition = u.partition and r.epoch < u.epoch
            returning r.partition, r.position, r.previous, h.position, r.epoch
            """);
        command.Parameters.Add(Statements.Smallints(owned.Keys));
        command.Parameters.Add(Statements.Bigints(owned.Values));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var partition = row.GetInt16(0);
            lock (guard)
            {
                // A commit between the query's snapshot and this line is in what this process has seen.
                var head = Math.Max(row.GetInt64(3), headsSeen.GetValueOrDefault(partition));
                checkpoints[partition] = new Checkpoint { Position = row.GetInt64(1), Previous = row.GetInt64(2), Head = head, Epoch = row.GetInt64(4) };
            }
        }

        pulse.Set();
    }

    /// <summary>Stops relaying these partitions; what is under way is finished first.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        await publishing.WaitAsync(cancellation);
        try
        {
            lock (guard)
            {
                foreach (var partition in partitions)
                    checkpoints.Remove(partition);
            }
        }
        finally
        {
            publishing.Release();
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                if (!await PublishAsync(cancellation) && !await pulse.WaitAsync(LookAgainAfter, cancellation))
                    await LookAtHeadsAsync(cancellation);
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

    /// <summary>Another instance may run a command on a partition that this one relays; its commit pulses nobody here.</summary>
    private async Task LookAtHeadsAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select partition, position from heads");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            lock (guard)
            {
                if (checkpoints.TryGetValue(row.GetInt16(0), out var checkpoint))
                    checkpoint.Head = Math.Max(checkpoint.Head, row.GetInt64(1));
            }
        }
    }

    /// <summary>Publishes what waits, at most <see cref="EventsPerPartitionMax"/> events a partition; false when nothing waited.</summary>
    private async Task<bool> PublishAsync(CancellationToken cancellation)
    {
        await publishing.WaitAsync(cancellation);
        try
        {
            List<(int Partition, long Position)> behind;
            lock (guard)
                behind = [.. checkpoints.Where(c => c.Value.Position < c.Value.Head).Select(c => (c.Key, c.Value.Position))];
            if (behind.Count == 0)
                return false;

            var read = await events.AfterAsync(behind, EventsPerPartitionMax, cancellation);
            var moved = new List<(int Partition, long Position, long Previous, long Epoch)>();
            var records = definition.Publications.ToDictionary(p => p, _ => new List<PartitionRecords>());
            foreach (var partition in read.GroupBy(e => e.Partition))
                moved.Add(Map(partition.Key, [.. partition], records));
            foreach (var (publication, batches) in records)
            {
                if (batches.Count == 0)
                    continue;
                await eventLog.PublishAsync(publication.Topic, batches, cancellation);
                RuntimeTelemetry.FactsPublished.Add(
                    batches.Sum(b => b.Records.Count), new KeyValuePair<string, object?>("patron.service", definition.Name));
            }

            await CheckpointAsync(moved, cancellation);
            return true;
        }
        finally
        {
            publishing.Release();
        }
    }

    private (int Partition, long Position, long Previous, long Epoch) Map(
        int partition, IReadOnlyList<RecordedEvent> recorded, Dictionary<Publication, List<PartitionRecords>> records)
    {
        long previous, epoch;
        lock (guard)
            (previous, epoch) = (checkpoints[partition].Previous, checkpoints[partition].Epoch);
        var mapped = records.ToDictionary(r => r.Key, _ => new List<LogRecord>());
        foreach (var happened in recorded)
        {
            foreach (var publication in definition.Publications)
            {
                if (publication.Map(happened) is not { } fact)
                    continue;
                mapped[publication].Add(ToRecord(happened, fact, publication.Topic.Compacted ? 0 : previous));
                if (!publication.Topic.Compacted)
                    previous = happened.Position;
            }
        }

        foreach (var (publication, list) in mapped)
        {
            if (list.Count > 0)
                records[publication].Add(new PartitionRecords(partition, list));
        }

        return (partition, recorded[^1].Position, previous, epoch);
    }

    private LogRecord ToRecord(RecordedEvent happened, IMessage fact, long previous)
    {
        var envelope = new Envelope
        {
            Id = $"{happened.Partition}-{happened.Position}",
            Source = $"/patron/{definition.Name}",
            Type = fact.Descriptor.FullName,
            Time = happened.Time,
            StoreEpoch = storeEpoch,
            Position = happened.Position,
            Previous = previous,
            Watermarks = happened.Metadata.Watermarks ?? new Dictionary<string, long>(),
            Backfill = happened.Metadata.Backfill,
            TraceParent = happened.Metadata.TraceParent,
        };
        return new LogRecord(happened.Customer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
    }

    private async Task CheckpointAsync(List<(int Partition, long Position, long Previous, long Epoch)> moved, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update relay r set position = u.position, previous = u.previous
            from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) u (partition, position, previous, epoch)
            where r.partition = u.partition and r.epoch = u.epoch
            returning r.partition
            """);
        command.Parameters.Add(Statements.Smallints(moved.Select(m => m.Partition)));
        command.Parameters.Add(Statements.Bigints(moved.Select(m => m.Position)));
        command.Parameters.Add(Statements.Bigints(moved.Select(m => m.Previous)));
        command.Parameters.Add(Statements.Bigints(moved.Select(m => m.Epoch)));
        var ours = new HashSet<int>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                ours.Add(row.GetInt16(0));
        }

        lock (guard)
        {
            foreach (var (partition, position, previous, _) in moved)
            {
                if (!ours.Contains(partition))
                    checkpoints.Remove(partition);
                else if (checkpoints.TryGetValue(partition, out var checkpoint))
                    (checkpoint.Position, checkpoint.Previous) = (position, previous);
            }
        }
    }

    public void Dispose()
    {
        pulse.Dispose();
        publishing.Dispose();
    }

    private sealed class Checkpoint
    {
        public required long Epoch { get; init; }

        public required long Position { get; set; }

        public required long Previous { get; set; }

        public required long Head { get; set; }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: publishing failed and is tried again; nothing is lost.")]
    private static partial void LogFailed(ILogger log, string service, Exception fault);
}
