using NUnit.Framework;
using Patron.Loyalty;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class ReturnTests
{
    private static readonly DateTimeOffset March2 = new(2012, 3, 2, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset April1 = new(2011, 4, 1, 10, 0, 0, TimeSpan.Zero);

    [Test]
    public void A_return_takes_back_exactly_what_its_pieces_had_earned()
    {
        var bought = Nobody.After(Buy(1, March1, Line("MUG", 3, 1_000), Line("LAMP", 1, 2_000)));
        bought.When(Return(2, April1, "MUG", 1)).Then(
            new PointsReversed(
                Receipt(2), false, 3, [new(1, 3, ExpiresAt: March2)], 0, [new(Receipt(1), 0, "MUG", 1, 333, 201103, 3)], 27, March2, At: April1));
    }

    [Test]
    public void Pieces_that_come_back_one_by_one_give_back_all_points_and_all_spend()
    {
        var story = Nobody.After(Buy(1, March1, Line("MUG", 3, 1_000)));
        for (var i = 0; i < 3; i++)
            story = story.After(Return(2 + i, April1.AddDays(i), "MUG", 1));
        AssertHolds(story, balance: 0);
        Assert.That(story.State.StandingSince(0), Is.EqualTo(new TierStanding(0, 0, Visits: 1)), "a visit stays one");
        Assert.That(story.State.Lots, Is.Empty);
    }

    [Test]
    public void The_latest_purchase_before_the_return_is_matched_first()
    {
        var bought = Nobody.After(Buy(1, March1, Line("MUG", 2, 1_000))).After(Buy(2, March1.AddDays(2), Line("MUG", 2, 2_000)))
            .After(Buy(3, April1.AddDays(1), Line("MUG", 2, 4_000)));
        var reversed = bought.When(Return(4, April1, "MUG", 3)).The<PointsReversed>();
        Assert.That(
            reversed.Lines.Select(line => (line.Purchase, line.Quantity, line.Points)), Is.EqualTo(new[] { (Receipt(2), 2, 20L), (Receipt(1), 1, 5L) }));
    }

    [Test]
    public void What_matches_nothing_stays_open()
    {
        var bought = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000)));
        var decided = bought.When(Return(2, April1, "MUG", 5));
        Assert.That(decided.The<PointsReversed>().Points, Is.EqualTo(10));
        Assert.That(decided.The<ReturnUnmatched>(), Is.EqualTo(new ReturnUnmatched(Receipt(2), April1, "MUG", 4)));
    }

    [Test]
    public void A_return_that_arrives_before_its_purchase_is_claimed_by_it()
    {
        var open = Nobody.After(Return(2, April1, "MUG", 2));
        var decided = open.When(Buy(1, March1, Line("MUG", 3, 3_000)));
        var reversed = decided.The<PointsReversed>();
        Assert.That((reversed.Claimed, reversed.Return, reversed.Points, reversed.Balance), Is.EqualTo((true, Receipt(2), 20L, 10L)));
        Assert.That(open.After(Buy(1, March1, Line("MUG", 3, 3_000))).State.OpenReturns, Is.Empty);
    }

    [Test]
    public void A_purchase_from_after_a_return_does_not_claim_it()
    {
        var story = Nobody.After(Return(2, April1, "MUG", 2)).After(Buy(1, April1.AddMinutes(1), Line("MUG", 3, 3_000)));
        AssertHolds(story, balance: 30);
        Assert.That(story.State.OpenReturns.Single().Quantity, Is.EqualTo(2));
    }

    [Test]
    public void An_exchange_in_one_basket_does_not_match_itself()
    {
        var story = Nobody.After(Record(new(Receipt(1), March1, "GBP", [Line("MUG", 1, 1_000)], [Line("MUG", 1, -1_000)])));
        AssertHolds(story, balance: 10);
        Assert.That(story.State.OpenReturns.Single().Return, Is.EqualTo(Receipt(1)));
    }

    [Test]
    public void Spent_points_are_taken_from_other_lots_and_then_owed_and_the_next_points_repay_it()
    {
        var story = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000))).After(Buy(2, March1.AddDays(1), Line("CUP", 1, 500)))
            .After(Redeem(12, March1.AddDays(2)));
        AssertHolds(story, balance: 3);

        story = story.After(Return(3, April1, "MUG", 1));
        AssertHolds(story, balance: 0, clawback: 7);

        var earned = story.When(Buy(4, April1.AddDays(1), Line("LAMP", 1, 1_000))).The<PointsEarned>();
        Assert.That((earned.Points, earned.Settled, earned.Balance), Is.EqualTo((10L, 7L, 3L)));
    }

    [Test]
    public void Goods_whose_points_had_expired_leave_them_owed()
    {
        var story = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000))).After(Expire(new(2012, 3, 2, 0, 0, 0, TimeSpan.Zero)));
        AssertHolds(story.After(Return(2, new(2012, 4, 1, 0, 0, 0, TimeSpan.Zero), "MUG", 1)), balance: 0, clawback: 10);
    }

    [Test]
    public void A_return_lowers_the_spend_of_the_month_of_its_purchase_but_not_the_tier()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 2, 60_000))).After(Return(2, April1, "SOFA", 1));
        Assert.That(story.State.Spend, Is.EqualTo(new[] { new MonthlySpend(201103, 30_000, Points: 300, Visits: 1) }));
        Assert.That(story.State.Tier, Is.EqualTo("silver"));
    }
}
