using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// The single writer of a range of partitions in this process. Waiting items are coalesced into one transaction (group commit); the
/// longer a commit takes, the more the next one carries.
/// </summary>
internal sealed partial class WriterLane(StoreContext store, string service, int unitsMax, int stateBytesMax, ILogger log)
{
    private const int WaitingItemsMax = 4096;
    private const int TriesMax = 3;

    private readonly Channel<WorkItem> waiting = Channel.CreateBounded<WorkItem>(
        new BoundedChannelOptions(WaitingItemsMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly LaneMemory memory = new(stateBytesMax);
    private int outstanding;

    /// <summary>Told after each commit which events became durable.</summary>
    public required Action<IEnumerable<RecordedEvent>> Committed { get; init; }

    public bool IsIdle => Volatile.Read(ref outstanding) == 0;

    /// <summary>Hands an item to the lane; its <see cref="WorkItem.Done"/> tells the outcome. Waits while the lane is full.</summary>
    public async ValueTask EnqueueAsync(WorkItem item, CancellationToken cancellation)
    {
        Interlocked.Increment(ref outstanding);
        try
        {
            await waiting.Writer.WriteAsync(item, cancellation);
        }
        catch
        {
            Interlocked.Decrement(ref outstanding);
            throw;
        }
    }

    /// <summary>Takes no more items; <see cref="RunAsync"/> ends when those that wait are done.</summary>
    public void Close() => waiting.Writer.TryComplete();

    public async Task RunAsync(CancellationToken cancellation)
    {
        var items = new List<WorkItem>();
        while (await waiting.Reader.WaitToReadAsync(cancellation))
        {
            items.Clear();
            var units = 0;
            while (units < unitsMax && waiting.Reader.TryRead(out var item))
            {
                items.Add(item);
                units += Math.Max(1, item.Units.Count);
            }

            await CommitAsync(items, cancellation);
        }
    }

    private async Task CommitAsync(List<WorkItem> items, CancellationToken cancellation)
    {
        try
        {
            for (var tries = 1; ; tries++)
            {
                try
                {
                    await TryCommitAsync(items, cancellation);
                    return;
                }
                catch (PostgresException raced) when (tries < TriesMax && IsRace(raced.SqlState))
                {
                    // A key was used before, or another lane or instance was faster: loading under the locks finds what is committed.
                }
            }
        }
        catch (Exception fault) when (items.Count > 1 && fault is not OperationCanceledException && !PlantedBug.Is(Bug.BatchMatesFail))
        {
            // One item's data must not fail the others: each gets a transaction of its own and fails alone.
            LogSplit(log, service, items.Count, fault);
            foreach (var item in items)
                await CommitAsync([item], cancellation);
        }
#pragma warning disable CA1031 // The fault belongs to whoever waits for the item.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            foreach (var item in items)
                Settle(item, fault);
        }
    }

    private static bool IsRace(string sqlState) => sqlState
        is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected or HeadStatements.Moved or HeadStatements.Parked;

    private async Task TryCommitAsync(List<WorkItem> items, CancellationToken cancellation)
    {
        using var activity = RuntimeTelemetry.Start("patron.store.commit", ActivityKind.Internal, service, items.SelectMany(i => i.Causes));
        await using var connection = await store.Lanes.OpenConnectionAsync(cancellation);
        var transaction = new StoreTransaction(store, connection, memory) { Told = PlantedBug.Is(Bug.PublishedBeforeCommit) ? Committed : null };
        try
        {
            await transaction.CommitAsync(items, cancellation);
        }
        catch (Exception fault)
        {
            memory.Doubt((fault as PostgresException)?.SqlState);
            throw;
        }

        var count = transaction.Appended.Count();
        activity?.SetTag("patron.events", count).SetTag("patron.items", items.Count);
        RuntimeTelemetry.EventsAppended.Add(count, new KeyValuePair<string, object?>("patron.service", service));
        Committed(transaction.Appended);
        foreach (var item in items)
            Settle(item, null);
    }

    private void Settle(WorkItem item, Exception? fault)
    {
        if (fault is null)
            item.Complete();
        else
            item.Fail(fault);
        Interlocked.Decrement(ref outstanding);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: a transaction of {Items} items failed; each is tried alone.")]
    private static partial void LogSplit(ILogger log, string service, int items, Exception fault);
}
