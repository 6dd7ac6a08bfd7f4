using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>Somebody wants to use a coupon.</summary>
/// <param name="Campaign">As it was when the coupon was made.</param>
/// <param name="Member">Who uses it; null where that is not known.</param>
/// <param name="Hash">Of the request.</param>
/// <param name="By">The caller.</param>
/// <param name="Now">Business time; of a late report the time of the use.</param>
/// <param name="LateAt">When a late report came in; null for a use that is under way.</param>
internal sealed record UseAsk(
    Campaign Campaign, int Version, Guid? Member, CouponUse Use, string Hash, string By, DateTimeOffset Now, string? PublicCode = null, int Shard = 0,
    DateTimeOffset? LateAt = null)
{
    public bool IsLate => LateAt is not null;

    /// <summary>A late use that is honoured whatever happened meanwhile.</summary>
    public bool IsHonoured => IsLate && Campaign.LatePolicy == LatePolicy.Honour;

    /// <summary>Why it may not be used at this place or time. What is asked of a basket is found by evaluating it.</summary>
    public CouponRefused? WhyNotHere =>
        BasketConditions.WhyNotHere(Campaign, Use.Channel, Use.Store, Now) is { } why ? new CouponRefused(why.Code, why.Detail) : null;
}

/// <summary>
/// Reserving, using and giving up one coupon: what is decided on the coupon itself, and for a known customer on their wallet. Whoever holds the
/// lock decides; of two tills with one code the second finds it held or used.
/// </summary>
internal static class UseCoupon
{
    public static Decision Reserve(CouponLife life, UseAsk ask) =>
        (life.WhyNot(ask.Now) ?? ask.WhyNotHere) is { } refusal ? Decided(refusal) : Reserved(life.Id, life.Numbers + 1, ask);

    /// <param name="loose">The coupon is not in the wallet, and decides for itself.</param>
    public static Decision Reserve(Wallet wallet, Guid coupon, bool loose, UseAsk ask)
    {
        if (WhyNot(wallet, coupon, ask) is { } refusal)
            return Decided(refusal);
        if (loose)
            return Reserved(coupon, 1, ask);
        return wallet.Find(coupon) is { } life ? Reserve(life, ask) : CouponRefused.Unknown;
    }

    public static Decision Redeem(CouponLife life, UseAsk ask, Guid? origin = null)
    {
        var refusal = (ask.IsLate ? WhyNotLate(life, ask) : life.WhyNot(ask.Now)) ?? ask.WhyNotHere;
        var over = refusal is not null;
        return over && !(ask.IsHonoured && refusal is CouponRefused { Reason: "coupon-used" or "coupon-reserved" or "coupon-void" })
            ? Decided(refusal!)
            : Redeemed(life.Id, 0, ask, over, origin);
    }

    public static Decision Redeem(Wallet wallet, Guid coupon, bool loose, UseAsk ask, Guid? origin)
    {
        if (!ask.IsHonoured && WhyNot(wallet, coupon, ask) is { } refusal)
            return Decided(refusal);
        if (loose)
            return Redeemed(coupon, 0, ask, over: false, origin);
        return wallet.Find(coupon) is { } life ? Redeem(life, ask, life.Origin) : CouponRefused.Unknown;
    }

    /// <summary>The reservation becomes a use. A hold that is over does not count, also where nobody else has taken the coupon.</summary>
    public static Decision Confirm(CouponLife life, int number, UseAsk ask) =>
        life.Stage == CouponStage.Redeemed ? CouponRefused.Used(life.EndedAt)
        : life.IsHeld(ask.Now) && life.Reservation!.Number == number ? Redeemed(life.Id, number, ask, over: false, life.Origin)
        : CouponRefused.ReservationOver;

    public static Decision Confirm(Wallet wallet, Guid coupon, bool loose, int number, UseAsk ask)
    {
        if (!loose)
            return wallet.Find(coupon) is { } life ? Confirm(life, number, ask) : CouponRefused.Unknown;
        var held = wallet.Held.FirstOrDefault(it => it.Coupon == coupon && it.Until > ask.Now);
        return held is null ? CouponRefused.ReservationOver : Redeemed(coupon, number, ask, over: false, held.Origin);
    }

    /// <summary>Gives up a reservation; one that is gone already stays gone.</summary>
    public static Decision Release(CouponLife life, int number, bool lapsed, DateTimeOffset now)
    {
        if (life.Stage != CouponStage.Reserved || life.Reservation!.Number != number || (lapsed && life.Reservation.Until > now))
            return life.Stage == CouponStage.Redeemed && !lapsed ? CouponRefused.Used(life.EndedAt) : Decision.Nothing;
        var released = new CouponReleased(life.Id, life.Campaign, number, lapsed, now);
        return life.Source.Length > 0 && life.Until <= now ? Decision.Of(released, new CouponExpired(life.Id, life.Campaign, now)) : released;
    }

    public static Decision Release(Wallet wallet, Guid coupon, int number, bool lapsed, DateTimeOffset now)
    {
        if (wallet.Find(coupon) is { } life)
            return Release(life, number, lapsed, now);
        var held = wallet.Held.FirstOrDefault(it => it.Coupon == coupon && (!lapsed || it.Until <= now));
        return held is null ? Decision.Nothing : new CouponReleased(coupon, held.Campaign, number, lapsed, now);
    }

    /// <summary>A coupon of a wallet whose time is over. One that is held may still be confirmed, and expires when it is given up.</summary>
    public static Decision Expire(Wallet wallet, Guid coupon, DateTimeOffset now) =>
        wallet.Find(coupon) is { IsLive: true } life && life.Until <= now && !life.IsHeld(now)
            ? new CouponExpired(coupon, life.Campaign, now)
            : Decision.Nothing;

    public static Decision Void(CouponLife life, string reason, string by, DateTimeOffset now) => life.Stage switch
    {
        CouponStage.Voided => Decision.Nothing,
        CouponStage.Redeemed => CouponRefused.Used(life.EndedAt),
        _ => new CouponVoided(life.Id, life.Campaign, reason, by, now),
    };

    private static CouponRefused? WhyNotLate(CouponLife life, UseAsk ask) => life.Stage switch
    {
        CouponStage.Redeemed => CouponRefused.Used(life.EndedAt),
        CouponStage.Voided => CouponRefused.Void,
        _ when life.IsHeld(ask.LateAt!.Value) => CouponRefused.Reserved(life.Reservation!.Until),
        _ when life.Until <= ask.Now => CouponRefused.Expired(life.Until),
        _ when life.From > ask.Now => CouponRefused.NotYet(life.From),
        _ => null,
    };

    private static CouponRefused? WhyNot(Wallet wallet, Guid coupon, UseAsk ask) =>
        ask.Campaign.PerMemberMax > 0 && wallet.UsesOf(ask.Campaign.Id, coupon, ask.Now) >= ask.Campaign.PerMemberMax
            ? CouponRefused.MemberLimit(ask.Campaign.PerMemberMax)
            : null;

    private static CouponReserved Reserved(Guid coupon, int number, UseAsk ask) => new(
        coupon, ask.Campaign.Id, ask.Version, number, ask.Now, ask.Now.AddMinutes(ask.Campaign.ReservedMinutes), ask.Member, ask.PublicCode, ask.Shard,
        ask.Use, ask.Hash, ask.By);

    private static CouponRedeemed Redeemed(Guid coupon, int number, UseAsk ask, bool over, Guid? origin) => new(
        coupon, ask.Campaign.Id, ask.Version, number, ask.Now, ask.Member, ask.Use, ask.Hash, ask.By, ask.IsLate, over, ask.Campaign.PerMemberMax > 0,
        origin);

    private static Decision Decided(Refusal refusal) => new([], refusal);
}
