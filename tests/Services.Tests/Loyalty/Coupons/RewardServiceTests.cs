using System.Net;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Testing;
using static Patron.Services.Tests.Loyalty.Coupons.CouponPlace;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Rewards for points and offers in steps, over HTTP.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class RewardServiceTests
{
    [Test]
    [CancelAfter(60_000)]
    public async Task A_reward_costs_points_and_gives_a_coupon_in_one_step(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("free-mug", TenPercent(), cancellation);
        await DefineAsync(
            place, "mug", new { names = new { en = "Mug" }, kind = "free-product", costPoints = 60, campaign = "free-mug", stock = 5 }, cancellation);
        var anna = NewCustomer();
        await BuyAsync(place, anna, 1, 10_000, cancellation);

        var claimed = await ClaimAsync(place, anna, new { reward = "mug" }, HttpStatusCode.Created, cancellation, "k");
        var again = await ClaimAsync(place, anna, new { reward = "mug" }, HttpStatusCode.Created, cancellation, "k");
        Assert.That(again.ToJsonString(), Is.EqualTo(claimed.ToJsonString()));
        var reused = await ClaimAsync(place, anna, new { reward = "mug", store = "x" }, HttpStatusCode.Conflict, cancellation, "k");
        Assert.That(CodeOf(reused), Is.EqualTo("idempotency-key-reused"));
        Assert.That(await BalanceAsync(place, anna, cancellation), Is.EqualTo(40));
        Assert.That(await place.WalletAsync(anna, cancellation), Is.EqualTo(new[] { ("issued", "free-mug") }));
        Assert.That(CodeOf(await ClaimAsync(place, anna, new { reward = "mug" }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("not-enough-points"));
        Assert.That((long)(await place.GetAsync("/v1/loyalty/rewards", cancellation))[0]!["left"]!, Is.EqualTo(4));
        Assert.That(await place.WalletAsync(anna, cancellation), Has.Count.EqualTo(1), "a refused claim leaves nothing");
        await ClaimAsync(place, NewCustomer(), new { reward = "mug" }, HttpStatusCode.NotFound, cancellation);
        await ClaimAsync(place, anna, new { reward = "none" }, HttpStatusCode.NotFound, cancellation);

        var coupon = (Guid)claimed["coupon"]!;
        await place.RedeemAsync(new { customer = anna, coupon }, HttpStatusCode.OK, cancellation);
        var mine = (await place.GetAsync($"/v1/loyalty/customers/{anna}/rewards", cancellation)).AsArray().Single()!;
        Assert.That((string)mine["why"]!["code"]!, Is.EqualTo("not-enough-points"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_reward_has_limits_a_time_a_tier_and_a_stock_by_store(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("any", TenPercent(), cancellation);
        var (anna, ben) = (NewCustomer(), NewCustomer());
        await BuyAsync(place, anna, 1, 10_000, cancellation);
        await BuyAsync(place, ben, 2, 10_000, cancellation);
        var names = new { en = "Something" };
        await DefineAsync(place, "once", new { names, costPoints = 10, campaign = "any", perMemberMax = 1 }, cancellation);
        await DefineAsync(place, "over", new { names, campaign = "any", until = TestHost.Start.AddDays(-1) }, cancellation);
        await DefineAsync(place, "later", new { names, campaign = "any", from = TestHost.Start.AddDays(1) }, cancellation);
        await DefineAsync(place, "golden", new { names, campaign = "any", tiers = new[] { "gold" } }, cancellation);
        await DefineAsync(
            place, "local", new { names, campaign = "any", stockByStore = new Dictionary<string, int> { ["london-1"] = 1, ["paris-1"] = 0 } }, cancellation);

        await ClaimAsync(place, anna, new { reward = "once" }, HttpStatusCode.Created, cancellation);
        await RefusedAsync("once", null, "claim-limit");
        await RefusedAsync("over", null, "reward-over");
        await RefusedAsync("later", null, "reward-not-yet");
        await RefusedAsync("golden", null, "other-tier");
        await RefusedAsync("local", "paris-1", "none-left");
        await ClaimAsync(place, anna, new { reward = "local" }, HttpStatusCode.BadRequest, cancellation);
        await ClaimAsync(place, ben, new { reward = "local", store = "london-1" }, HttpStatusCode.Created, cancellation);
        await RefusedAsync("local", "london-1", "none-left");
        Assert.That(await BalanceAsync(place, anna, cancellation), Is.EqualTo(90));

        async Task RefusedAsync(string reward, string? store, string code) =>
            Assert.That(CodeOf(await ClaimAsync(place, anna, new { reward, store }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo(code));
    }

    [Test]
    [CancelAfter(90_000)]
    public async Task Customers_who_race_for_the_last_pieces_never_get_more_than_there_are_nor_pay_for_none(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("any", TenPercent(), cancellation);
        await DefineAsync(place, "rare", new { names = new { en = "Rare" }, costPoints = 30, campaign = "any", stock = 450 }, cancellation);
        var customers = Enumerable.Range(0, 100).Select(_ => NewCustomer()).ToList();
        foreach (var (index, customer) in customers.Index())
            await PublishAsync(place, customer, index, 16_000, cancellation);
        await place.Host.DrainAsync(cancellation);

        // Each has 160 points, which is enough for five: 500 claims for 450 pieces in two shards.
        var won = new int[customers.Count];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, 700), new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellation }, async (claim, token) =>
            {
                using var request = new HttpRequestMessage(
                    HttpMethod.Post, new Uri($"/v1/loyalty/customers/{customers[claim % customers.Count]}/claims", UriKind.Relative));
                request.Content = System.Net.Http.Json.JsonContent.Create(new { reward = "rare" });
                request.Headers.Add("Idempotency-Key", $"rare-{claim}");
                using var answer = await place.Host.Http.SendAsync(request, token);
                if (answer.IsSuccessStatusCode)
                    Interlocked.Increment(ref won[claim % customers.Count]);
            });
        Assert.That(won.Sum(), Is.EqualTo(450));
        foreach (var (index, customer) in customers.Index())
        {
            Assert.That(await BalanceAsync(place, customer, cancellation), Is.EqualTo(160 - (30 * won[index])));
            Assert.That(await place.WalletAsync(customer, cancellation), Has.Count.EqualTo(won[index]));
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task An_offer_in_steps_gives_each_step_once_and_shows_what_is_missing(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("small", TenPercent(), cancellation);
        await place.DefineAsync("large", TenPercent(), cancellation);
        await place.SendAsync(
            HttpMethod.Put, "/v1/loyalty/offers/january", new
            {
                names = new { en = "January" },
                from = TestHost.Start.AddDays(-10),
                until = TestHost.Start.AddDays(60),
                withinDays = 30,
                currency = "GBP",
                minMinor = 500,
                steps = new[] { new { purchases = 2, spendMinor = 0, campaign = "small" }, new { purchases = 0, spendMinor = 5_000, campaign = "large" } },
            }, HttpStatusCode.OK, cancellation);
        var anna = NewCustomer();
        await BuyAsync(place, anna, 1, 1_000, cancellation);
        await BuyAsync(place, anna, 2, 100, cancellation);
        var steps = await StepsAsync();
        Assert.That(steps.Select(it => ((bool)it!["reached"]!, (long)it["missing"]!)), Is.EqualTo(new[] { (false, 1L), (false, 4_000L) }));

        await BuyAsync(place, anna, 3, 1_000, cancellation);
        Assert.That(await place.WalletAsync(anna, cancellation), Is.EqualTo(new[] { ("issued", "small") }));
        await place.Host.AdvanceToAsync(TestHost.Start.AddDays(40), cancellation);
        await BuyAsync(place, anna, 4, 3_500, cancellation, TestHost.Start.AddDays(40));
        Assert.That(await place.WalletAsync(anna, cancellation), Has.Count.EqualTo(1), "the earlier purchases are too long ago for the second step");
        Assert.That(((long)(await StepsAsync())[1]!["missing"]!), Is.EqualTo(1_500));
        await BuyAsync(place, anna, 5, 1_500, cancellation, TestHost.Start.AddDays(39));
        await BuyAsync(place, anna, 6, 9_000, cancellation, TestHost.Start.AddDays(40));
        Assert.That((await place.WalletAsync(anna, cancellation)).Select(it => it.Campaign), Is.EqualTo(new[] { "small", "large" }));

        async Task<JsonArray> StepsAsync() =>
            (await place.GetAsync($"/v1/loyalty/customers/{anna}/offers", cancellation)).AsArray().Single()!["steps"]!.AsArray();
    }

    internal static async Task BuyAsync(
        CouponPlace place, Guid customer, int receipt, long minor, CancellationToken cancellation, DateTimeOffset? at = null)
    {
        await PublishAsync(place, customer, receipt, minor, cancellation, at);
        await place.Host.DrainAsync(cancellation);
    }

    private static Task PublishAsync(CouponPlace place, Guid customer, int receipt, long minor, CancellationToken cancellation, DateTimeOffset? at = null) =>
        place.Host.PublishAsync(
            ProfileTopic, "profile", customer, new PurchaseRecorded
            {
                PurchaseId = LedgerStories.Receipt(receipt).ToString(),
                Source = "pos",
                Currency = "GBP",
                OccurredAt = (at ?? TestHost.Start.AddSeconds(receipt - 1_000)).ToTimestamp(),
                Lines = { new Line { Product = "MUG", Kind = LineKind.Sale, Quantity = 1, AmountMinor = minor } },
            }, cancellation);

    private static Task<JsonNode> DefineAsync(CouponPlace place, string reward, object definition, CancellationToken cancellation) =>
        place.SendAsync(HttpMethod.Put, $"/v1/loyalty/rewards/{reward}", definition, HttpStatusCode.OK, cancellation);

    private static Task<JsonNode> ClaimAsync(
        CouponPlace place, Guid customer, object body, HttpStatusCode expected, CancellationToken cancellation, string? key = null) =>
        place.SendAsync(HttpMethod.Post, $"/v1/loyalty/customers/{customer}/claims", body, expected, cancellation, key);

    private static async Task<long> BalanceAsync(CouponPlace place, Guid customer, CancellationToken cancellation) =>
        (long)(await place.GetAsync($"/v1/loyalty/customers/{customer}", cancellation))["balance"]!;
}
