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
            await LandAllAsync(cancellation);
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
        try
        {
            while (!cancellation.IsCancellationRequested)
            {
                if (reader is null || owned.Count == 0 || definition.Subscriptions.Count == 0)
                    await Task.Delay(limits.IdleWait, systemTime, cancellation);
                else
                    await GoOnAsync(cancellation);
            }
        }
        finally
        {
            await EndAsync(cancellation);
        }
    }

    /// <summary>Takes what was read and what was committed, and sends off what can be applied next.</summary>
    private async Task GoOnAsync(CancellationToken cancellation)
    {
        try
        {
            await SomethingAsync(cancellation);
            await turn.WaitAsync(cancellation);
            Interlocked.Exchange(ref busy, 1);
            try
            {
                await TakeReadAsync();
                await LandAsync(flight => flight.Landed.IsCompleted, cancellation);
                await RestAsync(owned.Values.Where(p => !IsUnderWay(p)), isLeaving: false, cancellation);
                await TakeOffAsync(cancellation);
                await SaveAsync(owned.Values.Where(IsToBeSaved), cancellation);
                await HealAsync(cancellation);
            }
            finally
            {
                Interlocked.Exchange(ref busy, flights.Count);
                turn.Release();
            }
        }
        catch (EventLogException fault)
        {
            LogUnreadable(log, definition.Name, fault);
            await Task.Delay(limits.RetryAfter, systemTime, cancellation);
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

    private bool IsToBeSaved(OwnedPartition partition) => !IsUnderWay(partition) && partition.UnsavedSince is { } since
        && (partition.Stopped is not null || systemTime.GetUtcNow() - since >= limits.SaveAfter);

    private async Task StartAsync(OwnedPartition partition, CancellationToken cancellation)
    {
        if (definition.OnAcquired is { } restore)
            await restore(AcquiredPartition.Of(partition, incarnation), cancellation);
        partition.Pending.Clear();
        partition.Paused.Clear();
        partition.StartedAfterRead = readsBegun;
        foreach (var subscription in definition.Subscriptions)
        {
            partition.ReadTo[subscription.Topic.Name] = partition.Places[subscription.Topic.Name].NextOffset;
            reader!.Assign(subscription.Topic, partition.Number, partition.ReadTo[subscription.Topic.Name]);
        }
    }

    /// <summary>Nothing of these partitions may be under way.</summary>
    private async Task RestAsync(IEnumerable<OwnedPartition> partitions, bool isLeaving, CancellationToken cancellation)
    {
        if (definition.OnRest is not { } rest)
            return;
        foreach (var partition in partitions.Where(p => p.Stopped is null))
            await rest(new RestingPartition(partition, incarnation, isLeaving), cancellation);
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
