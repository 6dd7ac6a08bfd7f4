using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Patron.Runtime.Hosting;

/// <summary>Which question a probe helps to answer.</summary>
public enum HealthKind
{
    /// <summary>Has the service finished starting? Until then the other two are not asked.</summary>
    Started,

    /// <summary>Is it beyond repair, so that it should be restarted? Never depends on another system.</summary>
    Live,

    /// <summary>Should it get requests now?</summary>
    Ready,
}

/// <summary>A check; it answers null when all is well, else one sentence for an operator, without secrets or personal data.</summary>
internal sealed record HealthProbe(
    string Name, HealthKind Kind, TimeSpan Timeout, Func<IServiceProvider, CancellationToken, ValueTask<string?>> CheckAsync);

/// <summary>What one check answered.</summary>
internal sealed record HealthAnswer(string Name, bool Healthy, string? Reason, double Milliseconds);

/// <summary>Registers health probes.</summary>
public static class HealthRegistration
{
    /// <param name="check">Answers null when healthy, else one sentence. It may be called at any time, about once a second.</param>
    /// <param name="timeout">Of system time; a check that takes longer is unhealthy.</param>
    public static IServiceCollection AddHealthProbe(this IServiceCollection services, string name, HealthKind kind, TimeSpan timeout,
        Func<IServiceProvider, CancellationToken, ValueTask<string?>> check) =>
        services.AddSingleton(new HealthProbe(name, kind, timeout, check));
}

/// <summary>Runs the probes and answers <c>/health/started</c>, <c>/health/live</c> and <c>/health/ready</c>.</summary>
internal sealed partial class Health(
    IServiceProvider services, IEnumerable<HealthProbe> probes, Drain drain, IHostApplicationLifetime lifetime, SystemClock clock, ILogger<Health> log)
{
    // The endpoints are open to anybody, so that asking often must not make the checked systems work often.
    private static readonly TimeSpan AnswerKept = TimeSpan.FromSeconds(1);

    private readonly Dictionary<HealthKind, Kept> _kept = Enum.GetValues<HealthKind>().ToDictionary(kind => kind, _ => new Kept());

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var kind in Enum.GetValues<HealthKind>())
        {
            var path = $"/health/{kind.ToString().ToLowerInvariant()}";
            routes.MapGet(path, (Health health, CancellationToken cancellation) => health.AnswerAsync(kind, cancellation))
                .AllowPublic("An orchestrator asks without a key, and learns no more than names of checks.").DisableRateLimiting().ExcludeFromDescription();
        }
    }

    private async Task<IResult> AnswerAsync(HealthKind kind, CancellationToken cancellation)
    {
        var checks = Host(kind).Concat(await AskAsync(kind).WaitAsync(cancellation)).ToList();
        var healthy = checks.TrueForAll(c => c.Healthy);
        return TypedResults.Json(
            new { status = healthy ? "healthy" : "unhealthy", checks },
            statusCode: healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }

    private IEnumerable<HealthAnswer> Host(HealthKind kind)
    {
        if (kind == HealthKind.Live)
            yield break;
        var started = lifetime.ApplicationStarted.IsCancellationRequested;
        yield return new HealthAnswer("started", started, started ? null : "The service is still starting.", 0);
        if (kind == HealthKind.Ready)
            yield return new HealthAnswer("accepting", !drain.Stopping, drain.Stopping ? "The service is stopping." : null, 0);
    }

    private Task<HealthAnswer[]> AskAsync(HealthKind kind)
    {
        var kept = _kept[kind];
        lock (kept)
        {
            if (kept.Answers is null || (kept.Answers.IsCompleted && clock.GetElapsedTime(kept.AskedAt) > AnswerKept))
                (kept.Answers, kept.AskedAt) = (Task.WhenAll(probes.Where(p => p.Kind == kind).Select(CheckAsync)), clock.GetTimestamp());
            return kept.Answers;
        }
    }

    private async Task<HealthAnswer> CheckAsync(HealthProbe probe)
    {
        var begin = clock.GetTimestamp();
        using var timeout = new CancellationTokenSource(probe.Timeout, clock);
        string? reason;
        try
        {
            reason = await probe.CheckAsync(services, timeout.Token).AsTask().WaitAsync(probe.Timeout, clock);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            reason = $"No answer within {probe.Timeout.TotalSeconds:0.###} s.";
        }
        catch (Exception e)
        {
            // A message may name hosts and accounts, so it goes to the log only.
            LogFailed(probe.Name, e);
            reason = "The check failed; the log says why.";
        }
        return new HealthAnswer(probe.Name, reason is null, reason, Math.Round(clock.GetElapsedTime(begin).TotalMilliseconds, 1));
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Health check {Name} failed")]
    private partial void LogFailed(string name, Exception exception);

    private sealed class Kept
    {
        public Task<HealthAnswer[]>? Answers { get; set; }

        public long AskedAt { get; set; }
    }
}
