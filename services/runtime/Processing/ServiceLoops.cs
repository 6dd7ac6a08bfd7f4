using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace Patron.Runtime.Processing;

/// <summary>
/// The endless tasks of a service. Those that bring in work are stopped first, those that finish it afterwards. One that ends by a fault
/// makes the service unready and is not restarted: what is unknown must be looked at.
/// </summary>
internal sealed partial class ServiceLoops(string service, ILogger log) : IAsyncDisposable
{
    private readonly CancellationTokenSource reading = new();
    private readonly CancellationTokenSource all = new();
    private readonly List<Task> readers = [];
    private readonly List<Task> finishers = [];
    private readonly ConcurrentQueue<string> faults = new();

    public IReadOnlyCollection<string> Faults => faults;

    public void Start(string name, Func<CancellationToken, Task> run, bool untilLanes = false) =>
        (untilLanes ? finishers : readers).Add(GuardAsync(name, run, untilLanes ? all.Token : reading.Token));

    public async Task StopReadingAsync()
    {
        await reading.CancelAsync();
        await Task.WhenAll(readers);
    }

    public async Task StopAsync()
    {
        await all.CancelAsync();
        await Task.WhenAll(finishers);
    }

    public void LogTransient(string name, Exception fault) => LogRepeated(log, service, name, fault);

    public async ValueTask DisposeAsync()
    {
        await StopReadingAsync();
        await StopAsync();
        reading.Dispose();
        all.Dispose();
    }

    private async Task GuardAsync(string name, Func<CancellationToken, Task> run, CancellationToken cancellation)
    {
        try
        {
            await Task.Yield();
            await run(cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            // Asked to end.
        }
#pragma warning disable CA1031 // The last resort of a loop: the fault is logged and shown by the readiness probe.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            faults.Enqueue($"The {name} of {service} ended: {fault.Message}");
            LogEnded(log, service, name, fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Critical, Message = "{Service}: the {Loop} ended by a fault; the service is not ready any more.")]
    private static partial void LogEnded(ILogger log, string service, string loop, Exception fault);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: {Loop} failed and is tried again.")]
    private static partial void LogRepeated(ILogger log, string service, string loop, Exception fault);
}
