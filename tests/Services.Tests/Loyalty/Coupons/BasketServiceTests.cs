using System.Net;
using NUnit.Framework;
using static Patron.Services.Tests.Loyalty.Coupons.CouponPlace;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Baskets over HTTP.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class BasketServiceTests
{
    [Test]
    [CancelAfter(60_000)]
    public async Task A_basket_gets_the_best_of_codes_and_wallet_and_says_why_others_do_not_apply(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("ten", TenPercent(), cancellation);
        await place.DefineAsync(
            "five-pounds", new
            {
                names = new { en = "Five pounds off", },
                benefit = new { kind = "amount-off", amountMinor = 500, currency = "GBP" },
                goods = new { categories = new[] { "home" } },
                conditions = new { minSpendMinor = 3_000, currency = "GBP", channels = new[] { "eshop" } },
                stacking = new { priority = -1 },
            }, cancellation);
        var code = (await place.CodesAsync("ten", 1, cancellation))[0];
        var anna = NewCustomer();
        var coupon = await place.IssueAsync(anna, "five-pounds", cancellation);
        var lines = new object[]
        {
            new { product = "MUG", category = "home", quantity = 2, amountMinor = 3_333 },
            new { product = "LAMP", category = "light", quantity = 1, amountMinor = 2_500 },
        };

        var answer = await EvaluateAsync(new { lines, currency = "GBP", channel = "eshop", customer = anna, codes = new[] { code, "NOTHING" } });
        Assert.That(((long)answer["amountMinor"]!, (long)answer["discountMinor"]!, (long)answer["toPayMinor"]!), Is.EqualTo((5_833L, 1_033L, 4_800L)));
        Assert.That(answer["applied"]!.AsArray().Select(it => (string)it!["campaign"]!), Is.EqualTo(new[] { "five-pounds", "ten" }));
        Assert.That((Guid)answer["applied"]![0]!["coupon"]!, Is.EqualTo(coupon));
        Assert.That(answer["lines"]!.AsArray().Select(it => (long)it!["discountMinor"]!).Sum(), Is.EqualTo(1_033));
        Assert.That((string)answer["leftOut"]!.AsArray().Single()!["why"]!["code"]!, Is.EqualTo("coupon-unknown"));

        var inStore = await EvaluateAsync(new { lines, currency = "GBP", channel = "pos", customer = anna, codes = new[] { code } });
        Assert.That((long)inStore["discountMinor"]!, Is.EqualTo(583));
        Assert.That((string)inStore["leftOut"]!.AsArray().Single()!["why"]!["code"]!, Is.EqualTo("other-channel"));

        // What is used meanwhile does not apply any more.
        await place.RedeemAsync(new { code, customer = anna }, HttpStatusCode.OK, cancellation);
        var after = await EvaluateAsync(new { lines, currency = "GBP", channel = "eshop", customer = anna, codes = new[] { code } });
        Assert.That((long)after["discountMinor"]!, Is.EqualTo(500));
        Assert.That((string)after["leftOut"]!.AsArray().Single()!["why"]!["code"]!, Is.EqualTo("coupon-used"));

        Task<System.Text.Json.Nodes.JsonNode> EvaluateAsync(object basket) =>
            place.SendAsync(HttpMethod.Post, "/v1/loyalty/baskets/evaluate", basket, HttpStatusCode.OK, cancellation);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_wrong_basket_says_which_field_is_wrong(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        var problem = await place.SendAsync(
            HttpMethod.Post, "/v1/loyalty/baskets/evaluate",
            new { lines = new[] { new { product = "MUG", quantity = 0, amountMinor = -1 } }, currency = "pounds" }, HttpStatusCode.BadRequest, cancellation);
        Assert.That(
            problem["errors"]!.AsArray().Select(it => (string)it!["pointer"]!),
            Is.EquivalentTo(new[] { "/currency", "/lines/0/quantity", "/lines/0/amountMinor" }));
    }
}
