using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <param name="SpendMinor">Qualifying spend in the window, in minor units of <paramref name="Currency"/>.</param>
/// <param name="ThresholdMinor">Upwards what the new tier needs, downwards what the old one would have needed.</param>
/// <param name="Since">The first month of the window, as yyyymm.</param>
/// <param name="ReviewAt">When the tier is looked at again; null for the lowest, which nobody can lose.</param>
/// <param name="By">What was measured against the threshold, where that is not spend alone.</param>
[EventName("loyalty.tier-changed.v1")]
internal sealed record TierChanged(
    string From, string To, bool Upgrade, long SpendMinor, long ThresholdMinor, string Currency, int Since, DateTimeOffset At,
    DateTimeOffset? ReviewAt, IReadOnlyList<Measured>? By = null) : DomainEvent;

/// <summary>The review found enough, or a member in grace has reached the tier again.</summary>
[EventName("loyalty.tier-kept.v1")]
internal sealed record TierKept(
    string Tier, long SpendMinor, long ThresholdMinor, string Currency, int Since, DateTimeOffset At, DateTimeOffset ReviewAt,
    IReadOnlyList<Measured>? By = null) : DomainEvent;

/// <summary>The review found too little: the tier is kept for some days, in which it can still be reached.</summary>
/// <param name="Until">When it is lost otherwise.</param>
[EventName("loyalty.tier-grace-given.v1")]
internal sealed record TierGraceGiven(
    string Tier, long SpendMinor, long ThresholdMinor, string Currency, int Since, DateTimeOffset At, DateTimeOffset Until,
    IReadOnlyList<Measured>? By = null) : DomainEvent;

/// <summary>How much of something was done, and what a tier asks for.</summary>
/// <param name="Measure"><c>spend</c>, <c>points</c> or <c>visits</c>.</param>
internal readonly record struct Measured(string Measure, long Value, long Threshold);
