namespace Patron.Loyalty;

/// <summary>A line of a basket.</summary>
/// <param name="Quantity">Pieces, at least 1.</param>
/// <param name="AmountMinor">Of all its pieces before any coupon, in minor units of the basket's currency; not negative.</param>
internal sealed record BasketLine(string Product, string? Category, string? Brand, int Quantity, long AmountMinor);

/// <summary>What is about to be bought.</summary>
/// <param name="At">Null for now.</param>
/// <param name="Codes">Coupons that the customer shows.</param>
/// <param name="LeaveWallet">Only the codes count, not the coupons in the customer's wallet.</param>
internal sealed record Basket(
    IReadOnlyList<BasketLine> Lines, string Currency, string? Channel, string? Store, DateTimeOffset? At, Guid? Customer, IReadOnlyList<string>? Codes,
    bool LeaveWallet)
{
    public const int LinesMax = 200;
    public const int PiecesMax = 1_000;
    public const int CodesMax = 20;
    public const long AmountMinorMax = 1_000_000_000_000;
}

/// <summary>A coupon that may be used now as far as it itself is concerned.</summary>
/// <param name="Shown">The code by which it was shown; null for one of the wallet.</param>
/// <param name="UsesLeft">Of its campaign by this customer.</param>
internal sealed record Candidate(Guid Coupon, string? Shown, Campaign Campaign, int UsesLeft = int.MaxValue);

/// <param name="DiscountMinor">The sum of <paramref name="ByCoupon"/>, never more than the line's amount.</param>
internal sealed record LineDiscount(int Line, long DiscountMinor, IReadOnlyList<CouponShare> ByCoupon);

internal sealed record CouponShare(Guid Coupon, long DiscountMinor);

/// <param name="DiscountMinor">0 for a benefit that takes nothing off.</param>
internal sealed record AppliedCoupon(Guid Coupon, string? Code, string Campaign, CouponBenefit Benefit, long DiscountMinor);

/// <param name="Coupon">Null for a code that is none.</param>
internal sealed record LeftOut(Guid? Coupon, string? Code, string? Campaign, WhyNot Why);

/// <summary>What a basket costs with the best of its coupons.</summary>
/// <param name="Lines">Every line, in order; their discounts add up to <paramref name="DiscountMinor"/>.</param>
/// <param name="Applied">In the order in which they are taken off.</param>
/// <param name="PointsBasisPoints">10,000 for the usual points; of several multipliers the largest counts.</param>
internal sealed record BasketAnswer(
    string Currency, long AmountMinor, long DiscountMinor, long ToPayMinor, IReadOnlyList<LineDiscount> Lines, IReadOnlyList<AppliedCoupon> Applied,
    int PointsBasisPoints, IReadOnlyList<string> Perks, IReadOnlyList<LeftOut> LeftOut);
