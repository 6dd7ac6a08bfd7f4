using System.Diagnostics;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>
/// What is on its way. While a lane decides and commits what was read of its partitions, the next records are read and other lanes'
/// transactions are built; of a partition no two transactions are under way.
/// </summary>
internal sealed partial class ConsumerRunner
{
    private readonly List<Flight> flights = [];
    private Reading? reading;
    private long readsBegun;

    private bool IsUnderWay(OwnedPartition partition) => flights.Exists(flight => flight.Lane == laneOf(partition.Number));

    /// <summary>Returns when something was read or committed, or at once when something that was read can be applied.</summary>
    private async Task SomethingAsync(CancellationToken cancellation)
    {
        var ready = owned.Values.Where(p => p.CanGoOn).ToList();
        if (reading is null && ready.Sum(p => p.Pending.Values.Sum(q => q.Count)) < limits.RecordsPerReadMax)
            reading = new Reading(++readsBegun, reader!.ReadAsync(limits.RecordsPerReadMax, LongestWait(), cancellation).AsTask());
        if (ready.TrueForAll(IsUnderWay))
            await Task.WhenAny(flights.Select(flight => flight.Landed).Concat(reading is null ? [] : [reading.Batches]));
    }

    /// <summary>How long reading may wait for records: less while some of those at hand wait for another topic.</summary>
    private TimeSpan LongestWait() => owned.Values.Any(p => p.Stopped is null && p.Pending.Values.Any(q => q.Count > 0))
        ? limits.RetryAfter
        : owned.Values.Any(p => p.UnsavedSince is not null) ? limits.SaveAfter : limits.IdleWait;

    private async Task TakeReadAsync()
    {
        if (reading is not { Batches.IsCompleted: true } ended)
            return;
        reading = null;
        var batches = await ended.Batches;
        foreach (var batch in batches)
            Enqueue(batch, ended.Number);
        if (batches.Count > 0)
            FaultPoint.Reach(FaultPoint.ConsumeAfterRead);
    }

    private void Enqueue(LogBatch batch, long read)
    {
        var topic = batch.Topic.Name;
        if (!owned.TryGetValue(batch.Partition, out var partition) || partition.IsHalted)
            return;
        if (read <= partition.StartedAfterRead)
        {
            // The read had begun when the partition was set elsewhere, so nobody knows of which place this is.
            reader!.Assign(batch.Topic, batch.Partition, partition.ReadTo[topic]);
            return;
        }

        if (!partition.Pending.TryGetValue(topic, out var queue))
            partition.Pending.Add(topic, queue = new Queue<ReadRecord>());
        foreach (var record in batch.Records)
            queue.Enqueue(record);

        // A topic that waits for another one must not fill the memory: reading it goes on when the queue is empty.
        if (queue.Count > limits.PendingMax && partition.Paused.Add(topic))
            reader!.Unassign(batch.Topic, batch.Partition);
        partition.ReadTo[topic] = batch.NextOffset;
    }

    /// <summary>Builds the next transactions of each lane that has none under way. A lane gets all of its partitions together, for one transaction.</summary>
    private async Task TakeOffAsync(CancellationToken cancellation)
    {
        var waiting = owned.Values.Where(p => !p.IsHalted && p.Pending.Values.Any(q => q.Count > 0)).GroupBy(p => laneOf(p.Number));
        foreach (var lane in waiting.Where(lane => !flights.Exists(flight => flight.Lane == lane.Key)))
        {
            var work = new List<Transaction>();
            foreach (var partition in lane)
            {
                if (Build(partition) is var (batch, span))
                    work.Add(new(partition, batch, batch.ToWorkItem(span?.Context ?? default), span));
            }

            if (work.Count > 0)
            {
                FaultPoint.Reach(FaultPoint.ConsumeBeforeCommit);
                await SendAsync(lane.Key, work, cancellation);
            }
        }

        foreach (var partition in owned.Values)
            Resume(partition);
    }

    private async Task SendAsync(WriterLane lane, List<Transaction> work, CancellationToken cancellation)
    {
        var sent = 0;
        try
        {
            for (; sent < work.Count; sent++)
                await lane.EnqueueAsync(work[sent].Item, cancellation);
        }
        finally
        {
            if (sent > 0)
                flights.Add(new(lane, work[..sent]));
        }
    }

    private async Task LandAsync(Predicate<Flight> which, CancellationToken cancellation)
    {
        foreach (var flight in flights.FindAll(which))
        {
            flights.Remove(flight);
            foreach (var (partition, batch, item, span) in flight.Work)
            {
                using (span)
                    await SettleAsync(partition, batch, item, cancellation);
            }
        }
    }

    private Task LandAllAsync(CancellationToken cancellation) => LandAsync(_ => true, cancellation);

    /// <summary>Nothing is read any more, and the places of what is under way are known.</summary>
    private async Task EndAsync(CancellationToken cancellation)
    {
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            if (reading is { } last)
                await ((Task)last.Batches).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            reading = null;
            await LandAllAsync(cancellation);
        }
        finally
        {
            Interlocked.Exchange(ref busy, 0);
            turn.Release();
        }
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

    private sealed record Reading(long Number, Task<IReadOnlyList<LogBatch>> Batches);

    private sealed record Transaction(OwnedPartition Partition, PartitionBatch Batch, WorkItem Item, Activity? Span);

    private sealed record Flight(WriterLane Lane, List<Transaction> Work)
    {
        public Task Landed { get; } = Task.WhenAll(Work.Select(work => work.Item.Done));
    }
}
