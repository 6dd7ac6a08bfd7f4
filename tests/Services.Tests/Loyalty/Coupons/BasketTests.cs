using NUnit.Framework;
using Patron.Loyalty;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>What a basket costs with the best of its coupons.</summary>
internal sealed class BasketTests
{
    private static readonly string[] Products = ["MUG", "SOFA", "LAMP", "RUG"];
    private static readonly string[] Categories = ["home", "light"];

    [TestCase(2024)]
    [TestCase(7)]
    [TestCase(99)]
    public void Every_basket_costs_what_the_slow_reference_says(int seed)
    {
        var random = new Random(seed);
        for (var i = 0; i < 3_000; i++)
        {
            var basket = Basket([.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => new BasketLine(
                Products[random.Next(4)], Categories[random.Next(2)], null, random.Next(1, 5), random.Next(0, 4) * random.Next(1, 2_500)))]);
            var candidates = Enumerable.Range(0, random.Next(1, 6)).Select(number => Random(random, number)).ToList();
            var usable = candidates.Where(it => BasketConditions.WhyNot(it.Campaign, basket, TestHost.Start, null) is null).ToList();
            var (discount, applied, byLine) = ReferenceBasket.Best(basket, usable);
            var answer = EvaluateBasket.Of(basket, candidates, [], null, TestHost.Start);

            var story = $"seed {seed}, basket {i}: {string.Join("; ", basket.Lines)}; "
                + string.Join("; ", usable.Select(it => $"{it.Campaign.Benefit} {it.Campaign.Stacking}"));
            Assert.That(answer.DiscountMinor, Is.EqualTo(discount), story);
            Assert.That(answer.Applied.Select(it => it.Coupon), Is.EqualTo(applied), story);
            Assert.That(answer.Lines.Select(line => line.DiscountMinor), Is.EqualTo(byLine), story);
            AssertAddsUp(basket, answer, candidates.Count);
        }
    }

    [Test]
    public void Three_lines_share_an_amount_to_the_last_penny()
    {
        var basket = Basket(Line("MUG", 1, 333), Line("LAMP", 1, 333), Line("RUG", 1, 334));
        var answer = Of(basket, Coupon(1, new(BenefitKind.AmountOff, AmountMinor: 100, Currency: "GBP")));
        Assert.That(answer.Lines.Select(line => line.DiscountMinor), Is.EqualTo(new[] { 33L, 33L, 34L }));
        Assert.That((answer.DiscountMinor, answer.ToPayMinor), Is.EqualTo((100L, 900L)));
    }

    [Test]
    public void A_percentage_is_rounded_half_up_once_for_all_lines()
    {
        var answer = Of(Basket(Line("MUG", 1, 5), Line("LAMP", 1, 10)), Coupon(1, new(BenefitKind.Percentage, BasisPoints: 1_000)));
        Assert.That(answer.DiscountMinor, Is.EqualTo(2));
    }

    [Test]
    public void Of_three_the_cheapest_is_free_and_again_of_six()
    {
        var three = new CouponBenefit(BenefitKind.BuyAndGet, BasisPoints: 10_000, Pieces: 3, Free: 1);
        Assert.That(Of(Basket(Line("MUG", 2, 1_000), Line("RUG", 1, 300)), Coupon(1, three)).DiscountMinor, Is.EqualTo(300));
        Assert.That(Of(Basket(Line("MUG", 5, 2_500), Line("RUG", 1, 300)), Coupon(1, three)).DiscountMinor, Is.EqualTo(800));
        Assert.That(Of(Basket(Line("MUG", 2, 1_000)), Coupon(1, three)).Applied, Is.Empty);
    }

    [Test]
    public void Who_is_exclusive_stands_alone_where_that_is_worth_more()
    {
        var basket = Basket(Line("SOFA", 1, 10_000));
        var alone = Coupon(1, new(BenefitKind.Percentage, BasisPoints: 2_000), new(Exclusive: true));
        var ten = Coupon(2, new(BenefitKind.Percentage, BasisPoints: 1_000));
        var fifteen = Coupon(3, new(BenefitKind.AmountOff, AmountMinor: 1_500, Currency: "GBP"));
        Assert.That(Of(basket, alone, ten).Applied.Select(it => it.Coupon), Is.EqualTo(new[] { alone.Coupon }));
        Assert.That(Of(basket, alone, ten, fifteen).DiscountMinor, Is.EqualTo(2_500));
        Assert.That(Of(basket, alone, ten, fifteen).LeftOut.Single().Why.Code, Is.EqualTo("not-in-best-combination"));
    }

    [Test]
    public void Of_a_group_one_applies_and_a_perk_comes_along()
    {
        var basket = Basket(Line("SOFA", 1, 10_000));
        var group = new CouponStacking(Group: "seasonal");
        var answer = Of(
            basket, Coupon(1, new(BenefitKind.Percentage, BasisPoints: 1_000), group), Coupon(2, new(BenefitKind.Percentage, BasisPoints: 1_500), group),
            Coupon(3, new(BenefitKind.Perk, Name: "free-shipping")), Coupon(4, new(BenefitKind.PointsMultiplier, BasisPoints: 20_000)));
        Assert.That((answer.DiscountMinor, answer.PointsBasisPoints, answer.Perks.Single()), Is.EqualTo((1_500L, 20_000, "free-shipping")));
    }

    [Test]
    public void What_does_not_apply_says_why()
    {
        var saturday = new DateTimeOffset(2024, 1, 13, 9, 30, 0, TimeSpan.Zero);
        var basket = Basket(Line("MUG", 2, 2_000)) with { Channel = "pos", Store = "london-1" };
        Says(new(MinSpendMinor: 5_000, Currency: "GBP"), "min-spend");
        Says(new(MinPieces: 3), "min-pieces");
        Says(new(Channels: ["eshop"]), "other-channel");
        Says(new(Stores: ["paris-1"]), "other-store");
        Says(new(Weekdays: [1, 2, 3, 4, 5], Zone: "Europe/London"), "other-weekday");
        Says(new(FromTime: "10:00", UntilTime: "12:00", Zone: "Europe/London"), "other-time");
        Says(new(Tiers: ["gold"]), "other-tier");
        Says(new(MembersOnly: true), "customer-needed");
        Says(new(FromTime: "10:00", UntilTime: "12:00", Zone: "Europe/Paris", Weekdays: [6]), null);
        Says(new(FromTime: "22:00", UntilTime: "10:00", Zone: "Europe/London"), null);

        void Says(Conditions conditions, string? code)
        {
            var coupon = Coupon(1, new(BenefitKind.Percentage, BasisPoints: 1_000));
            var answer = EvaluateBasket.Of(
                basket, [coupon with { Campaign = coupon.Campaign with { Conditions = conditions } }], [], tier: "silver", saturday);
            Assert.That(answer.LeftOut.SingleOrDefault()?.Why.Code, Is.EqualTo(code));
            Assert.That(answer.Applied, Has.Count.EqualTo(code is null ? 1 : 0));
        }
    }

    [Test]
    public void Only_as_many_of_a_campaign_as_its_customer_may_use_are_combined()
    {
        var benefit = new CouponBenefit(BenefitKind.AmountOff, AmountMinor: 100, Currency: "GBP");
        var two = Enumerable.Range(1, 2).Select(number => Coupon(number, benefit)).ToList();
        var same = two.ConvertAll(it => it with { Campaign = two[0].Campaign, UsesLeft = 1 });
        Assert.That(Of(Basket(Line("SOFA", 1, 1_000)), [.. two]).DiscountMinor, Is.EqualTo(200));
        Assert.That(Of(Basket(Line("SOFA", 1, 1_000)), [.. same]).DiscountMinor, Is.EqualTo(100));
    }

    [Test]
    public void More_coupons_than_are_combined_are_left_out_by_name()
    {
        var coupons = Enumerable.Range(1, 12).Select(number => Coupon(number, new(BenefitKind.AmountOff, AmountMinor: number, Currency: "GBP"))).ToArray();
        var answer = Of(Basket(Line("SOFA", 1, 1_000)), coupons);
        Assert.That(answer.DiscountMinor, Is.EqualTo(3 + 4 + 5 + 6 + 7 + 8 + 9 + 10 + 11 + 12));
        Assert.That(answer.LeftOut.Select(it => it.Why.Code), Is.EqualTo(new[] { "too-many-coupons", "too-many-coupons" }));
    }

    private static void AssertAddsUp(Basket basket, BasketAnswer answer, int coupons)
    {
        Assert.That(answer.Lines.Sum(line => line.DiscountMinor), Is.EqualTo(answer.DiscountMinor));
        Assert.That(answer.Applied.Sum(it => it.DiscountMinor), Is.EqualTo(answer.DiscountMinor));
        Assert.That(answer.AmountMinor - answer.DiscountMinor, Is.EqualTo(answer.ToPayMinor).And.AtLeast(0));
        Assert.That(answer.Applied.Count + answer.LeftOut.Count, Is.EqualTo(coupons));
        foreach (var line in answer.Lines)
        {
            Assert.That(line.DiscountMinor, Is.InRange(0, basket.Lines[line.Line].AmountMinor));
            Assert.That(line.ByCoupon.Sum(share => share.DiscountMinor), Is.EqualTo(line.DiscountMinor));
        }
    }

    private static Candidate Random(Random random, int number)
    {
        CouponBenefit benefit = random.Next(6) switch
        {
            0 => new(BenefitKind.Percentage, BasisPoints: random.Next(1, 10_001), MaxMinor: random.Next(2) * random.Next(1, 500), Currency: "GBP"),
            1 => new(BenefitKind.AmountOff, AmountMinor: random.Next(1, 3_000), Currency: "GBP"),
            2 => new(BenefitKind.FreeProduct, Product: Products[random.Next(4)], Pieces: random.Next(1, 4)),
            3 or 4 => new(
                BenefitKind.BuyAndGet, BasisPoints: random.Next(1, 10_001), Pieces: random.Next(2, 5), Free: 1, Times: random.Next(3)),
            _ => new(BenefitKind.Perk, Name: $"perk-{number}"),
        };
        var goods = random.Next(3) == 0 ? Goods.All with { Categories = [Categories[random.Next(2)]] } : Goods.All;
        var stacking = new CouponStacking(random.Next(3) == 0 ? "group" : null, random.Next(6) == 0, random.Next(-1, 2));
        var coupon = Coupon(number + 1, benefit, stacking);
        return coupon with
        {
            Campaign = coupon.Campaign with { Id = $"campaign-{random.Next(4)}", Goods = goods },
            UsesLeft = random.Next(3) == 0 ? 1 : int.MaxValue,
        };
    }

    private static BasketAnswer Of(Basket basket, params Candidate[] candidates) => EvaluateBasket.Of(basket, candidates, [], null, TestHost.Start);

    private static Candidate Coupon(int number, CouponBenefit benefit, CouponStacking? stacking = null) => new(
        new Guid(number, 0, 0, new byte[8]), null,
        new Campaign(
            $"campaign-{number}", new Dictionary<string, string>(), benefit, Goods.All, Conditions.None, stacking ?? CouponStacking.Free, null, null, 0, 0, 15,
            LatePolicy.FirstWins));

    private static Basket Basket(params BasketLine[] lines) => new(lines, "GBP", null, null, null, null, null, false);

    private static BasketLine Line(string product, int quantity, long minor) => new(product, "home", "acme", quantity, minor);
}
