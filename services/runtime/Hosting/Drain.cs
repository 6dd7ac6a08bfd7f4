using Microsoft.Extensions.Hosting;

namespace Patron.Runtime.Hosting;

/// <summary>Configuration section <c>Drain</c>: how the service stops.</summary>
public sealed class DrainSettings : ISettings
{
    /// <summary>How long requests are still taken after readiness has turned false, so that load balancers notice first.</summary>
    public TimeSpan ReadinessDelay { get; set; } = TimeSpan.Zero;

    /// <summary>How long requests in flight and then hosted services may take to end; what is left is cut off.</summary>
    public TimeSpan GracePeriod { get; set; } = TimeSpan.FromSeconds(25);

    public IEnumerable<SettingFault> Check()
    {
        if (ReadinessDelay < TimeSpan.Zero || ReadinessDelay > TimeSpan.FromMinutes(5))
            yield return new SettingFault(nameof(ReadinessDelay), "it must be from 00:00:00 to 00:05:00");
        if (GracePeriod < TimeSpan.FromSeconds(1) || GracePeriod > TimeSpan.FromHours(1))
            yield return new SettingFault(nameof(GracePeriod), "it must be from 00:00:01 to 01:00:00");
    }
}

/// <summary>
/// The order of stopping: readiness turns false, the delay passes, the server takes no more requests and ends those in flight, then hosted
/// services stop in reverse order of registration. The last two steps are the host's own; the server is always its last service.
/// </summary>
internal sealed class Drain(DrainSettings settings, SystemClock clock) : IHostedLifecycleService
{
    private volatile bool _stopping;

    public bool Stopping => _stopping;

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        _stopping = true;
        return Task.Delay(settings.ReadinessDelay, clock, cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
