using System.Diagnostics;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// The single writer of a range of partitions in this process. Waiting items are coalesced into one transaction (group commit); the
/// longer a commit takes, the more the next one carries.
/// </summary>
internal sealed partial class WriterLane(StoreContext store, string service, int unitsMax, int stateBytesMax, ILogger log) : IDisposable
{
    private const int WaitingItemsMax = 4096;
    private const int TriesMax = 3;

    /// <summary>With fewer units at hand a transaction is not decided ahead: those that come until the one before has ended join it.</summary>
    private const int AheadFromUnits = 64;

    private readonly Channel<WorkItem> waiting = Channel.CreateBounded<WorkItem>(
        new BoundedChannelOptions(WaitingItemsMax) { SingleReader = true, FullMode = BoundedChannelFullMode.Wait });

    private readonly LaneMemory memory = new(stateBytesMax);

    // Held by whoever uses the memory: the next transaction while it is decided, the one before while it is tried again.
    private readonly SemaphoreSlim turn = new(1, 1);
    private int outstanding;
    private int unitsWaiting;

    /// <summary>Told after each commit which events became durable.</summary>
    public required Action<IEnumerable<RecordedEvent>> Told { get; init; }

    public bool IsIdle => Volatile.Read(ref outstanding) == 0;

    /// <summary>Hands an item to the lane; its <see cref="WorkItem.Done"/> tells the outcome. Waits while the lane is full.</summary>
    public async ValueTask EnqueueAsync(WorkItem item, CancellationToken cancellation)
    {
        Interlocked.Increment(ref outstanding);
        Interlocked.Add(ref unitsWaiting, item.Units.Count);
        try
        {
            await waiting.Writer.WriteAsync(item, cancellation);
        }
        catch
        {
            Interlocked.Decrement(ref outstanding);
            Interlocked.Add(ref unitsWaiting, -item.Units.Count);
            throw;
        }
    }

    /// <summary>Takes no more items; <see cref="RunAsync"/> ends when those that wait are done.</summary>
    public void Close() => waiting.Writer.TryComplete();

    public async Task RunAsync(CancellationToken cancellation)
    {
        var before = Task.FromResult(true);
        while (await waiting.Reader.WaitToReadAsync(cancellation))
        {
            if (Volatile.Read(ref unitsWaiting) < AheadFromUnits)
                await before;
            var items = new List<WorkItem>();
            var units = 0;
            while (units < unitsMax && waiting.Reader.TryPeek(out var next) && (items.Count == 0 || !next.IsAlone) && waiting.Reader.TryRead(out var item))
            {
                items.Add(item);
                Interlocked.Add(ref unitsWaiting, -item.Units.Count);
                units += item.IsAlone ? unitsMax : Math.Max(1, item.Units.Count);
            }

            before = await BeginAsync(before, items, cancellation);
        }

        await before;
    }

    public void Dispose() => turn.Dispose();

    /// <summary>
    /// Decides while the transaction before is on its way to the disk, where the lane remembers all that this takes; otherwise when that one has
    /// ended. Returns when the next may be begun; the task tells whether the transaction was committed at the first try.
    /// </summary>
    private async Task<Task<bool>> BeginAsync(Task<bool> before, List<WorkItem> items, CancellationToken cancellation)
    {
        var activity = RuntimeTelemetry.Start("patron.store.commit", ActivityKind.Internal, service, items.SelectMany(i => i.Causes));
        var transaction = NewTransaction(items);
        NpgsqlConnection? connection = null;
        try
        {
            var decided = await InTurnAsync(() => Task.FromResult(transaction.TryDecideFirst()));
            if (!await before && decided)
            {
                // It stands on what was not committed.
                memory.Doubt(null);
                decided = false;
            }

            connection = await store.Lanes.OpenConnectionAsync(cancellation);
            if (!decided)
            {
                transaction = NewTransaction(items);
                await transaction.DecideAsync(connection, cancellation);
            }
        }
#pragma warning disable CA1031 // The fault belongs to whoever waits for the items.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            activity?.Dispose();
            if (connection is not null)
                await connection.DisposeAsync();
            await before;
            await InTurnAsync(() => RetryAsync(items, fault, cancellation));
            return Task.FromResult(true);
        }

        return ExecuteAsync(transaction, items, connection, activity, cancellation);
    }

    private async Task<bool> ExecuteAsync(
        StoreTransaction transaction, List<WorkItem> items, NpgsqlConnection connection, Activity? activity, CancellationToken cancellation)
    {
        try
        {
            using (activity)
            await using (connection)
            await using (transaction)
            {
                await transaction.ExecuteAsync(connection, cancellation);
                Committed(transaction, items, activity);
            }

            return true;
        }
#pragma warning disable CA1031 // The fault belongs to whoever waits for the items.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            await InTurnAsync(() => RetryAsync(items, fault, cancellation));
            return false;
        }
    }

    private async Task<bool> InTurnAsync(Func<Task<bool>> use)
    {
        await turn.WaitAsync(CancellationToken.None);
        try
        {
            return await use();
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>What failed is tried again under the locks: a race at once, else each item in a transaction of its own, so that it fails alone.</summary>
    private async Task<bool> RetryAsync(List<WorkItem> items, Exception fault, CancellationToken cancellation)
    {
        for (var tries = 1; ; tries++)
        {
            memory.Doubt((fault as PostgresException)?.SqlState);
            if (tries == TriesMax || fault is not PostgresException raced || !IsRace(raced.SqlState))
                break;
            try
            {
                // A key was used before, or another lane or instance was faster: loading under the locks finds what is committed.
                await CommitAsync(items, cancellation);
                return true;
            }
#pragma warning disable CA1031
            catch (Exception again)
#pragma warning restore CA1031
            {
                fault = again;
            }
        }

        if (items.Count == 1 || fault is OperationCanceledException || PlantedBug.Is(Bug.BatchMatesFail))
        {
            foreach (var item in items)
                Settle(item, fault);
            return false;
        }

        LogSplit(log, service, items.Count, fault);
        foreach (var item in items)
            await CommitAloneAsync(item, cancellation);
        return false;
    }

    private async Task CommitAloneAsync(WorkItem item, CancellationToken cancellation)
    {
        try
        {
            await CommitAsync([item], cancellation);
        }
#pragma warning disable CA1031
        catch (Exception fault)
#pragma warning restore CA1031
        {
            await RetryAsync([item], fault, cancellation);
        }
    }

    private async Task CommitAsync(List<WorkItem> items, CancellationToken cancellation)
    {
        using var activity = RuntimeTelemetry.Start("patron.store.commit", ActivityKind.Internal, service, items.SelectMany(i => i.Causes));
        await using var connection = await store.Lanes.OpenConnectionAsync(cancellation);
        await using var transaction = NewTransaction(items);
        await transaction.DecideAsync(connection, cancellation);
        await transaction.ExecuteAsync(connection, cancellation);
        Committed(transaction, items, activity);
    }

    private StoreTransaction NewTransaction(List<WorkItem> items) =>
        new(store, memory, items) { Told = PlantedBug.Is(Bug.PublishedBeforeCommit) ? Told : null };

    private static bool IsRace(string sqlState) => sqlState
        is PostgresErrorCodes.UniqueViolation or PostgresErrorCodes.DeadlockDetected or HeadStatements.Moved or HeadStatements.Parked;

    private void Committed(StoreTransaction transaction, List<WorkItem> items, Activity? activity)
    {
        var count = transaction.Appended.Count();
        activity?.SetTag("patron.events", count).SetTag("patron.items", items.Count);
        RuntimeTelemetry.EventsAppended.Add(count, new KeyValuePair<string, object?>("patron.service", service));
        Told(transaction.Appended);
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
