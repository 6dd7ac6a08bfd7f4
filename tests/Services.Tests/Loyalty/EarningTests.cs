using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class EarningTests
{
    [Test]
    public void The_first_purchase_enrols_and_earns_a_point_per_whole_pound()
    {
        var expires = new DateTimeOffset(2012, 3, 2, 0, 0, 0, TimeSpan.Zero);
        Nobody.When(Buy(1, March1, Line("MUG", 2, 599), Line("LAMP", 1, 1250))).Then(
            new MemberEnrolled(March1, "member"),
            new PointsEarned(
                Receipt(1), March1, 1, "member", "GBP", 201103, 18, 0, 1, expires, [new("MUG", 2, 599, 5), new("LAMP", 1, 1250, 13)], 18, expires));
    }

    [Test]
    public void Points_are_rounded_down_once_per_purchase_and_the_lines_add_up()
    {
        var earned = Nobody.When(Buy(1, March1, Line("A", 1, 85), Line("B", 1, 85), Line("C", 1, 85), Line("D", 1, 85))).The<PointsEarned>();
        Assert.That(earned.Points, Is.EqualTo(3));
        Assert.That(earned.Lines.Select(line => line.Points), Is.EqualTo(new long[] { 0, 1, 1, 1 }));
    }

    [TestCase(99, 0)]
    [TestCase(100, 1)]
    [TestCase(199, 1)]
    public void A_point_needs_a_whole_pound(long minor, long points) =>
        Assert.That(Nobody.When(Buy(1, March1, Line("A", 1, minor))).The<PointsEarned>().Points, Is.EqualTo(points));

    [Test]
    public void A_tier_multiplies_before_rounding()
    {
        var silver = Nobody.After(Buy(1, March1, Line("SOFA", 1, 50_000)));
        Assert.That(silver.State.Tier, Is.EqualTo("silver"));
        Assert.That(silver.When(Buy(2, March1.AddDays(1), Line("MUG", 1, 1_091))).The<PointsEarned>().Points, Is.EqualTo(12), "10.91 x 1.1 = 12.001");
    }

    [Test]
    public void Another_currency_earns_nothing_but_is_remembered_for_returns()
    {
        var earned = Nobody.When(Record(new(Receipt(1), March1, "EUR", [Line("MUG", 1, 60_000)], []))).The<PointsEarned>();
        Assert.That((earned.Points, earned.Month, earned.Lot, earned.Lines.Count), Is.EqualTo((0L, 0, 0, 1)));
    }

    [Test]
    public void A_second_purchase_leaves_the_expiry_timer_alone_unless_it_expires_earlier()
    {
        var one = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000)));
        Assert.That(one.When(Buy(2, March1.AddDays(1), Line("MUG", 1, 1_000))).The<PointsEarned>().NextExpiry, Is.Null);
        Assert.That(one.When(Buy(2, March1.AddDays(-1), Line("MUG", 1, 1_000))).The<PointsEarned>().NextExpiry, Is.Not.Null);
    }

    [Test]
    public void Neither_sale_nor_return_is_nothing() => Nobody.When(Record(new(Receipt(1), March1, "GBP", [], []))).Nothing();

    [Test]
    public void More_points_than_fit_are_a_fault_and_book_nothing() => Assert.That(
        () => Nobody.When(Buy(1, March1, Line("A", 1, long.MaxValue), Line("B", 1, long.MaxValue))), Throws.TypeOf<OverflowException>());

    [TestCase(Stacking.Best, 300)]
    [TestCase(Stacking.Add, 400)]
    [TestCase(Stacking.Multiply, 600)]
    public void Multipliers_that_meet_come_together_as_the_document_says(object stacking, long points)
    {
        var programme = Demo with { Stacking = (Stacking)stacking, Rules = [Times("double", 200), Times("triple", 300)] };
        var earned = Nobody.When(Record(Basket(10_000), programme)).The<PointsEarned>();
        Assert.That(earned.Points, Is.EqualTo(points));
        RulePoints[] given = [new("double", 100), new("triple", points - 200)];
        Assert.That(earned.Given, Is.EqualTo(given), "a rule gives what it adds to those before it");
    }

    [Test]
    public void A_rule_for_some_goods_leaves_the_others_alone_and_their_lines_get_its_points()
    {
        var shoes = Times("shoes", 200) with { When = EarnCondition.Always with { Goods = new([], ["women/shoes"], []) } };
        var basket = new Purchase(
            Receipt(1), March1, "GBP",
            [new("MUG", 1, 1_000), new("BOOT", 1, 5_000, "women/shoes/boots", "acme"), new("SHOE", 1, 5_000, "women/shoestrings")], []);
        var earned = Nobody.When(Record(basket, Demo with { Rules = [shoes] })).The<PointsEarned>();
        Assert.That(earned.Lines.Select(line => line.Points), Is.EqualTo(new long[] { 10, 100, 50 }));
        Assert.That((earned.Lines[1].Category, earned.Lines[1].Brand), Is.EqualTo(("women/shoes/boots", "acme")), "kept for backtests");
    }

    [Test]
    public void Excluded_goods_and_purchases_below_the_minimum_earn_nothing_but_count_as_spend()
    {
        var programme = Demo with { Exclusions = new(["CARD"], [], []), EarnRates = [new("GBP", 100, 2_000)] };
        var story = Nobody.After(Record(new(Receipt(1), March1, "GBP", [Line("CARD", 1, 5_000), Line("MUG", 1, 1_999)], []), programme));
        Assert.That(story.State.Balance, Is.Zero);
        Assert.That(story.State.StandingSince(0), Is.EqualTo(new TierStanding(6_999, 0, 1)));
        Assert.That(story.When(Record(Basket(2_000), programme)).The<PointsEarned>().Points, Is.EqualTo(20));
    }

    [Test]
    public void A_cap_of_a_day_has_room_for_what_is_booked_first_and_a_return_gives_none_back()
    {
        var programme = Demo with { Caps = new(null, 100, null) };
        var story = Nobody.After(Record(Basket(8_000, 1), programme));
        var second = story.When(Record(Basket(8_000, 2, March1.AddHours(-2)), programme)).The<PointsEarned>();
        Assert.That((second.Points, second.Cut), Is.EqualTo((20L, (long?)60)), "though it happened earlier");
        Assert.That(Timeline.Of([new(0, 1, Anna, Anna, 1, March1, second, EventMetadata.None)]).Single().Why, Does.Contain("60 not given because of a cap"));

        var returned = story.After(Record(Basket(8_000, 2), programme)).After(Return(3, March1.AddHours(1), "SOFA", 2));
        AssertHolds(returned, balance: 0);
        Assert.That(returned.When(Record(Basket(8_000, 4), programme)).The<PointsEarned>().Points, Is.Zero);
        var next = returned.When(Record(Basket(8_000, 4, March1.AddDays(1)), programme)).The<PointsEarned>();
        Assert.That(next.Points, Is.EqualTo(80), "the next day has room of its own");
    }

    [Test]
    public void Counters_of_caps_are_bounded()
    {
        var programme = Demo with { Caps = new(null, 1_000, 20_000), Rules = [Times("double", 200) with { Caps = new(null, 10, null) }] };
        var story = Nobody;
        for (var day = 0; day < 120; day++)
            story = story.After(Record(Basket(1_000, day, March1.AddDays(day)), programme));
        Assert.That(story.State.Caps.Select(use => use.Period).Where(period => period > 999_999).Distinct().Count(), Is.EqualTo(CapUse.DaysMax));
        Assert.That(story.State.Caps, Has.Count.EqualTo((2 * CapUse.DaysMax) + 4));
    }

    [Test]
    public void A_merged_member_keeps_the_caps_of_both_and_a_parted_one_their_own()
    {
        var origin = new Guid("b0000000-0000-4000-8000-000000000002");
        IReadOnlyList<CapUse> uses = CapUse.Add([new(null, 20110301, 60)], [new(null, 20110301, 30, origin), new(null, 20110301, 5)]);
        Assert.That(uses, Is.EqualTo(new CapUse[] { new(null, 20110301, 65), new(null, 20110301, 30, origin) }));
        Assert.That(new CapRoom(uses, 20110301).Of(null, new(null, 100, null)), Is.EqualTo(5));
    }

    [Test]
    public void A_purchase_stored_before_there_were_rules_is_still_read()
    {
        const string Old =
            """
            {"purchase":"00000003-1234-7abc-8000-0000000000ff","occurredAt":"2011-12-09T12:50:04+00:00","programme":1,"tier":"member","currency":"GBP",
             "month":201112,"points":6,"settled":0,"lot":1,"expiresAt":"2012-12-10T00:00:00+00:00",
             "lines":[{"product":"MUG","quantity":1,"amountMinor":600,"points":6}],"balance":6}
            """;
        var earned = (PointsEarned)CouponModule.Events.Read("loyalty.points-earned.v1", Old);
        Assert.That(new object?[] { earned.Given, earned.Counted, earned.Channel, earned.Lines[0].Category }, Is.All.Null);
        Assert.That(Ledger.Kind.Fold([earned]).StandingSince(201112), Is.EqualTo(new TierStanding(600, 6, 1)));
    }

    private static EarnRule Times(string id, int percent) =>
        new(id, new Dictionary<string, string>(), EarnCondition.Always, percent, 0, 0, PointCaps.None);

    private static Purchase Basket(long minor, int receipt = 1, DateTimeOffset? at = null) =>
        new(Receipt(receipt), at ?? March1, "GBP", [Line("SOFA", 1, minor)], []);
}
