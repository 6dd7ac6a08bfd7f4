using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>
/// What happened to a coupon. It stands in the wallet of the customer whom it was issued to, or in the stream of its own of a code that nobody
/// was issued; where a known customer uses such a code, it stands in both.
/// </summary>
internal abstract record CouponEvent(Guid Coupon) : DomainEvent;

/// <summary>Where and for what a coupon is used.</summary>
/// <param name="Receipt">The touchpoint's own number of the purchase.</param>
/// <param name="DiscountMinor">What the till took off, in minor units of <paramref name="Currency"/>.</param>
internal sealed record CouponUse(string? Channel, string? Store, string? Receipt, long DiscountMinor, string? Currency)
{
    public static readonly CouponUse Unknown = new(null, null, null, 0, null);
}

/// <param name="Source">Why, as a code such as <c>reward/mug</c>.</param>
/// <param name="Hash">Of the request that asked for it; empty where no request did.</param>
/// <param name="Origin">Who it was issued to, where that customer is merged into the wallet's; otherwise null.</param>
[EventName("loyalty.coupon-issued.v1")]
internal sealed record CouponIssued(
    Guid Coupon, string Campaign, int Version, DateTimeOffset At, DateTimeOffset? From, DateTimeOffset? Until, string Source, string Hash,
    Guid? Origin = null) : CouponEvent(Coupon);

/// <summary>Its customer saw it, and the code that it has from then on.</summary>
[EventName("loyalty.coupon-viewed.v1")]
internal sealed record CouponViewed(Guid Coupon, string Campaign, DateTimeOffset At, int Batch, int Serial) : CouponEvent(Coupon);

/// <summary>The code stands for a coupon in a customer's wallet.</summary>
[EventName("loyalty.code-bound.v1")]
internal sealed record CodeBound(Guid Coupon, Guid Member, Guid WalletCoupon, DateTimeOffset At) : CouponEvent(Coupon);

/// <param name="Number">Counts the reservations of the coupon, from 1.</param>
/// <param name="Member">Who wants to use it, where that is known.</param>
/// <param name="PublicCode">The code, where many people may use it.</param>
/// <param name="Shard">Where the use of a public code is counted.</param>
[EventName("loyalty.coupon-reserved.v1")]
internal sealed record CouponReserved(
    Guid Coupon, string Campaign, int Version, int Number, DateTimeOffset At, DateTimeOffset Until, Guid? Member, string? PublicCode, int Shard,
    CouponUse Use, string Hash, string By) : CouponEvent(Coupon);

/// <param name="Lapsed">Nobody came back for it.</param>
[EventName("loyalty.coupon-released.v1")]
internal sealed record CouponReleased(Guid Coupon, string Campaign, int Number, bool Lapsed, DateTimeOffset At) : CouponEvent(Coupon);

/// <param name="Number">Of the reservation that this confirms; 0 where there was none.</param>
/// <param name="Late">A till reported it after the fact.</param>
/// <param name="Over">It had been used before, and was honoured all the same.</param>
/// <param name="Counts">The campaign bounds the uses of a customer.</param>
[EventName("loyalty.coupon-redeemed.v1")]
internal sealed record CouponRedeemed(
    Guid Coupon, string Campaign, int Version, int Number, DateTimeOffset At, Guid? Member, CouponUse Use, string Hash, string By, bool Late, bool Over,
    bool Counts, Guid? Origin = null) : CouponEvent(Coupon);

[EventName("loyalty.coupon-expired.v1")]
internal sealed record CouponExpired(Guid Coupon, string Campaign, DateTimeOffset At) : CouponEvent(Coupon);

[EventName("loyalty.coupon-voided.v1")]
internal sealed record CouponVoided(Guid Coupon, string Campaign, string Reason, string By, DateTimeOffset At) : CouponEvent(Coupon);
