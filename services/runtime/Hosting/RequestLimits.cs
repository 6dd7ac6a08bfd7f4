using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;

namespace Patron.Runtime.Hosting;

/// <summary>Bounds what is handled at the same time, and what one caller may ask for, so that overload is refused and not piled up.</summary>
internal static class RequestLimits
{
    private static readonly TimeSpan Burst = TimeSpan.FromSeconds(2);

    public static void Apply(RateLimiterOptions options, HttpSettings settings)
    {
        var inFlight = PartitionedRateLimiter.Create<HttpContext, string>(_ => RateLimitPartition.GetConcurrencyLimiter("all", _ =>
            new ConcurrencyLimiterOptions { PermitLimit = settings.RequestsInFlightMax, QueueLimit = settings.RequestsInFlightMax }));
        var perCaller = PartitionedRateLimiter.Create<HttpContext, string>(context => settings.RequestsPerSecondMax == 0
            ? RateLimitPartition.GetNoLimiter("")
            : RateLimitPartition.GetTokenBucketLimiter(CallerOf(context), _ => Bucket(settings.RequestsPerSecondMax)));
        options.GlobalLimiter = PartitionedRateLimiter.CreateChained(perCaller, inFlight);
        options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
        options.OnRejected = (rejected, _) =>
        {
            var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var told) ? told : TimeSpan.FromSeconds(1);
            rejected.HttpContext.Response.Headers.RetryAfter =
                Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            return ValueTask.CompletedTask;
        };
    }

    private static string CallerOf(HttpContext context) =>
        context.Features.Get<ApiCaller>() is { } caller ? "key " + caller.Name : "address " + context.Connection.RemoteIpAddress;

    private static TokenBucketRateLimiterOptions Bucket(int perSecond) => new()
    {
        TokenLimit = (int)Math.Min(int.MaxValue, perSecond * Burst.TotalSeconds),
        TokensPerPeriod = perSecond,
        ReplenishmentPeriod = TimeSpan.FromSeconds(1),
        QueueLimit = 0,
    };
}
