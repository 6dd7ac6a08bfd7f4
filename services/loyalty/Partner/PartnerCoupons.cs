using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using BasketOfPartner = Patron.Contracts.Partner.V1.Basket;

namespace Patron.Loyalty;

/// <summary>Partners look at coupons, set them aside and redeem them, by the same rules as the brand's own tills.</summary>
internal sealed class PartnerCoupons(ServiceRuntime runtime, CouponDesk desk, BusinessClock clock)
{
    // What a repeat of a call that succeeded finds: the coupon is used, or held, by that very call.
    private static readonly HashSet<string> MayBeRepeat = ["coupon-used", "coupon-reserved", "customer-limit", "none-left"];

    public async Task<CheckCouponResponse> CheckAsync(CheckCouponRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var partner = PartnerService.PartnerOf(call);
        var (applied, left) = await EvaluateAsync(request.Code, request.CustomerId, request.Basket, partner, cancellation);

        // A code that is none counts as one failed try, not two.
        var isOne = (applied?.Coupon ?? left?.Coupon) is not null;
        var (found, _) = isOne ? await desk.FindAsync(request.Code, "check", partner, look: true, cancellation) : (null, null);
        return new()
        {
            Applies = applied is not null, Campaign = applied?.Campaign ?? left?.Campaign ?? "", DiscountMinor = applied?.DiscountMinor ?? 0,
            ValidUntil = found?.Life.Until?.ToTimestamp(), Reason = left is null ? "" : PartnerErrors.ReasonOf(left.Why.Code),
            Detail = left?.Why.Detail ?? "",
        };
    }

    public async Task<RedeemCouponResponse> RedeemAsync(RedeemCouponRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var wanted = new Wanted(request.Code, request.CustomerId, request.Basket, request.Receipt, request.IdempotencyKey, request, "redeem");
        var (_, happened) = await UseAsync<CouponRedeemed>(wanted, PartnerService.PartnerOf(call), e => e.Hash, cancellation);
        return Answer(happened);
    }

    public async Task<ReserveCouponResponse> ReserveAsync(ReserveCouponRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var wanted = new Wanted(request.Code, request.CustomerId, request.Basket, "", request.IdempotencyKey, request, "reserve");
        var (owner, happened) = await UseAsync<CouponReserved>(wanted, PartnerService.PartnerOf(call), e => e.Hash, cancellation);
        return new()
        {
            HoldId = TillEndpoints.Token(happened.Coupon, owner, happened.Number), Campaign = happened.Campaign,
            DiscountMinor = happened.Use.DiscountMinor, Currency = happened.Use.Currency ?? "", ExpiresAt = happened.Until.ToTimestamp(),
        };
    }

    public async Task<RedeemCouponResponse> ConfirmAsync(ConfirmCouponRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (coupon, member, number) = Meant(request.HoldId);
        CheckTexts(("receipt", request.Receipt));
        if (TillEndpoints.Check(new("", null, null, null, null, null, request.DiscountMinor, request.Currency)) is [var wrong, ..])
            throw PartnerErrors.Invalid(wrong.Path == "/currency" ? "currency" : "discount_minor", wrong.Detail);
        var (partner, hash) = (PartnerService.PartnerOf(call), HashOf(request));
        var use = new CouponUse(null, null, NullIfEmpty(request.Receipt), request.DiscountMinor, NullIfEmpty(request.Currency));
        var ask = new UseAsk(null!, 0, member, use, hash, partner, clock.GetUtcNow());
        var result = await desk.ConfirmAsync(coupon, member, number, ask, $"{partner}/confirm/{request.HoldId}", cancellation);
        if (result.Refusal is { } refusal)
            throw PartnerErrors.Of(refusal);
        return result.Events[0].Event is CouponRedeemed redeemed && redeemed.Hash == hash
            ? Answer(redeemed)
            : throw PartnerErrors.Of(new IdempotencyKeyReused());
    }

    public async Task<CancelCouponResponse> CancelAsync(CancelCouponRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (coupon, member, number) = Meant(request.HoldId);
        var result = await desk.ReleaseAsync(coupon, member, number, cancellation);
        return result.Refusal is { } refusal ? throw PartnerErrors.Of(refusal) : new CancelCouponResponse();
    }

    private async Task<(Guid? Owner, TEvent Happened)> UseAsync<TEvent>(
        Wanted wanted, string partner, Func<TEvent, string> hashOf, CancellationToken cancellation)
        where TEvent : DomainEvent
    {
        var request = PartnerService.KeyOf(wanted.Key, $"{partner}/{wanted.What}");
        CheckTexts(("receipt", wanted.Receipt));
        var (applied, left) = await EvaluateAsync(wanted.Code, wanted.CustomerId, wanted.Basket, partner, cancellation);
        if (applied is null && !MayBeRepeat.Contains(left!.Why.Code))
            throw PartnerErrors.Of(new CouponRefused(left.Why.Code, left.Why.Detail));

        var customer = CustomerOf(wanted.CustomerId);
        var (found, refusal) = await desk.FindAsync(wanted.Code, request, partner, look: false, cancellation);
        if (refusal is not null)
            throw PartnerErrors.Of(refusal);
        var use = new CouponUse(
            NullIfEmpty(wanted.Basket!.Channel), NullIfEmpty(wanted.Basket.Store), NullIfEmpty(wanted.Receipt), applied?.DiscountMinor ?? 0,
            wanted.Basket.Currency);
        var ask = new UseAsk(found!.Campaign, found.Version, customer ?? found.Owner, use, HashOf(wanted.Request), partner, clock.GetUtcNow());
        var result = await desk.UseAsync(found, ask, wanted.What == "reserve", request, cancellation);
        if (result.Refusal is not null)
            throw PartnerErrors.Of(result.Refusal);
        return result.Events[0].Event is TEvent happened && hashOf(happened) == ask.Hash
            ? (found.Owner, happened)
            : throw PartnerErrors.Of(new IdempotencyKeyReused());
    }

    /// <summary>The coupon alone, whatever else the member holds.</summary>
    private async Task<(AppliedCoupon? Applied, LeftOut? Left)> EvaluateAsync(
        string code, string customer, BasketOfPartner? basket, string partner, CancellationToken cancellation)
    {
        if (basket is null)
            throw PartnerErrors.Invalid("basket", "Send what is bought: a coupon's rules look at it.");
        var asked = new Basket(
            [
                .. basket.Lines.Select(line => new BasketLine(
                    line.Product, NullIfEmpty(line.Category), NullIfEmpty(line.Brand), line.Quantity, line.AmountMinor)),
            ],
            basket.Currency, NullIfEmpty(basket.Channel), NullIfEmpty(basket.Store), null, CustomerOf(customer), [code], LeaveWallet: true);
        CheckTexts(("basket.channel", basket.Channel), ("basket.store", basket.Store));
        if (BasketEndpoints.Check(asked) is [var wrong, ..])
            throw PartnerErrors.Invalid(wrong.Path == "/codes" ? "code" : $"basket{wrong.Path.Replace('/', '.')}", wrong.Detail);
        var answer = await BasketEndpoints.AnswerAsync(asked, partner, desk, runtime, clock.GetUtcNow(), cancellation);
        return (answer.Applied is [var applied, ..] ? applied : null, answer.LeftOut is [var left, ..] ? left : null);
    }

    private static (Guid Coupon, Guid? Member, int Number) Meant(string hold) =>
        TillEndpoints.Meant(hold) ?? throw PartnerErrors.Invalid("hold_id", "This is no hold of a coupon; use the one that ReserveCoupon answered.");

    private static Guid? CustomerOf(string text) => text.Length == 0 ? null : PartnerService.IdOf(text, "customer_id");

    private static void CheckTexts(params ReadOnlySpan<(string Field, string Text)> texts)
    {
        const int CharsMax = 100;
        foreach (var (field, text) in texts)
        {
            if (text.Length > CharsMax)
                throw PartnerErrors.Invalid(field, $"This must have at most {CharsMax} characters.");
        }
    }

    private static string HashOf(IMessage request) => Ids.Fingerprint(JsonFormatter.Default.Format(request));

    private static RedeemCouponResponse Answer(CouponRedeemed redeemed) => new()
    {
        CouponId = redeemed.Coupon.ToString("D"), Campaign = redeemed.Campaign, DiscountMinor = redeemed.Use.DiscountMinor,
        Currency = redeemed.Use.Currency ?? "",
    };

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;

    private sealed record Wanted(
        string Code, string CustomerId, BasketOfPartner? Basket, string Receipt, string Key, IMessage Request, string What);
}
