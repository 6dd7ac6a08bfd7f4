using Google.Rpc;
using NUnit.Framework;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;

namespace Patron.Services.Tests.Loyalty.Partner;

/// <summary>A partner gives points and takes them, over gRPC.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class PartnerPointsTests
{
    [Test]
    public async Task A_partner_pays_for_what_it_gives_and_is_paid_for_what_it_takes(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        using var partner = till.Host.Grpc();
        var earn = new EarnRequest { CustomerId = $"{anna}", IdempotencyKey = "flight-1", Points = 500, Reason = "flight-hkg-lhr" };
        var earned = await EarnAsync(partner, earn, cancellation);
        Assert.That((earned.Points, earned.Balance), Is.EqualTo((500L, 600L)));
        Assert.That(await EarnAsync(partner, earn, cancellation), Is.EqualTo(earned), "a retry is answered as the first time");
        await AssertRefusedAsync(
            () => EarnAsync(partner, new(earn) { Points = 501 }, cancellation), GrpcStatus.AlreadyExists, "IDEMPOTENCY_KEY_REUSED");

        var redeem = new RedeemPointsRequest { CustomerId = $"{anna}", IdempotencyKey = "shop-1", Points = 50, Reason = "voucher" };
        Assert.That((await partner.UnaryAsync(Redeem, redeem, Soon, cancellation)).Balance, Is.EqualTo(550));
        var reserve = new ReservePointsRequest { CustomerId = $"{anna}", IdempotencyKey = "shop-2", Points = 150, Reason = "voucher" };
        var held = await partner.UnaryAsync(Reserve, reserve, Soon, cancellation);
        Assert.That(held.Available, Is.EqualTo(400));
        Assert.That(await partner.UnaryAsync(Reserve, reserve, Soon, cancellation), Is.EqualTo(held));
        var confirm = new ConfirmHoldRequest { CustomerId = $"{anna}", HoldId = held.HoldId };
        var confirmed = await partner.UnaryAsync(Confirm, confirm, Soon, cancellation);
        Assert.That((confirmed.Points, confirmed.Balance), Is.EqualTo((150L, 400L)));
        Assert.That(await partner.UnaryAsync(Confirm, confirm, Soon, cancellation), Is.EqualTo(confirmed));

        await till.Host.DrainAsync(cancellation);
        var lines = (await till.GetAsync($"/v1/loyalty/customers/{anna}/journal", cancellation))["lines"]!.AsArray();
        Assert.That(
            lines.Where(line => (string)line!["account"]! == "partner").Select(line => (long)line!["points"]!), Is.EqualTo(new[] { -500L, 50, 150 }));
    }

    [Test]
    public async Task Refusals_are_canonical_statuses_with_the_code_of_their_kind(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        using var partner = till.Host.Grpc();
        var wanted = new ReservePointsRequest { CustomerId = $"{anna}", IdempotencyKey = "k", Points = 60, Reason = "voucher" };
        var held = await partner.UnaryAsync(Reserve, wanted, Soon, cancellation);
        await AssertRefusedAsync(
            () => partner.UnaryAsync(Reserve, new(wanted) { IdempotencyKey = "l" }, Soon, cancellation), GrpcStatus.FailedPrecondition, "NOT_ENOUGH_POINTS");
        await AssertRefusedAsync(
            () => partner.UnaryAsync(Reserve, new(wanted) { IdempotencyKey = "m", Points = -1 }, Soon, cancellation), GrpcStatus.InvalidArgument,
            "POINTS_OUT_OF_RANGE");
        await AssertRefusedAsync(
            () => partner.UnaryAsync(Reserve, new(wanted) { CustomerId = $"{Guid.Empty}" }, Soon, cancellation), GrpcStatus.NotFound, "NO_LEDGER");
        await AssertRefusedAsync(
            () => partner.UnaryAsync(Reserve, new(wanted) { IdempotencyKey = "" }, Soon, cancellation), GrpcStatus.InvalidArgument, "INVALID_ARGUMENT");

        var cancel = new CancelHoldRequest { CustomerId = $"{anna}", HoldId = held.HoldId };
        var cancelled = await partner.UnaryAsync(Cancel, cancel, Soon, cancellation);
        Assert.That((cancelled.Points, cancelled.Balance), Is.EqualTo((60L, 100L)));
        Assert.That(await partner.UnaryAsync(Cancel, cancel, Soon, cancellation), Is.EqualTo(cancelled));
        var confirm = new ConfirmHoldRequest { CustomerId = $"{anna}", HoldId = held.HoldId };
        await AssertRefusedAsync(() => partner.UnaryAsync(Confirm, confirm, Soon, cancellation), GrpcStatus.FailedPrecondition, "HOLD_NOT_OPEN");
        await AssertRefusedAsync(
            () => partner.UnaryAsync(Confirm, new(confirm) { HoldId = $"{Guid.Empty}" }, Soon, cancellation), GrpcStatus.NotFound, "HOLD_UNKNOWN");
    }

    private static GrpcCallOptions Soon => GrpcCallOptions.Within(TimeSpan.FromSeconds(20));

    private static GrpcMethod<ReservePointsRequest, ReservePointsResponse> Reserve { get; } = new(PartnerReflection.Descriptor.Services[0], "ReservePoints");

    private static GrpcMethod<ConfirmHoldRequest, RedeemPointsResponse> Confirm { get; } = new(PartnerReflection.Descriptor.Services[0], "ConfirmHold");

    private static GrpcMethod<CancelHoldRequest, CancelHoldResponse> Cancel { get; } = new(PartnerReflection.Descriptor.Services[0], "CancelHold");

    private static GrpcMethod<RedeemPointsRequest, RedeemPointsResponse> Redeem { get; } = new(PartnerReflection.Descriptor.Services[0], "RedeemPoints");

    private static GrpcMethod<EarnRequest, EarnResponse> Earn { get; } = new(PartnerReflection.Descriptor.Services[0], "Earn");

    private static Task<EarnResponse> EarnAsync(GrpcClient partner, EarnRequest request, CancellationToken cancellation) =>
        partner.UnaryAsync(Earn, request, Soon, cancellation);

    private static async Task AssertRefusedAsync(Func<Task> call, GrpcStatus status, string? code)
    {
        var refused = await Assert.ThrowsAsync<GrpcException>(() => call())!;
        Assert.That((refused!.Status, refused.Detail<ErrorInfo>()?.Reason), Is.EqualTo((status, code)));
    }
}
