using Microsoft.Extensions.Logging;
using Npgsql;

namespace Patron.Runtime.Processing;

public sealed partial class ServiceRuntime
{
    /// <summary>
    /// Stops taking work, finishes what is under way, publishes what is committed, and gives the partitions back. A database that is away
    /// does not hold the end up: places that are not saved are read again, and leases run out.
    /// </summary>
    internal async Task StopAsync(CancellationToken cancellation)
    {
        clock.Advanced -= OnAdvanced;
        await loops.StopReadingAsync();
        await TryAsync(() => Consumer?.LeaveAsync(cancellation));
        foreach (var lane in lanes)
            lane.Close();

        // Lanes first: what they commit is the relay's to publish.
        while ((Array.Exists(lanes, l => !l.IsIdle) || Relay is { IsIdle: false }) && loops.Faults.Count == 0 && !cancellation.IsCancellationRequested)
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        await loops.StopAsync();
        await TryAsync(() => Relay?.SaveAsync(CancellationToken.None));
        await TryAsync(() => Leases?.LeaveAsync(CancellationToken.None));
    }

    private async Task TryAsync(Func<Task?> farewell)
    {
        try
        {
            await (farewell() ?? Task.CompletedTask);
        }
        catch (Exception fault) when (fault is NpgsqlException or OperationCanceledException)
        {
            LogUntold(logs.CreateLogger($"Patron.{Definition.Name}"), Definition.Name, fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: the database could not be told of the end; nothing is lost, and leases run out.")]
    private static partial void LogUntold(ILogger log, string service, Exception fault);
}
