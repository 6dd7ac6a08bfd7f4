using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Services.Tests.Merges;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>The journal of a customer and the reports over all of them, over HTTP.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class BooksTests
{
    [Test]
    public async Task Every_event_is_a_posting_of_sum_zero_with_its_times_and_key(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var anna = await till.CustomerAsync(10_000, cancellation);
        var hold = await till.HoldAsync(anna, "k", 60, cancellation);
        await till.ConfirmAsync(anna, hold, cancellation, points: 50);
        await till.TellAsync(anna, till.Back("MUG", 1), cancellation);

        var lines = new List<JsonNode>();
        for (int? after = 0; after is not null;)
        {
            var page = await till.GetAsync($"/v1/loyalty/customers/{anna}/journal?after={after}&limit=2", cancellation);
            lines.AddRange(page["lines"]!.AsArray()!);
            after = (int?)page["next"];
        }

        Assert.That(lines.GroupBy(line => (int)line["number"]!).Select(posting => posting.Sum(line => (long)line["points"]!)), Is.All.Zero);
        Assert.That(
            lines.Select(line => $"{line["reason"]} {line["account"]} {line["points"]}"),
            Is.EqualTo(new[]
            {
                "purchase programme-issued -100", "purchase member-available 100",
                "reserve member-available -60", "reserve member-held 60",
                "voucher member-held -50", "voucher redeemed 50",
                "hold-rest member-held -10", "hold-rest member-available 10",
                "return member-available -50", "return clawback -50", "return programme-issued 100",
            }));
        Assert.That(lines[2]["key"]!.ToString(), Is.EqualTo(hold));
        Assert.That(
            ((DateTimeOffset)lines[0]["businessTime"]!, (DateTimeOffset)lines[0]["bookingTime"]!), Is.EqualTo((TestHost.Start.AddSeconds(1), TestHost.Start)));
    }

    [Test]
    public async Task The_reports_agree_with_the_figures_and_are_the_same_when_they_are_built_anew(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var (anna, anne) = (await till.CustomerAsync(10_000, cancellation), await till.CustomerAsync(30_000, cancellation));
        var redemption = (string)(await till.RedeemAsync(anna, "k", new { points = 40, reason = "voucher" }, cancellation)).Body["redemption"]!;
        await till.RefundAsync(anna, redemption, "r", cancellation, points: 10);
        await till.HoldAsync(anne, "h", 70, cancellation);
        await CaughtUpAsync(till, cancellation);

        var balance = await till.GetAsync("/v1/loyalty/reports/trial-balance", cancellation);
        Assert.That(Till.Number(balance, "sum"), Is.Zero);
        Assert.That(Account(balance, "programme-issued"), Is.EqualTo(-400));
        Assert.That((Account(balance, "redeemed"), Account(balance, "member-held"), Account(balance, "member-available")), Is.EqualTo((30L, 70L, 300L)));
        var liability = await till.GetAsync("/v1/loyalty/reports/liability", cancellation);
        Assert.That((Till.Number(liability, "outstanding"), Till.Number(liability, "held")), Is.EqualTo((370L, 70L)));

        var soon = await till.GetAsync("/v1/loyalty/reports/expiring?days=400", cancellation);
        Assert.That((Till.Number(soon, "points"), soon["expiries"]!.AsArray().Count), Is.EqualTo((300L, 1)));
        Assert.That(Till.Number(await till.GetAsync("/v1/loyalty/reports/expiring", cancellation), "points"), Is.Zero);

        await till.Host.AdvanceToAsync(TestHost.Start.AddMonths(13), cancellation);
        await CaughtUpAsync(till, cancellation);
        var breakage = await till.GetAsync("/v1/loyalty/reports/breakage", cancellation);
        Assert.That(
            (Till.Number(breakage, "issued"), Till.Number(breakage, "redeemed"), Till.Number(breakage, "expired")), Is.EqualTo((400L, 30L, 370L)));
        Assert.That((double)breakage["share"]!, Is.EqualTo(370.0 / 400).Within(1e-9));
        Assert.That(breakage["months"]!.AsArray().Select(month => (int)month!["month"]!), Is.EqualTo(new[] { 202401, 202501 }));

        await till.PostAsync("/v1/loyalty/reports/rebuild", null, null, cancellation);
        await CaughtUpAsync(till, cancellation);
        Assert.That((await till.GetAsync("/v1/loyalty/reports/breakage", cancellation)).ToJsonString(), Is.EqualTo(breakage.ToJsonString()));
    }

    [Test]
    public async Task A_merge_moves_points_between_books_and_a_hold_goes_with_its_lots(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation);
        var host = till.Host;
        var (writer, anna, anne) = (new FactWriter(), Till.NewCustomer(), Till.NewCustomer());
        await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 1, 10_000), People.Buys(anne, 2, 20_000));
        var before = await till.HoldAsync(anne, "before", 30, cancellation);
        await writer.TellInOrderAsync(host, cancellation, People.Merge(anne, anna, 1));
        var both = await till.HoldAsync(anna, "both", 200, cancellation);
        var merged = await till.LedgerAsync(anna, cancellation);
        Assert.That((Till.Number(merged, "balance"), Till.Number(merged, "reserved")), Is.EqualTo((70L, 230L)));
        Assert.That((await till.ConfirmAsync(anne, before, cancellation, points: 20)).Status, Is.EqualTo(System.Net.HttpStatusCode.OK));

        await writer.TellInOrderAsync(host, cancellation, People.Split(anne, anna, 2));
        var (annas, annes) = (await till.LedgerAsync(anna, cancellation), await till.LedgerAsync(anne, cancellation));
        Assert.That(Till.Number(annas, "balance") + Till.Number(annas, "reserved"), Is.EqualTo(100));
        Assert.That(Till.Number(annes, "balance") + Till.Number(annes, "reserved"), Is.EqualTo(180));
        Assert.That(Till.Number(annas, "reserved") + Till.Number(annes, "reserved"), Is.EqualTo(200), "each has the part of the hold that is of her points");
        Assert.That(Till.Refusal(await till.ConfirmAsync(anna, both, cancellation)).Code, Is.EqualTo("hold-parted"));
        Assert.That(
            (await till.ConfirmAsync(anna, both, cancellation, points: Till.Number(annas, "reserved"))).Status, Is.EqualTo(System.Net.HttpStatusCode.OK));
        await host.AdvanceToAsync(TestHost.Start.AddHours(1), cancellation);
        annes = await till.LedgerAsync(anne, cancellation);
        Assert.That((Till.Number(annes, "balance"), Till.Number(annes, "reserved")), Is.EqualTo((180L, 0L)), "her part lapses in her ledger");

        await CaughtUpAsync(till, cancellation);
        var balance = await till.GetAsync("/v1/loyalty/reports/trial-balance", cancellation);
        Assert.That((Till.Number(balance, "sum"), Account(balance, "transfer")), Is.EqualTo((0L, 0L)));
        Assert.That(Account(balance, "member-available"), Is.EqualTo(180));
    }

    private static long Account(JsonNode balance, string account) =>
        (long)balance["accounts"]!.AsArray().Single(sum => (string)sum!["account"]! == account)!["points"]!;

    /// <summary>Views follow a moment later.</summary>
    private static async Task CaughtUpAsync(Till till, CancellationToken cancellation)
    {
        await till.Host.DrainAsync(cancellation);
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (!till.Host.Service("loyalty").IsCaughtUp)
            await pace.WaitForNextTickAsync(cancellation);
    }
}
