using System.Net;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>What tills that were offline send late, and redemptions that come back, over HTTP.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class SpendingTests
{
    [Test]
    public async Task A_late_redemption_is_refused_or_owed_as_its_till_was_promised(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        await till.Host.AdvanceToAsync(TestHost.Start.AddDays(2), cancellation);
        var at = TestHost.Start.AddDays(1);
        Assert.That(
            Till.Refusal(await till.RedeemAsync(anna, "a", new { points = 130, reason = "voucher", at, onConflict = "refuse" }, cancellation)),
            Is.EqualTo((HttpStatusCode.Conflict, "not-enough-points")));
        var late = new { points = 130, reason = "voucher", at, onConflict = "accept-into-clawback" };
        var owed = await till.RedeemAsync(anna, "b", late, cancellation);
        Assert.That((Till.Number(owed.Body, "balance"), Till.Number(owed.Body, "owed")), Is.EqualTo((0L, 30L)));
        Assert.That((await till.RedeemAsync(anna, "b", late, cancellation)).Body.ToJsonString(), Is.EqualTo(owed.Body.ToJsonString()), "a queue is sent twice");
        Assert.That(
            Till.Refusal(await till.RedeemAsync(anna, "b", new { points = 130, reason = "voucher", at, onConflict = "refuse" }, cancellation)),
            Is.EqualTo((HttpStatusCode.Conflict, "idempotency-key-reused")));

        await till.TellAsync(anna, till.Sale("LAMP", 1, 5_000), cancellation);
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(ledger, "balance"), Till.Number(ledger, "owed")), Is.EqualTo((20L, 0L)), "the next purchase repays it");
    }

    [Test]
    public async Task A_till_cannot_be_from_the_future_or_long_past(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        foreach (var at in new[] { TestHost.Start.AddMinutes(6), TestHost.Start.AddYears(50), TestHost.Start.AddDays(-31) })
        {
            Assert.That(
                Till.Refusal(await till.RedeemAsync(anna, $"{at:O}", new { points = 1, reason = "voucher", at }, cancellation)),
                Is.EqualTo((HttpStatusCode.BadRequest, "time-out-of-range")));
        }

        Assert.That(
            Till.Refusal(await till.RedeemAsync(anna, "k", new { points = 1, reason = "voucher", onConflict = "maybe" }, cancellation)),
            Is.EqualTo((HttpStatusCode.BadRequest, "conflict-policy-unknown")));
        Assert.That(
            Till.Refusal(await till.RedeemAsync(anna, "k", new { points = 1, reason = "Anna's birthday" }, cancellation)),
            Is.EqualTo((HttpStatusCode.BadRequest, "reason-not-a-code")));
        Assert.That(
            (await till.RedeemAsync(anna, "m", new { points = 1, reason = "voucher", at = TestHost.Start.AddMinutes(4) }, cancellation)).Status,
            Is.EqualTo(HttpStatusCode.OK), "a clock that is a little ahead");
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(99));
    }

    [Test]
    public async Task A_refund_gives_back_the_lots_with_their_expiry_and_no_more_than_was_redeemed(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        await till.Host.AdvanceToAsync(TestHost.Start.AddMonths(1), cancellation);
        await till.TellAsync(anna, till.Sale("LAMP", 1, 10_000), cancellation);
        var before = (await till.LedgerAsync(anna, cancellation)).ToJsonString();
        var redemption = (string)(await till.RedeemAsync(anna, "k", new { points = 130, reason = "voucher" }, cancellation)).Body["redemption"]!;
        var part = await till.RefundAsync(anna, redemption, "r1", cancellation, points: 50);
        Assert.That((part.Status, Till.Number(part.Body, "balance")), Is.EqualTo((HttpStatusCode.OK, 120L)));
        Assert.That((await till.RefundAsync(anna, redemption, "r1", cancellation, points: 50)).Body.ToJsonString(), Is.EqualTo(part.Body.ToJsonString()));
        Assert.That(
            Till.Refusal(await till.RefundAsync(anna, redemption, "r1", cancellation)), Is.EqualTo((HttpStatusCode.Conflict, "idempotency-key-reused")));
        Assert.That(
            Till.Refusal(await till.RefundAsync(anna, redemption, "r2", cancellation, points: 81)), Is.EqualTo((HttpStatusCode.Conflict, "refund-too-large")));
        Assert.That((await till.RefundAsync(anna, redemption, "r3", cancellation)).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((await till.LedgerAsync(anna, cancellation)).ToJsonString(), Is.EqualTo(before), "every lot is as it was");
        Assert.That(
            Till.Refusal(await till.RefundAsync(anna, redemption, "r4", cancellation)), Is.EqualTo((HttpStatusCode.Conflict, "refund-too-large")));
        Assert.That(
            Till.Refusal(await till.RefundAsync(anna, $"{Guid.Empty}", "r5", cancellation)), Is.EqualTo((HttpStatusCode.NotFound, "redemption-not-found")));
    }

    [Test]
    public async Task What_has_expired_meanwhile_expires_at_once_unless_the_programme_is_generous([Values(0, 30)] int graceDays, CancellationToken cancellation)
    {
        var settings = await Till.ProgrammeAsync(programme => programme["refundGraceDays"] = graceDays, cancellation);
        await using var till = await Till.OpenAsync(cancellation, settings);
        var anna = await till.CustomerAsync(10_000, cancellation);
        var hold = await till.HoldAsync(anna, "k", 60, cancellation);
        var redemption = (string)(await till.ConfirmAsync(anna, hold, cancellation)).Body["redemption"]!;
        await till.Host.AdvanceToAsync(TestHost.Start.AddMonths(13), cancellation);
        Assert.That((await till.RefundAsync(anna, redemption, "r", cancellation)).Status, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(graceDays == 0 ? 0 : 60));
        await till.Host.AdvanceToAsync(TestHost.Start.AddMonths(13).AddDays(32), cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.Zero);
    }
}
