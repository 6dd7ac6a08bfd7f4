using System.Diagnostics;
using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>
/// Reads every topic of a service for the partitions that this instance owns, and commits effects and offset together in the partition's
/// writer lane.
/// </summary>
internal sealed partial class ConsumerRunner(
    NpgsqlDataSource database,
    IEventLog eventLog,
    ServiceDefinition definition,
    Func<int, WriterLane> laneOf,
    ConsumerLimits limits,
    ILogger log) : IAsyncDisposable
{
    private readonly OffsetTable offsets = new(database, [.. definition.Subscriptions.Select(s => s.Topic.Name)]);
    private readonly SemaphoreSlim turn = new(1, 1);
    private readonly TimeProvider systemTime = TimeProvider.System;
    private Dictionary<int, OwnedPartition> owned = [];
    private ILogReader? reader;
    private int busy;
    private Guid incarnation;

    public IReadOnlyCollection<OwnedPartition> Partitions => Volatile.Read(ref owned).Values;

    /// <summary>True when every owned, moving partition is applied up to the log's end as this process knows it.</summary>
    public bool IsIdle => Volatile.Read(ref busy) == 0 && Partitions.All(p => p.Stopped is not null || definition.Subscriptions.All(
        s => p.Places.TryGetValue(s.Topic.Name, out var place) && place.NextOffset >= (eventLog.KnownEnd(s.Topic, p.Number) ?? long.MaxValue)));

    public IEnumerable<ReaderLag> Lag => definition.Subscriptions.Select(s => s.Topic).Select(topic =>
    {
        var places = Partitions.Select(p => (p.Number, Next: p.Places.GetValueOrDefault(topic.Name).NextOffset)).ToList();
        return new ReaderLag(
            "consumer", topic.Name, null, places.Sum(p => p.Next), places.Sum(p => Math.Max(0, (eventLog.KnownEnd(topic, p.Number) ?? p.Next) - p.Next)));
    });

    /// <summary>A customer was parked outside of reading, by a timer that faulted.</summary>
    public void Park(int partition, Guid customer)
    {
        if (Volatile.Read(ref owned).TryGetValue(partition, out var held))
            held.Park(customer);
    }

    public async Task AcquireAsync(IReadOnlyDictionary<int, long> gained, Guid incarnation, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            reader ??= eventLog.OpenReader();
            this.incarnation = incarnation;
            await LearnEndsAsync(gained.Keys, cancellation);
            var partitions = await offsets.ClaimAsync(gained, incarnation, cancellation);
            FaultPoint.Reach(FaultPoint.ConsumeAfterClaim);
            foreach (var (partition, customer) in await ParkedRecords.CustomersAsync(database, gained.Keys, cancellation))
                partitions.FirstOrDefault(p => p.Number == partition)?.Park(customer);
            foreach (var (partition, customer) in await ErasedCustomers.OfAsync(database, gained.Keys, cancellation))
                partitions.FirstOrDefault(p => p.Number == partition)?.Erase(customer);
            await KnowCrossingsAsync(partitions, cancellation);
            foreach (var partition in partitions)
                await StartAsync(partition, cancellation);
            owned = owned.Concat(partitions.Select(p => KeyValuePair.Create(p.Number, p))).ToDictionary();
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Stops reading these partitions after what is under way is committed.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        await turn.WaitAsync(cancellation);
        try
        {
            var given = partitions.Select(p => owned.GetValueOrDefault(p)).OfType<OwnedPartition>().ToList();
            await SaveAsync(given, cancellation);
            await RestAsync(given, isLeaving: true, cancellation);
            Drop(partitions);
        }
        finally
        {
            turn.Release();
        }
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            if (reader is null || owned.Count == 0 || definition.Subscriptions.Count == 0)
            {
                await Task.Delay(limits.IdleWait, systemTime, cancellation);
                continue;
            }

            try
            {
                var batches = await reader.ReadAsync(limits.RecordsPerReadMax, LongestWait(), cancellation);
                await turn.WaitAsync(cancellation);
                Interlocked.Exchange(ref busy, 1);
                try
                {
                    Enqueue(batches);
                    if (batches.Count > 0)
                        FaultPoint.Reach(FaultPoint.ConsumeAfterRead);
                    await ApplyAsync(cancellation);
                    await SaveAsync(owned.Values.Where(IsToBeSaved), cancellation);
                    await HealAsync(cancellation);
                    await RestAsync(owned.Values, isLeaving: false, cancellation);
                }
                finally
                {
                    Interlocked.Exchange(ref busy, 0);
                    turn.Release();
                }
            }
            catch (EventLogException fault)
            {
                LogUnreadable(log, definition.Name, fault);
                await Task.Delay(limits.RetryAfter, systemTime, cancellation);
            }
        }
    }

    /// <summary>Where a log does not tell the ends by itself, an empty partition would never count as read to its end.</summary>
    private async Task LearnEndsAsync(IEnumerable<int> partitions, CancellationToken cancellation)
    {
        foreach (var topic in definition.Subscriptions.Select(s => s.Topic))
        {
            if (partitions.Any(p => eventLog.KnownEnd(topic, p) is null))
                await eventLog.EndOffsetsAsync(topic, cancellation);
        }
    }

    private bool IsToBeSaved(OwnedPartition partition) =>
        partition.UnsavedSince is { } since && (partition.Stopped is not null || systemTime.GetUtcNow() - since >= limits.SaveAfter);

    /// <summary>Short while something that was read can be applied, longer while all of it waits for another topic.</summary>
    private TimeSpan LongestWait() => owned.Values.Any(p => p.CanGoOn)
        ? limits.GoOnAfter
        : HasPending() ? limits.RetryAfter : owned.Values.Any(p => p.UnsavedSince is not null) ? limits.SaveAfter : limits.IdleWait;

    private bool HasPending() => owned.Values.Any(p => p.Stopped is null && p.Pending.Values.Any(q => q.Count > 0));

    private async Task StartAsync(OwnedPartition partition, CancellationToken cancellation)
    {
        if (definition.OnAcquired is { } restore)
            await restore(AcquiredPartition.Of(partition, incarnation), cancellation);
        partition.Pending.Clear();
        partition.Paused.Clear();
        foreach (var subscription in definition.Subscriptions)
            reader!.Assign(subscription.Topic, partition.Number, partition.Places[subscription.Topic.Name].NextOffset);
    }

    /// <summary>Nothing may be read meanwhile.</summary>
    private async Task RestAsync(IEnumerable<OwnedPartition> partitions, bool isLeaving, CancellationToken cancellation)
    {
        if (definition.OnRest is not { } rest)
            return;
        foreach (var partition in partitions.Where(p => p.Stopped is null))
            await rest(new RestingPartition(partition, incarnation, isLeaving), cancellation);
    }

    private void Enqueue(IReadOnlyList<LogBatch> batches)
    {
        foreach (var batch in batches)
        {
            if (!owned.TryGetValue(batch.Partition, out var partition) || partition.IsHalted)
                continue;
            if (!partition.Pending.TryGetValue(batch.Topic.Name, out var queue))
                partition.Pending.Add(batch.Topic.Name, queue = new Queue<ReadRecord>());
            foreach (var record in batch.Records)
                queue.Enqueue(record);

            // A topic that waits for another one must not fill the memory: reading it goes on when the queue is empty.
            if (queue.Count > limits.PendingMax && partition.Paused.Add(batch.Topic.Name))
                reader!.Unassign(batch.Topic, batch.Partition);
            partition.ReadTo[batch.Topic.Name] = batch.NextOffset;
        }
    }

    private async Task ApplyAsync(CancellationToken cancellation)
    {
        var work = new List<(OwnedPartition Partition, PartitionBatch Batch, WorkItem Item, Activity? Span)>();
        // A lane gets all of its partitions together, for one transaction, which is on its way while the next lane's are built.
        foreach (var lane in owned.Values.Where(p => !p.IsHalted && p.Pending.Values.Any(q => q.Count > 0)).GroupBy(p => laneOf(p.Number)))
        {
            var first = work.Count;
            foreach (var partition in lane)
            {
                if (Build(partition) is var (batch, span))
                    work.Add((partition, batch, batch.ToWorkItem(span?.Context ?? default), span));
            }

            if (work.Count > first)
                FaultPoint.Reach(FaultPoint.ConsumeBeforeCommit);
            foreach (var (_, _, item, _) in work.Skip(first))
                await lane.Key.EnqueueAsync(item, cancellation);
        }

        foreach (var (partition, batch, item, span) in work)
        {
            using (span)
                await SettleAsync(partition, batch, item, cancellation);
        }

        foreach (var partition in owned.Values)
            Resume(partition);
    }

    /// <summary>The next transaction of a partition, or null where nothing can be taken or what was taken leaves nothing to write.</summary>
    private (PartitionBatch Batch, Activity? Span)? Build(OwnedPartition partition)
    {
        var alone = partition.OneByOne > 0 || partition.ParkNext is not null;
        var batch = new PartitionBatch(definition, partition, alone ? 1 : limits.RecordsPerTransactionMax, eventLog.Partitions);
        batch.Take();
        TellWhyStopped(partition);
        Wait(partition, batch);
        if (!batch.TookAny)
            return null;
        var span = batch.Applied > 0 ? StartSpan(partition, batch) : null;
        if (!batch.WritesNothing)
            return (batch, span);
        using (span)
        {
            partition.Reach(batch.Places, systemTime.GetUtcNow());
            Applied(partition, batch);
        }

        return null;
    }

    private Activity? StartSpan(OwnedPartition partition, PartitionBatch batch)
    {
        var span = RuntimeTelemetry.Start("patron.consume", ActivityKind.Consumer, definition.Name, batch.Causes);
        span.TagMessaging(eventLog.System, "consume", "process", batch.OnlyTopic, partition.Number, batch.Applied);
        return span;
    }

    private void Wait(OwnedPartition partition, PartitionBatch batch)
    {
        if (batch.WaitsFor is not { } sentence)
        {
            partition.WaitingSince = null;
            return;
        }

        partition.WaitingSince ??= systemTime.GetUtcNow();
        if (batch.Applied > 0)
            partition.WaitingSince = systemTime.GetUtcNow();
        else if (systemTime.GetUtcNow() - partition.WaitingSince > limits.WatermarkWaitMax)
            partition.Stop($"{sentence} since {limits.WatermarkWaitMax.TotalSeconds:0} s: look why that topic does not arrive, then restart this service.");
    }

    /// <summary>Reads on a topic that was left because too much of it waited.</summary>
    private void Resume(OwnedPartition partition)
    {
        foreach (var subscription in definition.Subscriptions)
        {
            var name = subscription.Topic.Name;
            if (partition.Paused.Contains(name) && partition.Pending[name].Count == 0)
            {
                partition.Paused.Remove(name);
                reader!.Assign(subscription.Topic, partition.Number, partition.ReadTo[name]);
            }
        }
    }

    private void Drop(IReadOnlyCollection<int> partitions)
    {
        foreach (var partition in partitions)
        {
            foreach (var subscription in definition.Subscriptions)
                reader?.Unassign(subscription.Topic, partition);
        }

        owned = owned.Where(o => !partitions.Contains(o.Key)).ToDictionary();
    }

    public async ValueTask DisposeAsync()
    {
        turn.Dispose();
        if (reader is not null)
            await reader.DisposeAsync();
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: the event log cannot be read; it is tried again.")]
    private static partial void LogUnreadable(ILogger log, string service, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: partition {Partition} belongs to another instance now.")]
    private static partial void LogFenced(ILogger log, string service, int partition);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: a transaction of partition {Partition} failed and is repeated.")]
    private static partial void LogRepeat(ILogger log, string service, int partition, Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Service}: a transaction of {Records} records of partition {Partition} was refused.")]
    private static partial void LogRefused(ILogger log, string service, int partition, int records, Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Service}: partition {Partition} parked customer {Customer}.")]
    private static partial void LogParked(ILogger log, string service, int partition, Guid customer);

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Service}: partition {Partition} stopped. {Reason}")]
    private static partial void LogStopped(ILogger log, string service, int partition, string reason);
}
