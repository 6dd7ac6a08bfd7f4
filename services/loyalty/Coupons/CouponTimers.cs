using System.Diagnostics;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A coupon's timers, on the stream in which it stands: the end of a reservation, and in a wallet the end of its validity.</summary>
internal static class CouponTimers
{
    private const string Prefix = "coupon-";
    private const string Hold = "coupon-hold/";
    private const string Expiry = "coupon-expiry/";

    public static IEnumerable<TimerChange> Of(DomainEvent happened) => happened switch
    {
        CouponIssued { Until: { } until } issued => [TimerChange.Set(Name(Expiry, issued.Coupon), until)],
        CouponReserved reserved => [TimerChange.Set(Name(Hold, reserved.Coupon), reserved.Until)],
        CouponReleased { Lapsed: false } released => [TimerChange.Cancel(Name(Hold, released.Coupon))],
        CouponRedeemed { Over: true } or CouponRedeemed { Member: null, Number: 0 } => [],
        CouponRedeemed { Number: 0 } redeemed => [TimerChange.Cancel(Name(Expiry, redeemed.Coupon))],
        CouponRedeemed or CouponVoided => All(((CouponEvent)happened).Coupon, null),
        WalletClosed closed => closed.Coupons.SelectMany(coupon => All(coupon, null)),
        WalletGivenBack given => given.Coupons.SelectMany(coupon => All(coupon, null)),
        WalletEmptied emptied => emptied.Coupons.SelectMany(coupon => All(coupon, null)),
        WalletAbsorbed absorbed => absorbed.Content.Coupons.SelectMany(life => All(life.Id, life)),
        WalletReopened reopened => reopened.Content.Coupons.SelectMany(life => All(life.Id, life)),
        CouponIssued or CouponViewed or CodeBound or CouponReleased or CouponExpired or StockTaken
            or StockReturned or RewardClaimed or OfferAdvanced or BookEvent => [],
        _ when JudgeReferral.Knows(happened) => JudgeReferral.TimersOf(happened),
        _ => throw new UnreachableException($"No timers are defined for {happened.GetType().Name}."),
    };

    public static bool Knows(DueTimer timer) =>
        timer.Name.StartsWith(Prefix, StringComparison.Ordinal) || timer.Name.StartsWith(JudgeReferral.Timer, StringComparison.Ordinal);

    public static IEnumerable<Command> OnDue(DueTimer timer, BookContent book)
    {
        if (timer.Name.StartsWith(JudgeReferral.Timer, StringComparison.Ordinal))
            return JudgeReferral.OnDue(timer, book, timer.Due);
        var coupon = Guid.ParseExact(timer.Name[(timer.Name.IndexOf('/', StringComparison.Ordinal) + 1)..], "N");
        if (timer.Name.StartsWith(Expiry, StringComparison.Ordinal))
            return [Wallet.Kind.Command(timer.Stream, timer.Customer, wallet => UseCoupon.Expire(wallet, coupon, timer.Due))];
        return timer.Stream == timer.Customer
            ? [Coupon.Kind.Command(timer.Stream, timer.Customer, state => state.Life is { Reservation: { } held } life
                ? UseCoupon.Release(life, held.Number, lapsed: true, timer.Due)
                : Decision.Nothing)]
            : [Wallet.Kind.Command(timer.Stream, timer.Customer, wallet => UseCoupon.Release(
                wallet, coupon, wallet.Find(coupon)?.Reservation?.Number ?? 1, lapsed: true, timer.Due))];
    }

    private static IEnumerable<TimerChange> All(Guid coupon, CouponLife? life) =>
        [new(Name(Hold, coupon), life?.Reservation?.Until), new(Name(Expiry, coupon), life?.Until)];

    private static string Name(string kind, Guid coupon) => $"{kind}{coupon:N}";
}
