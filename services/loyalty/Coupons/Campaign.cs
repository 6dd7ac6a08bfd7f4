using System.Text.Json;
using System.Text.Json.Serialization;

namespace Patron.Loyalty;

/// <summary>Enums as words in kebab case.</summary>
internal sealed class WordJson<TEnum>() : JsonStringEnumConverter<TEnum>(JsonNamingPolicy.KebabCaseLower, allowIntegerValues: false)
    where TEnum : struct, Enum;

[JsonConverter(typeof(WordJson<BenefitKind>))]
internal enum BenefitKind
{
    /// <summary>A share of what the goods cost.</summary>
    Percentage,

    AmountOff,

    /// <summary>Pieces of one product that is in the basket.</summary>
    FreeProduct,

    /// <summary>Of so many pieces in a row, the dearest first, the last ones cost less.</summary>
    BuyAndGet,

    /// <summary>The purchase earns more points; the price stays.</summary>
    PointsMultiplier,

    /// <summary>Something that a till or a shop knows by name: free shipping, an early sale, a closed collection.</summary>
    Perk,
}

/// <summary>What becomes of a use that a till reports later, after the coupon was used elsewhere.</summary>
[JsonConverter(typeof(WordJson<LatePolicy>))]
internal enum LatePolicy
{
    /// <summary>Whoever is first here has it; the late use is refused.</summary>
    FirstWins,

    /// <summary>The customer was given it and keeps it; it is recorded as one use too many, for somebody to look at.</summary>
    Honour,
}

/// <summary>What a coupon gives. Fields that its kind does not use are left out.</summary>
/// <param name="BasisPoints">
/// Percentage, and what the last pieces of buy-and-get lose: 1 to 10,000, where 10,000 is all. Points multiplier: 10,001 to 100,000, where 20,000
/// doubles.
/// </param>
/// <param name="AmountMinor">Amount off, in minor units of <paramref name="Currency"/>.</param>
/// <param name="MaxMinor">The most that a percentage takes off, in minor units of <paramref name="Currency"/>; 0 for no bound.</param>
/// <param name="Product">Free product: its code.</param>
/// <param name="Pieces">Free product: the most pieces. Buy-and-get: how many pieces a group has in all.</param>
/// <param name="Free">Buy-and-get: how many of a group cost less.</param>
/// <param name="Times">Buy-and-get: the most groups; 0 for no bound.</param>
/// <param name="Name">Perk: a code such as <c>free-shipping</c>.</param>
internal sealed record CouponBenefit(
    BenefitKind Kind, int BasisPoints = 0, long AmountMinor = 0, long MaxMinor = 0, string? Currency = null, string? Product = null, int Pieces = 0,
    int Free = 0, int Times = 0, string? Name = null);

/// <summary>Which lines of a basket. Empty lists take all; a line must match every list that is not empty.</summary>
internal sealed record Goods(
    IReadOnlyList<string> Products, IReadOnlyList<string> Categories, IReadOnlyList<string> Brands, IReadOnlyList<string> ExceptProducts)
{
    public static readonly Goods All = new([], [], [], []);

    public bool Include(string product, string? category, string? brand) =>
        Has(Products, product) && Has(Categories, category) && Has(Brands, brand) && !ExceptProducts.Contains(product, StringComparer.Ordinal);

    private static bool Has(IReadOnlyList<string> named, string? value) =>
        named.Count == 0 || (value is not null && named.Contains(value, StringComparer.Ordinal));
}

/// <summary>When and where a coupon may be used. What is left out does not matter.</summary>
/// <param name="MinSpendMinor">Of the goods that it applies to, before any discount, in minor units of <paramref name="Currency"/>.</param>
/// <param name="MinPieces">Of the goods that it applies to.</param>
/// <param name="Weekdays">1 for Monday to 7 for Sunday, in <paramref name="Zone"/>.</param>
/// <param name="FromTime">Such as <c>09:00</c>, in <paramref name="Zone"/>.</param>
/// <param name="UntilTime">The first minute after it; earlier than <paramref name="FromTime"/> for a time over midnight.</param>
/// <param name="Zone">IANA; needed with weekdays or times.</param>
/// <param name="MembersOnly">Whoever uses it must be known.</param>
internal sealed record Conditions(
    long MinSpendMinor = 0, string? Currency = null, int MinPieces = 0, IReadOnlyList<string>? Channels = null, IReadOnlyList<string>? Stores = null,
    IReadOnlyList<int>? Weekdays = null, string? FromTime = null, string? UntilTime = null, string? Zone = null, IReadOnlyList<string>? Tiers = null,
    bool MembersOnly = false)
{
    public static readonly Conditions None = new();
}

/// <summary>How coupons go together in one basket.</summary>
/// <param name="Group">Of coupons of one group at most one applies; null for no group.</param>
/// <param name="Exclusive">It applies alone.</param>
/// <param name="Priority">Lower ones are taken off first; what later ones work on is what is left.</param>
internal sealed record CouponStacking(string? Group = null, bool Exclusive = false, int Priority = 0)
{
    public static readonly CouponStacking Free = new();
}

/// <summary>What its coupons are, from one version on. A code keeps the version that it was made with.</summary>
/// <param name="Id">Lower-case letters, digits and hyphens, at most 40.</param>
/// <param name="Names">By language: en, zh-Hans, zh-Hant.</param>
/// <param name="ValidDays">Days from the issue to a customer on; 0 for no bound of this kind.</param>
/// <param name="PerMemberMax">The most that one customer may use; 0 for no bound.</param>
/// <param name="ReservedMinutes">How long a till may hold a coupon: 1 to 1,440.</param>
internal sealed record Campaign(
    string Id, IReadOnlyDictionary<string, string> Names, CouponBenefit Benefit, Goods? Goods, Conditions? Conditions, CouponStacking? Stacking,
    DateTimeOffset? From, DateTimeOffset? Until, int ValidDays, int PerMemberMax, int ReservedMinutes, LatePolicy LatePolicy)
{
    public const int ReservedMinutesDefault = 15;

    public DateTimeOffset? UntilIfIssued(DateTimeOffset at)
    {
        DateTimeOffset? own = ValidDays > 0 ? at.AddDays(ValidDays) : null;
        return own is null || Until < own ? Until : own;
    }
}
