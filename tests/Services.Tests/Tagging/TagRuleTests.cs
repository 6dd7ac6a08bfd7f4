using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Tagging;

namespace Patron.Services.Tests.Tagging;

internal sealed class TagRuleTests
{
    private static readonly DateTimeOffset March = new(2011, 3, 1, 10, 0, 0, TimeSpan.Zero);
    private static readonly TagRules Rules = new("GBP");
    private static readonly HashSet<string> Names = [.. Rules.All.Select(rule => rule.Name)];

    [Test]
    public void The_first_purchase_makes_a_first_time_buyer_and_says_when()
    {
        var added = (TagAdded)Decide(CustomerTags.None, Bought(1)).Single();

        Assert.That(added, Is.EqualTo(new TagAdded("consumption/frequency/first-time", "first-time-buyer", 1, "1 purchase, on 2011-03-01", March)));
    }

    [TestCase(1, "consumption/frequency/first-time")]
    [TestCase(2, "consumption/frequency/repeat")]
    [TestCase(9, "consumption/frequency/repeat")]
    [TestCase(10, "consumption/frequency/frequent")]
    public void Frequency_follows_the_number_of_purchases(int purchases, string tag) =>
        Assert.That(Rules.Evaluate(Bought(purchases)).Select(wanted => wanted.Tag), Is.EqualTo(new[] { tag }));

    [Test]
    public void The_second_purchase_replaces_the_first_time_buyer_with_the_numbers_of_both()
    {
        var first = CustomerTags.Kind.Fold(Decide(CustomerTags.None, Bought(1)));

        var events = Decide(first, Bought(2));

        Assert.That(events, Is.EqualTo(new object[]
        {
            new TagRemoved(
                "consumption/frequency/first-time", "first-time-buyer", 1,
                "replaced by consumption/frequency/repeat: 2 purchases, the last on 2011-03-01", March),
            new TagAdded("consumption/frequency/repeat", "repeat-buyer", 1, "2 purchases, the last on 2011-03-01", March),
        }));
    }

    [Test]
    public void A_purchase_that_changes_only_numbers_changes_no_tag()
    {
        var repeat = CustomerTags.Kind.Fold(Decide(CustomerTags.None, Bought(2)));

        Assert.That(Decide(repeat, Bought(3)), Is.Empty);
        Assert.That(Rules.SameTags(Bought(2), Bought(3)), Is.True);
    }

    [Test]
    public void Deciding_again_changes_nothing()
    {
        var activity = Bought(12) with { EShopPurchases = 1, LargestBasket = 900_00, Returns = 5 };
        var tags = CustomerTags.Kind.Fold(Decide(CustomerTags.None, activity));

        Assert.That(tags.Held, Has.Count.EqualTo(4));
        Assert.That(Decide(tags, activity), Is.Empty);
    }

    [TestCase(500_00, false)]
    [TestCase(500_01, true)]
    public void A_basket_is_big_above_five_hundred_pounds(long amount, bool big) =>
        Assert.That(Holds("consumption/basket/big", Bought(1) with { LargestBasket = amount }), Is.EqualTo(big));

    [TestCase(2, false)]
    [TestCase(3, true)]
    public void Three_returns_make_a_returner(int returns, bool returner) =>
        Assert.That(Holds("consumption/returns/returner", Bought(1) with { Returns = returns }), Is.EqualTo(returner));

    [Test]
    public void A_multi_channel_shopper_bought_in_a_shop_and_in_the_eShop()
    {
        Assert.That(Holds("consumption/channel/multi-channel", Bought(4)), Is.False);

        var wanted = Rules.Evaluate(Bought(4) with { PosSpend = 40_00, EShopPurchases = 1, EShopSpend = 1_234_50 });

        Assert.That(wanted.Single(tag => tag.Tag == "consumption/channel/multi-channel").Reason, Is.EqualTo(
            "4 purchases in shops (40.00 GBP) and 1 in the eShop (1,234.50 GBP)"));
    }

    [Test]
    public void A_tag_whose_rule_no_longer_holds_is_removed_with_the_rules_name()
    {
        var tags = CustomerTags.Kind.Fold([new TagAdded("consumption/basket/big", "big-basket", 1, "a purchase of 900.00 GBP", March)]);

        var removed = (TagRemoved)Decide(tags, Bought(1))[0];

        Assert.That(removed.Reason, Is.EqualTo("the rule big-basket no longer holds"));
    }

    [Test]
    public void Tiers_exclude_one_another_and_leave_other_tags_alone()
    {
        var tags = CustomerTags.Kind.Fold(
            [.. Decide(CustomerTags.None, Bought(1)), .. FollowTier.Decide(CustomerTags.None, "silver", "520 points", March).Events]);

        var events = FollowTier.Decide(tags, "gold", "2,100 points in a year", March).Events;

        Assert.That(events, Is.EqualTo(new object[]
        {
            new TagRemoved("loyalty/tier/silver", "loyalty-tier", 1, "replaced by loyalty/tier/gold: the loyalty tier is gold: 2,100 points in a year", March),
            new TagAdded("loyalty/tier/gold", "loyalty-tier", 1, "the loyalty tier is gold: 2,100 points in a year", March),
        }));
        var gold = CustomerTags.Kind.Fold([new TagAdded("loyalty/tier/gold", "loyalty-tier", 1, "", March)]);
        Assert.That(FollowTier.Decide(gold, "gold", "", March).Events, Is.Empty);
    }

    [Test]
    public void Only_sold_lines_count_and_returned_ones_subtract()
    {
        var activity = CustomerActivity.Of(
            Receipt.Of(March, Channel.Pos, Receipt.Sale(120_00), Receipt.Sale(30_00), Receipt.Return(-20_00), Receipt.Fee(700_00)), position: 7);

        Assert.That(activity, Is.EqualTo(new CustomerActivity(1, 0, 130_00, 0, 1, 150_00, March, 7)));
    }

    [Test]
    public void A_return_alone_is_not_a_purchase()
    {
        var activity = CustomerActivity.None.Plus(CustomerActivity.Of(Receipt.Of(March, Channel.Eshop, Receipt.Return(-5_00)), position: 1));

        Assert.That(activity, Is.EqualTo(CustomerActivity.None with { EShopSpend = -5_00, Returns = 1, Position = 1 }));
    }

    [Test]
    public void Every_rule_assigns_a_tag_of_the_taxonomy()
    {
        Assert.That(Rules.All.Select(rule => rule.Tag).Where(tag => !Taxonomy.Knows(tag)), Is.Empty);
        Assert.That(Rules.All.Select(rule => rule.Name).Distinct().Count(), Is.EqualTo(Rules.All.Count));
    }

    [Test]
    public void No_single_choice_branch_ever_holds_two_tags()
    {
        var random = new Random(20110301);
        for (var customer = 0; customer < 2_000; customer++)
        {
            var (activity, tags) = (CustomerActivity.None, CustomerTags.None);
            for (var position = 1; position <= 15; position++)
            {
                var line = random.Next(4) == 0 ? Receipt.Return(-random.Next(100_00)) : Receipt.Sale(random.Next(800_00));
                activity = activity.Plus(CustomerActivity.Of(Receipt.Of(March, (Channel)random.Next(1, 3), line), position));
                tags = CustomerTags.Kind.Fold([.. Added(tags), .. Decide(tags, activity)]);
                var single = tags.Held.Select(held => Taxonomy.BranchOf(held.Tag)).Where(Taxonomy.IsSingleChoice);
                Assert.That(single, Is.Unique);
                Assert.That(tags.Held.Select(held => held.Tag), Is.EquivalentTo(Rules.Evaluate(activity).Select(wanted => wanted.Tag)));
            }
        }
    }

    private static IEnumerable<TagAdded> Added(CustomerTags tags) =>
        tags.Held.Select(held => new TagAdded(held.Tag, held.Rule, held.RuleVersion, held.Reason, held.Since));

    private static bool Holds(string tag, CustomerActivity activity) => Rules.Evaluate(activity).Any(wanted => wanted.Tag == tag);

    private static IReadOnlyList<Runtime.EventStore.DomainEvent> Decide(CustomerTags tags, CustomerActivity activity) =>
        RetagCustomer.Decide(tags, Names, Rules.Evaluate(activity), March).Events;

    private static CustomerActivity Bought(int times) => CustomerActivity.None with { PosPurchases = times, LastPurchaseAt = March };
}
