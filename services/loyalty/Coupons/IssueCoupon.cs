using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A customer gets a coupon. It has no code yet: that is made when it is first looked at.</summary>
internal static class IssueCoupon
{
    /// <param name="coupon">Derived from what asked for it, so that a repeat gives the same.</param>
    public static Command Command(Guid customer, Guid coupon, Campaign campaign, int version, string source, string hash, DateTimeOffset now) =>
        Wallet.Command(customer, (wallet, origin) => Decide(wallet, origin, coupon, campaign, version, source, hash, now)) with { IdempotencyKey = coupon };

    public static Decision Decide(
        Wallet wallet, Guid? origin, Guid coupon, Campaign campaign, int version, string source, string hash, DateTimeOffset now)
    {
        if (wallet.Find(coupon) is not null)
            return Decision.Nothing;
        var until = campaign.UntilIfIssued(now);
        if (until <= now)
            return CouponRefused.Expired(until);
        if (wallet.Coupons.Count >= Wallet.CouponsMax)
            return CouponRefused.WalletFull;
        var had = wallet.UsesOf(campaign.Id, coupon, now) + wallet.Coupons.Count(life => life.Campaign == campaign.Id && !life.IsHeld(now));
        if (campaign.PerMemberMax > 0 && had >= campaign.PerMemberMax)
            return CouponRefused.MemberLimit(campaign.PerMemberMax);
        return new CouponIssued(coupon, campaign.Id, version, now, campaign.From, until, source, hash, origin);
    }
}
