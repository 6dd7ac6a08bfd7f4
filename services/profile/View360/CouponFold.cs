using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Loyalty.V1;

namespace Patron.Profile;

/// <summary>A coupon that the customer can use.</summary>
/// <param name="Since">Null where it came from another record of the same person.</param>
internal sealed record CouponHeld(Guid Id, string Campaign, DateTimeOffset? Since, DateTimeOffset? Until, bool Viewed);

/// <summary>The coupons of a customer's view: those that can be used, the latest at the end. A code that nobody was issued is in none.</summary>
internal static class CouponFold
{
    public const int HeldMax = 50;

    public static IReadOnlyList<CouponHeld> Fold(IReadOnlyList<CouponHeld> before, ViewedFact viewed) => viewed.Fact switch
    {
        CouponIssued fact => Kept([.. before, new(Guid.Parse(fact.CouponId), fact.Campaign, viewed.Time, TimeOf(fact.ValidUntil), Viewed: false)]),
        CouponViewed fact => [.. before.Select(held => held.Id == Guid.Parse(fact.CouponId) ? held with { Viewed = true } : held)],
        CouponRedeemed fact => Without(before, fact.CouponId),
        CouponExpired fact => Without(before, fact.CouponId),
        CouponVoided fact => Without(before, fact.CouponId),
        WalletRestated fact => Kept(
        [
            .. before.Where(held => !fact.Removed.Contains(held.Id.ToString("D"))),
            .. fact.Added.Select(it => new CouponHeld(Guid.Parse(it.CouponId), it.Campaign, null, TimeOf(it.ValidUntil), it.Viewed)),
        ]),
        _ => before,
    };

    private static IReadOnlyList<CouponHeld> Kept(IEnumerable<CouponHeld> coupons) => [.. coupons.TakeLast(HeldMax)];

    private static IReadOnlyList<CouponHeld> Without(IReadOnlyList<CouponHeld> before, string coupon) =>
        [.. before.Where(held => held.Id != Guid.Parse(coupon))];

    private static DateTimeOffset? TimeOf(Timestamp? time) => time?.ToDateTimeOffset();
}
