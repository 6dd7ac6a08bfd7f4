using System.Net;
using Google.Rpc;
using NUnit.Framework;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;
using Patron.Services.Tests.Loyalty.Coupons;
using static Patron.Services.Tests.Loyalty.Coupons.CouponPlace;

namespace Patron.Services.Tests.Loyalty.Partner;

/// <summary>A partner checks and uses coupons, over gRPC.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class PartnerCouponTests
{
    [Test]
    [CancelAfter(60_000)]
    public async Task A_partner_checks_and_uses_a_coupon_once(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        var codes = await place.CodesAsync("spring", 2, cancellation);
        using var partner = place.Host.Grpc();
        var basket = new Basket
        {
            Currency = "GBP", Channel = "marketplace", Lines = { new BasketLine { Product = "MUG", Quantity = 1, AmountMinor = 2_500 } },
        };
        var check = new CheckCouponRequest { Code = codes[0], Basket = basket };
        var found = await partner.UnaryAsync(Check, check, Soon, cancellation);
        Assert.That((found.Applies, found.DiscountMinor), Is.EqualTo((true, 250L)));
        var redeem = new RedeemCouponRequest { Code = codes[0], IdempotencyKey = "shop-1", Basket = basket, Receipt = "b-1" };
        var redeemed = await partner.UnaryAsync(Redeem, redeem, Soon, cancellation);
        Assert.That(await partner.UnaryAsync(Redeem, redeem, Soon, cancellation), Is.EqualTo(redeemed), "a retry is answered as the first time");
        var used = await partner.UnaryAsync(Check, check, Soon, cancellation);
        Assert.That((used.Applies, used.Reason), Is.EqualTo((false, "COUPON_USED")));

        // The same code at a till over HTTP.
        await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.Conflict, cancellation);
        await place.RedeemAsync(new { code = codes[1] }, HttpStatusCode.OK, cancellation);
        var figures = await place.GetAsync("/v1/loyalty/campaigns/spring/figures", cancellation);
        Assert.That(((long)figures["redeemed"]!, (long)figures["discountMinor"]!["GBP"]!), Is.EqualTo((2L, 250L)));

        await AssertRefusedAsync(new(redeem) { IdempotencyKey = "shop-2" }, GrpcStatus.FailedPrecondition, "COUPON_USED");
        await AssertRefusedAsync(new(redeem) { Receipt = "b-2" }, GrpcStatus.AlreadyExists, "IDEMPOTENCY_KEY_REUSED");
        await AssertRefusedAsync(new(redeem) { Code = "NOTHING", IdempotencyKey = "shop-3" }, GrpcStatus.NotFound, "COUPON_UNKNOWN");
        await AssertRefusedAsync(new(redeem) { CustomerId = "anna" }, GrpcStatus.InvalidArgument, "INVALID_ARGUMENT");
        await AssertRefusedAsync(new(redeem) { IdempotencyKey = "" }, GrpcStatus.InvalidArgument, "INVALID_ARGUMENT");
        await AssertRefusedAsync(new(redeem) { Basket = null }, GrpcStatus.InvalidArgument, "INVALID_ARGUMENT");

        async Task AssertRefusedAsync(RedeemCouponRequest request, GrpcStatus status, string reason)
        {
            var refused = await Assert.ThrowsAsync<GrpcException>(() => partner.UnaryAsync(Redeem, request, Soon, cancellation))!;
            Assert.That((refused!.Status, refused.Detail<ErrorInfo>()?.Reason), Is.EqualTo((status, reason)));
        }
    }

    private static GrpcCallOptions Soon => GrpcCallOptions.Within(TimeSpan.FromSeconds(20));

    private static GrpcMethod<CheckCouponRequest, CheckCouponResponse> Check { get; } = new(PartnerReflection.Descriptor.Services[0], "CheckCoupon");

    private static GrpcMethod<RedeemCouponRequest, RedeemCouponResponse> Redeem { get; } = new(PartnerReflection.Descriptor.Services[0], "RedeemCoupon");
}
