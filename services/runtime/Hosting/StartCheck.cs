using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;

namespace Patron.Runtime.Hosting;

/// <summary>Refuses to start, before anything listens, when a setting is wrong or an endpoint does not say who may call it.</summary>
internal sealed class StartCheck(SettingFaults settings, Func<SignedLinks> links) : IHostedLifecycleService
{
    /// <summary>The routes of the application; null until <c>MapPatronDefaults</c> was called.</summary>
    public IEndpointRouteBuilder? Routes { get; set; }

    public Task StartingAsync(CancellationToken cancellationToken)
    {
        if (settings.Sentences.Count > 0)
            throw new StartRefusedException(settings.Sentences);
        var sentences = Routes is null
            ? ["Access rules, problem details and health endpoints are missing: call MapPatronDefaults before mapping endpoints."]
            : AccessConventions.Faults(Routes.DataSources.SelectMany(s => s.Endpoints), links()).ToList();
        if (sentences.Count > 0)
            throw new StartRefusedException(sentences);
        return Task.CompletedTask;
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
