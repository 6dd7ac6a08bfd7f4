using System.Net;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Points of a purchase that can still come back.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class PendingTests
{
    [Test]
    public async Task Points_are_pending_until_the_return_window_closes_at_the_cut_off(CancellationToken cancellation)
    {
        await using var till = await OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(ledger, "balance"), Till.Number(ledger, "pending")), Is.EqualTo((0L, 100L)));
        var closes = new DateTimeOffset(2024, 1, 25, 0, 0, 0, TimeSpan.Zero);
        Assert.That((DateTimeOffset)ledger["lots"]![0]!["availableAt"]!, Is.EqualTo(closes));
        Assert.That(
            Till.Refusal(await till.RedeemAsync(anna, "k", new { points = 1, reason = "voucher" }, cancellation)),
            Is.EqualTo((HttpStatusCode.Conflict, "not-enough-points")));
        Assert.That(Till.Refusal(await till.ReserveAsync(anna, "k", 1, cancellation)), Is.EqualTo((HttpStatusCode.Conflict, "not-enough-points")));

        await till.Host.AdvanceToAsync(closes.AddSeconds(-1), cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "pending"), Is.EqualTo(100));
        await till.Host.AdvanceToAsync(closes, cancellation);
        ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(ledger, "balance"), Till.Number(ledger, "pending")), Is.EqualTo((100L, 0L)));
        var lines = (await till.GetAsync($"/v1/loyalty/customers/{anna}/journal", cancellation))["lines"]!.AsArray();
        Assert.That(
            lines.Where(line => (string)line!["reason"]! == "return-window-closed").Select(line => ((string)line!["account"]!, (long)line["points"]!)),
            Is.EquivalentTo(new[] { ("member-pending", -100L), ("member-available", 100L) }));
    }

    [Test]
    public async Task A_return_takes_pending_points_before_those_that_can_be_spent(CancellationToken cancellation)
    {
        await using var till = await OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        await till.Host.AdvanceToAsync(TestHost.Start.AddDays(20), cancellation);
        await till.TellAsync(anna, till.Sale("LAMP", 1, 3_000), cancellation);
        await till.RedeemAsync(anna, "k", new { points = 90, reason = "voucher" }, cancellation);
        await till.TellAsync(anna, till.Back("MUG", 1), cancellation);
        var ledger = await till.LedgerAsync(anna, cancellation);
        Assert.That(
            (Till.Number(ledger, "balance"), Till.Number(ledger, "pending"), Till.Number(ledger, "owed")), Is.EqualTo((0L, 0L, 60L)),
            "the mug's own ten, then thirty that were pending, and sixty are owed");
    }

    [Test]
    public async Task A_purchase_that_comes_after_its_window_has_closed_is_available_at_once(CancellationToken cancellation)
    {
        await using var till = await OpenAsync(cancellation);
        var (anna, sale) = (Till.NewCustomer(), till.Sale("MUG", 1, 10_000));
        await till.Host.AdvanceToAsync(TestHost.Start.AddDays(20), cancellation);
        await till.TellAsync(anna, sale, cancellation);
        Assert.That(Till.Number(await till.LedgerAsync(anna, cancellation), "balance"), Is.EqualTo(100));
    }

    private static async Task<Till> OpenAsync(CancellationToken cancellation) =>
        await Till.OpenAsync(cancellation, await Till.ProgrammeAsync(programme => programme["returnWindowDays"] = 14, cancellation));
}
