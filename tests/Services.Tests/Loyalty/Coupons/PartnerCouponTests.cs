using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Contracts.Loyalty.V1;
using Patron.Runtime.Grpc;
using static Patron.Services.Tests.Loyalty.Coupons.CouponPlace;

namespace Patron.Services.Tests.Loyalty.Coupons;

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
        using var partner = Client(place);
        var check = new CheckCouponRequest { Code = codes[0] };
        Assert.That((await partner.UnaryAsync(Check, check, Soon, cancellation)).Usable, Is.True);
        var redeem = new RedeemCouponRequest { Code = codes[0], IdempotencyKey = "shop-1", Store = "airport", DiscountMinor = 250, Currency = "GBP" };
        var redeemed = await partner.UnaryAsync(Redeem, redeem, Soon, cancellation);
        Assert.That(await partner.UnaryAsync(Redeem, redeem, Soon, cancellation), Is.EqualTo(redeemed), "a retry is answered as the first time");
        var used = await partner.UnaryAsync(Check, check, Soon, cancellation);
        Assert.That((used.Usable, used.WhyNot, used.CouponId), Is.EqualTo((false, "coupon-used", redeemed.CouponId)));

        // The same code at a till over HTTP.
        await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.Conflict, cancellation);
        await place.RedeemAsync(new { code = codes[1] }, HttpStatusCode.OK, cancellation);
        var figures = await place.GetAsync("/v1/loyalty/campaigns/spring/figures", cancellation);
        Assert.That((long)figures["redeemed"]!, Is.EqualTo(2));

        await AssertRefusedAsync(new(redeem) { IdempotencyKey = "shop-2" }, GrpcStatus.FailedPrecondition, "coupon-used");
        await AssertRefusedAsync(new(redeem) { Store = "harbour" }, GrpcStatus.AlreadyExists, "idempotency-key-reused");
        await AssertRefusedAsync(new(redeem) { Code = "NOTHING", IdempotencyKey = "shop-3" }, GrpcStatus.NotFound, "coupon-unknown");
        await AssertRefusedAsync(new(redeem) { CustomerId = "anna" }, GrpcStatus.InvalidArgument, null);
        await AssertRefusedAsync(new(redeem) { IdempotencyKey = "" }, GrpcStatus.InvalidArgument, null);
        await AssertRefusedAsync(new(redeem) { DiscountMinor = -1 }, GrpcStatus.InvalidArgument, null);

        async Task AssertRefusedAsync(RedeemCouponRequest request, GrpcStatus status, string? code)
        {
            var refused = await Assert.ThrowsAsync<GrpcException>(() => partner.UnaryAsync(Redeem, request, Soon, cancellation))!;
            Assert.That((refused!.Status, refused.Trailers.Text("patron-code")), Is.EqualTo((status, code)));
        }
    }

    private static GrpcCallOptions Soon => GrpcCallOptions.Within(TimeSpan.FromSeconds(20));

    private static GrpcMethod<CheckCouponRequest, CheckCouponResponse> Check { get; } = new(PartnerReflection.Descriptor.Services[0], "CheckCoupon");

    private static GrpcMethod<RedeemCouponRequest, RedeemCouponResponse> Redeem { get; } = new(PartnerReflection.Descriptor.Services[0], "RedeemCoupon");

    private static GrpcClient Client(CouponPlace place)
    {
        var addresses = place.Host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var key = place.Host.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single();
        return new GrpcClient(new Uri(addresses.Last()), new GrpcClientOptions { Metadata = new GrpcMetadata { { "x-api-key", key } } });
    }
}
