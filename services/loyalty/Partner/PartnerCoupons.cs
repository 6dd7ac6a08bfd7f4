using Google.Protobuf.WellKnownTypes;
using Patron.Contracts.Loyalty.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>Coupons at a partner: the same decisions as at a till.</summary>
internal static class PartnerCoupons
{
    public static void Bind(GrpcService partner) => partner
        .Unary<CheckCouponRequest, CheckCouponResponse>("CheckCoupon", CheckAsync)
        .Unary<RedeemCouponRequest, RedeemCouponResponse>("RedeemCoupon", RedeemAsync);

    private static async Task<CheckCouponResponse> CheckAsync(CheckCouponRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (services, asked) = (call.Http.RequestServices, Asked(request.Code, request.CustomerId, CouponUse.Unknown));
        var desk = services.GetRequiredService<CouponDesk>();
        var (found, refusal) = await TillEndpoints.FindAsync(desk, asked, "check", Caller(call), cancellation);
        if (found is null)
            throw PartnerRefusals.Of(refusal!);
        refusal ??= found.Life.WhyNot(services.GetRequiredService<BusinessClock>().GetUtcNow()) ?? await desk.WhyNoneLeftAsync(found, cancellation);
        return new CheckCouponResponse
        {
            CouponId = found.Life.Id.ToString("D"),
            Campaign = found.Campaign.Id,
            ValidUntil = found.Life.Until?.ToTimestamp(),
            Usable = refusal is null,
            WhyNot = refusal?.Code ?? "",
            WhyNotDetail = refusal?.Detail ?? "",
        };
    }

    private static async Task<RedeemCouponResponse> RedeemAsync(RedeemCouponRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var use = new CouponUse(
            Known(request.Channel), Known(request.Store), Known(request.Receipt), request.DiscountMinor, Known(request.Currency));
        var (services, asked, caller) = (call.Http.RequestServices, Asked(request.Code, request.CustomerId, use), Caller(call));
        var key = $"{caller}/redeem/{PartnerRefusals.KeyOf(request.IdempotencyKey)}";
        var desk = services.GetRequiredService<CouponDesk>();
        var (found, refusal) = await TillEndpoints.FindAsync(desk, asked, key, caller, cancellation);
        if (refusal is not null)
            throw PartnerRefusals.Of(refusal);
        var hash = TillEndpoints.HashOf(asked, CouponJson.Default.CouponRequest);
        var now = services.GetRequiredService<BusinessClock>().GetUtcNow();
        var ask = new UseAsk(found!.Campaign, found.Version, asked.Customer ?? found.Owner, use, hash, caller, now);
        var result = await desk.UseAsync(found, ask, reserve: false, key, cancellation);
        if (result.Refusal is not null)
            throw PartnerRefusals.Of(result.Refusal);
        if (result.Events[0].Event is not CouponRedeemed redeemed || redeemed.Hash != hash)
            throw PartnerRefusals.Of(new IdempotencyKeyReused());
        return new RedeemCouponResponse
        {
            CouponId = redeemed.Coupon.ToString("D"), Campaign = redeemed.Campaign, RedeemedAt = redeemed.At.ToTimestamp(),
        };
    }

    /// <exception cref="GrpcException">INVALID_ARGUMENT: a field is wrong; the detail says which.</exception>
    private static CouponRequest Asked(string code, string customer, CouponUse use)
    {
        var asked = new CouponRequest(
            code, customer.Length == 0 ? null : PartnerRefusals.IdOf(customer, "customer_id"), null, use.Channel, use.Store, use.Receipt, use.DiscountMinor,
            use.Currency);
        return TillEndpoints.Check(asked) is [var fault, ..]
            ? throw new GrpcException(GrpcStatus.InvalidArgument, $"{fault.Path.TrimStart('/')}: {fault.Detail}")
            : asked;
    }

    private static string Caller(GrpcCall call) => call.Http.GetApiCaller().Name;

    private static string? Known(string text) => text.Length == 0 ? null : text;
}
