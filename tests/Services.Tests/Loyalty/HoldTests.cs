using System.Net;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Points are reserved, then confirmed, cancelled, or free again by themselves, over HTTP.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class HoldTests
{
    [Test]
    public async Task Reserved_points_cannot_be_spent_by_anybody_else_until_they_are_confirmed(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        var hold = await till.HoldAsync(anna, "basket-1", 60, cancellation);
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(ledger, "balance"), Till.Number(ledger, "reserved")), Is.EqualTo((40L, 60L)));
        Assert.That(
            Till.Refusal(await till.RedeemAsync(anna, "other", new { points = 41, reason = "voucher" }, cancellation)),
            Is.EqualTo((HttpStatusCode.Conflict, "not-enough-points")));

        var confirmed = await till.ConfirmAsync(anna, hold, cancellation);
        Assert.That(
            (confirmed.Status, Till.Number(confirmed.Body, "points"), Till.Number(confirmed.Body, "balance")), Is.EqualTo((HttpStatusCode.OK, 60L, 40L)));
        var shown = await till.GetAsync($"/v1/loyalty/customers/{anna}/holds/{hold}", cancellation);
        Assert.That(((string)shown["state"]!, Till.Number(shown, "redeemed")), Is.EqualTo(("confirmed", 60L)));
        Assert.That((string)shown["redemption"]!, Is.EqualTo((string)confirmed.Body["redemption"]!));
        Assert.That(Till.Refusal(await till.CancelAsync(anna, hold, cancellation)), Is.EqualTo((HttpStatusCode.Conflict, "hold-not-open")));
    }

    [Test]
    public async Task A_repeat_answers_as_the_first_time_and_another_body_under_the_same_key_is_refused(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        var first = await till.ReserveAsync(anna, "k", 60, cancellation);
        Assert.That((await till.ReserveAsync(anna, "k", 60, cancellation)).Body.ToJsonString(), Is.EqualTo(first.Body.ToJsonString()));
        var reused = (HttpStatusCode.Conflict, "idempotency-key-reused");
        Assert.That(Till.Refusal(await till.ReserveAsync(anna, "k", 61, cancellation)), Is.EqualTo(reused));
        Assert.That(Till.Refusal(await till.ReserveAsync(anna, "k", 60, cancellation, seconds: 60)), Is.EqualTo(reused));

        var hold = (string)first.Body["hold"]!;
        var confirmed = await till.ConfirmAsync(anna, hold, cancellation, points: 50);
        Assert.That((await till.ConfirmAsync(anna, hold, cancellation, points: 50)).Body.ToJsonString(), Is.EqualTo(confirmed.Body.ToJsonString()));
        Assert.That(Till.Refusal(await till.ConfirmAsync(anna, hold, cancellation)), Is.EqualTo(reused));
        Assert.That((await till.ReserveAsync(anna, "k", 60, cancellation)).Body.ToJsonString(), Is.EqualTo(first.Body.ToJsonString()), "also when it is over");
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(50), "what was not needed is free again");

        var other = await till.HoldAsync(anna, "k2", 5, cancellation);
        var cancelled = await till.CancelAsync(anna, other, cancellation);
        Assert.That((await till.CancelAsync(anna, other, cancellation)).Body.ToJsonString(), Is.EqualTo(cancelled.Body.ToJsonString()));
        Assert.That(Till.Refusal(await till.ConfirmAsync(anna, other, cancellation)), Is.EqualTo((HttpStatusCode.Conflict, "hold-not-open")));
    }

    [Test]
    public async Task A_hold_that_nobody_confirms_ends_by_itself_and_its_points_are_free(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        var (shorter, longer) = (await till.HoldAsync(anna, "a", 30, cancellation, 60), await till.HoldAsync(anna, "b", 20, cancellation, 600));
        await till.Host.AdvanceToAsync(TestHost.Start.AddSeconds(61), cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(80));
        Assert.That((string)(await till.GetAsync($"/v1/loyalty/customers/{anna}/holds/{shorter}", cancellation))["state"]!, Is.EqualTo("lapsed"));
        Assert.That(Till.Refusal(await till.ConfirmAsync(anna, shorter, cancellation)), Is.EqualTo((HttpStatusCode.Conflict, "hold-not-open")));

        await till.Host.AdvanceToAsync(TestHost.Start.AddSeconds(601), cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(100), "the timer was set again for the other one");
        Assert.That((string)(await till.GetAsync($"/v1/loyalty/customers/{anna}/holds/{longer}", cancellation))["state"]!, Is.EqualTo("lapsed"));
        Assert.That(await till.HoldAsync(anna, "c", 100, cancellation, 60), Is.Not.Empty);
        await till.Host.AdvanceToAsync(TestHost.Start.AddSeconds(700), cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(100));
    }

    [Test]
    public async Task Points_that_expire_while_they_are_held_can_be_confirmed_and_expire_when_they_are_not(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var (anna, anne) = (await till.CustomerAsync(10_000, cancellation), await till.CustomerAsync(10_000, cancellation));
        var cutOff = new DateTimeOffset(2025, 1, 11, 0, 0, 0, TimeSpan.Zero);
        await till.Host.AdvanceToAsync(cutOff.AddMinutes(-1), cancellation);
        var (annas, annes) = (await till.HoldAsync(anna, "a", 60, cancellation), await till.HoldAsync(anne, "b", 60, cancellation));
        await till.Host.AdvanceToAsync(cutOff.AddMinutes(1), cancellation);
        Assert.That((await till.ConfirmAsync(anna, annas, cancellation)).Status, Is.EqualTo(HttpStatusCode.OK), "a promise is kept");
        var cancelled = await till.CancelAsync(anne, annes, cancellation);
        Assert.That((Till.Number(cancelled.Body, "points"), Till.Number(cancelled.Body, "balance")), Is.EqualTo((60L, 0L)));
        var figures = (await till.GetAsync("/v1/loyalty/figures", cancellation)).AsArray().ToDictionary(f => (string)f!["name"]!, f => (long)f!["value"]!);
        Assert.That((figures["points redeemed"], figures["points expired"], figures["points outstanding"]), Is.EqualTo((60L, 140L, 0L)));
    }

    [Test]
    public async Task Wrong_requests_are_told_what_is_wrong_and_change_nothing(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        var hold = await till.HoldAsync(anna, "k", 10, cancellation);
        var bad = HttpStatusCode.BadRequest;
        Assert.That(Till.Refusal(await till.ReserveAsync(anna, null, 1, cancellation)), Is.EqualTo((bad, "invalid-request")));
        Assert.That(Till.Refusal(await till.ReserveAsync(anna, new string('k', 129), 1, cancellation)), Is.EqualTo((bad, "invalid-request")));
        foreach (var points in new[] { 0, -5, long.MinValue, 1_000_000_001, long.MaxValue })
            Assert.That(Till.Refusal(await till.ReserveAsync(anna, $"p{points}", points, cancellation)), Is.EqualTo((bad, "points-out-of-range")));
        Assert.That(Till.Refusal(await till.ReserveAsync(anna, "s", 1, cancellation, 29)), Is.EqualTo((bad, "hold-time-out-of-range")));
        Assert.That(Till.Refusal(await till.ReserveAsync(anna, "s", 1, cancellation, 86_401)), Is.EqualTo((bad, "hold-time-out-of-range")));
        Assert.That(Till.Refusal(await till.ReserveAsync(Till.NewCustomer(), "k", 1, cancellation)), Is.EqualTo((HttpStatusCode.NotFound, "no-ledger")));
        Assert.That(Till.Refusal(await till.ConfirmAsync(anna, hold, cancellation, 11)), Is.EqualTo((HttpStatusCode.Conflict, "more-than-held")));
        Assert.That(Till.Refusal(await till.ConfirmAsync(anna, hold, cancellation, -1)), Is.EqualTo((bad, "points-out-of-range")));
        Assert.That(Till.Refusal(await till.ConfirmAsync(anna, $"{Guid.Empty}", cancellation)), Is.EqualTo((HttpStatusCode.NotFound, "not-found")));
        Assert.That(Till.Refusal(await till.CancelAsync(Till.NewCustomer(), hold, cancellation)), Is.EqualTo((HttpStatusCode.NotFound, "not-found")));
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(ledger, "balance"), Till.Number(ledger, "reserved")), Is.EqualTo((90L, 10L)));
        Assert.That((await till.ConfirmAsync(anna, hold, cancellation)).Status, Is.EqualTo(HttpStatusCode.OK));
    }
}
