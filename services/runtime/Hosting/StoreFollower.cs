using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Patron.Runtime.Hosting;

/// <summary>
/// Keeps in memory what a store says, for instances that did not write it themselves: looks at its start and then ever again. A store that does
/// not answer is logged and looked at again.
/// </summary>
/// <param name="what">In the log, such as <c>The catalogue</c>.</param>
/// <param name="every">Between two looks, in system time.</param>
public abstract partial class StoreFollower(string what, TimeSpan every, SystemClock clock, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim oneAtATime = new(1);

    protected SystemClock Clock => clock;

    protected ILogger Logger => logger;

    public override void Dispose()
    {
        base.Dispose();
        oneAtATime.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Learns everything that was committed before the call.</summary>
    protected abstract Task LookAsync(CancellationToken cancellation);

    /// <summary>Reads while nobody else does, so that what was read later is not replaced by what was read before.</summary>
    protected async Task AloneAsync(Func<Task> read, CancellationToken cancellation)
    {
        await oneAtATime.WaitAsync(cancellation);
        try
        {
            await read();
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = every;
            try
            {
                await LookAsync(stoppingToken);
            }
            catch (NpgsqlException fault)
            {
                LogAgain(logger, what, fault);
                wait = every > RetryAfter ? every : RetryAfter;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }

            await Task.Delay(wait, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{What} cannot be read; trying again")]
    private static partial void LogAgain(ILogger logger, string what, Exception fault);
}
