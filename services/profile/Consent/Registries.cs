using Npgsql;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Keeps attributes and wordings in memory as new as another instance's declarations, from before the first event on.</summary>
internal sealed partial class Registries(
    AttributeRegistry attributes, WordingBook wordings, ConsentSettings settings, SystemClock systemClock, ILogger<Registries> logger) : BackgroundService
{
    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await RefreshAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.RegistriesEvery, systemClock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RefreshAsync(stoppingToken);
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException)
            {
                LogStale(logger, fault);
            }
        }
    }

    private async Task RefreshAsync(CancellationToken cancellation)
    {
        await attributes.RefreshAsync(cancellation);
        await wordings.RefreshAsync(cancellation);
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Attributes and wordings cannot be read; those in memory count meanwhile.")]
    private static partial void LogStale(ILogger logger, Exception fault);
}
