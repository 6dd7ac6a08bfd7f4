using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>Takes claimed sends to their end in rounds, and what a former life of the service left behind.</summary>
internal sealed partial class Dispatcher(
    ServiceRuntime runtime, SendQueue queue, Outbox outbox, DispatchRound round, EmailSettings settings, BusinessClock businessTime,
    SystemClock systemTime, ILogger<Dispatcher> log)
    : BackgroundService, IDrains
{
    /// <summary>While one round waits for the database, another one hands over.</summary>
    private const int RoundsAtOnce = 2;

    private const int SendsPerLookMax = 5_000;
    private static readonly TimeSpan OutboxEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PauseAfterFault = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource abandon = new();
    private readonly Lock acquiring = new();
    private readonly HashSet<int> partitions = [];
    private readonly HashSet<int> acquired = [];

    public bool IsIdle => queue.IsIdle;

    /// <summary>
    /// Told when this instance owns a partition (again): what is left in its outbox is ours now. A partition that was lost stays in the list,
    /// which is harmless, since only one instance gets the event that allows a call.
    /// </summary>
    public void Acquired(int partition)
    {
        lock (acquiring)
        {
            partitions.Add(partition);
            acquired.Add(partition);
        }

        queue.LookIntoOutbox();
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        runtime.Register(this);
        return base.StartAsync(cancellationToken);
    }

    /// <summary>Rounds under way are finished; those that take longer than the host allows are abandoned, and their calls become uncertain.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await abandon.CancelAsync();
        if (ExecuteTask is { } loops)
            await loops.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override void Dispose()
    {
        abandon.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        await businessTime.Known.WaitAsync(stoppingToken);
        await Task.WhenAll([.. Enumerable.Range(0, RoundsAtOnce).Select(_ => LoopAsync(stoppingToken)), LookRegularlyAsync(stoppingToken)]);
    }

    /// <summary>Another instance may have left sends behind without our partitions changing.</summary>
    private async Task LookRegularlyAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(OutboxEvery, systemTime);
        while (await timer.WaitForNextTickAsync(stopping))
            queue.LookIntoOutbox();
    }

    private async Task LoopAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            var (sends, look) = await queue.TakeAsync(settings.SendsPerRoundMax, stopping);
            if (sends.Count > 0)
                await round.RunAsync(sends, abandon.Token);
            else
                await LookAsync(look, abandon.Token);
        }
    }

    private async Task LookAsync(long look, CancellationToken cancellation)
    {
        var complete = false;
        int[] owned, gained;
        lock (acquiring)
        {
            (owned, gained) = ([.. partitions], [.. acquired]);
            acquired.Clear();
        }

        try
        {
            await GiveUpAsync(gained, cancellation);
            var waiting = await outbox.WaitingAsync(owned, queue.Known, SendsPerLookMax, cancellation);
            queue.Offer(waiting);
            complete = waiting.Count < SendsPerLookMax;
        }
        catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
        {
            LogLookFailed(log, fault);
            lock (acquiring)
                acquired.UnionWith(gained);
            await Task.Delay(PauseAfterFault, systemTime, cancellation);
        }
        finally
        {
            queue.Looked(look, complete);
        }
    }

    /// <summary>Calls whose process ended before it recorded the answer: they may have been sent, so they are never sent again.</summary>
    private async Task GiveUpAsync(int[] gained, CancellationToken cancellation)
    {
        if (gained.Length == 0)
            return;
        var open = await outbox.OpenCallsAsync(gained, cancellation);
        var known = queue.Known.ToHashSet();
        var lost = open.Where(c => !known.Contains(c.Send)).ToList();
        if (lost.Count == 0)
            return;
        LogUncertain(log, lost.Count);
        var uncertain = new Uncertain("the service ended between the call and its answer");
        await runtime.ExecuteAsync([.. lost.Select(c => SendCommands.Record(c.Send, c.Customer, c.Attempt, uncertain))], cancellation);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The outbox cannot be read; it is tried again.")]
    private static partial void LogLookFailed(ILogger log, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Calls} mails were being handed over when the service ended; they are marked as uncertain.")]
    private static partial void LogUncertain(ILogger log, int calls);
}
