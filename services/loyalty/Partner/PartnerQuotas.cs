using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.RateLimiting;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>Configuration section <c>Partners</c>: what a partner may do, by the name of its API key.</summary>
internal sealed class PartnerSettings : ISettings
{
    public const int CallsMax = 100_000;

    /// <summary>For partners that are not listed.</summary>
    public PartnerQuota Default { get; set; } = new();

    public IDictionary<string, PartnerQuota> Quotas { get; set; } = new Dictionary<string, PartnerQuota>();

    public PartnerQuota QuotaOf(string partner) => Quotas.TryGetValue(partner, out var quota) ? quota : Default;

    public IEnumerable<SettingFault> Check()
    {
        foreach (var (place, quota) in Quotas.Select(q => ($"{nameof(Quotas)}:{q.Key}", q.Value)).Append((nameof(Default), Default)))
        {
            if (quota.CallsPerSecond is < 1 or > CallsMax)
                yield return new($"{place}:{nameof(PartnerQuota.CallsPerSecond)}", string.Create(CultureInfo.InvariantCulture, $"it must be 1 to {CallsMax}"));
            if (quota.PointsPerCall < 0)
                yield return new($"{place}:{nameof(PartnerQuota.PointsPerCall)}", "it must not be negative");
        }
    }
}

internal sealed class PartnerQuota
{
    /// <summary>Of each instance of the service; as many at once.</summary>
    public int CallsPerSecond { get; set; } = 1_000;

    /// <summary>The most points that one call may book for a member; 0: the partner books none.</summary>
    public long PointsPerCall { get; set; } = 100_000;
}

/// <summary>Counts partners' calls in memory, each partner apart, so that none of them takes the others' share.</summary>
internal sealed class PartnerQuotas(PartnerSettings settings) : IDisposable
{
    private const int PermitsEvery = 20;
    private readonly ConcurrentDictionary<string, TokenBucketRateLimiter> limiters = new();

    /// <summary>Null when the call may go on, otherwise how long to wait.</summary>
    public TimeSpan? Take(string partner)
    {
        var limiter = limiters.GetOrAdd(partner, Open);
        using var lease = limiter.AttemptAcquire();
        if (lease.IsAcquired)
            return null;
        return lease.TryGetMetadata(MetadataName.RetryAfter, out var wait) ? wait : TimeSpan.FromSeconds(1);
    }

    public void Dispose()
    {
        foreach (var limiter in limiters.Values)
            limiter.Dispose();
    }

    // Permits come back in small parts, so that a partner at its limit goes on evenly instead of by the second.
    private TokenBucketRateLimiter Open(string partner)
    {
        var calls = settings.QuotaOf(partner).CallsPerSecond;
        var parts = Math.Min(PermitsEvery, calls);
        return new(new TokenBucketRateLimiterOptions
        {
            TokenLimit = calls,
            TokensPerPeriod = calls / parts,
            ReplenishmentPeriod = TimeSpan.FromSeconds(1.0 / parts),
            QueueLimit = 0,
        });
    }
}
