using NUnit.Framework;
using Patron.Loyalty;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class TierTests
{
    private static readonly DateTimeOffset FirstReview = new(2012, 3, 2, 0, 0, 0, TimeSpan.Zero);

    [TestCase(49_999, "member")]
    [TestCase(50_000, "silver")]
    [TestCase(199_999, "silver")]
    [TestCase(200_000, "gold")]
    [TestCase(1_000_000, "platinum")]
    public void A_tier_is_reached_exactly_at_its_threshold(long minor, string tier) =>
        Assert.That(Nobody.After(Buy(1, March1, Line("SOFA", 1, minor))).State.Tier, Is.EqualTo(tier));

    [Test]
    public void An_upgrade_says_why_with_the_numbers_and_sets_the_review()
    {
        var changed = Nobody.After(Buy(1, March1.AddDays(-20), Line("MUG", 1, 20_000))).When(Buy(2, March1, Line("SOFA", 1, 30_050))).The<TierChanged>();
        Assert.That(changed, Is.EqualTo(new TierChanged("member", "silver", true, 50_050, 50_000, "GBP", 201003, March1, FirstReview)));
        Assert.That(Timeline.Reason(changed), Is.EqualTo("500.50 GBP spent since 2010-03 reaches silver, which starts at 500.00 GBP"));
    }

    [Test]
    public void Spend_before_the_window_does_not_count()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 1, 49_000))).After(Buy(2, new(2012, 4, 1, 10, 0, 0, TimeSpan.Zero), Line("MUG", 1, 1_000)));
        Assert.That(story.State.Tier, Is.EqualTo("member"));
    }

    [Test]
    public void A_review_keeps_a_tier_that_was_earned_again_and_sets_the_next()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 1, 50_000))).After(Buy(2, March1.AddMonths(6), Line("SOFA", 1, 55_000)));
        var kept = story.When(Review(FirstReview)).The<TierKept>();
        Assert.That((kept.Tier, kept.SpendMinor, kept.ReviewAt), Is.EqualTo(("silver", 105_000L, new DateTimeOffset(2013, 3, 3, 0, 0, 0, TimeSpan.Zero))));
    }

    [Test]
    public void A_review_lowers_a_tier_to_what_the_spend_is_worth()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 1, 250_000))).After(Return(2, March1.AddDays(1), "SOFA", 1))
            .After(Buy(3, March1.AddMonths(2), Line("SOFA", 1, 60_000)));
        Assert.That(story.State.Tier, Is.EqualTo("gold"), "a return lowers nothing before the review");

        var changed = story.When(Review(FirstReview)).The<TierChanged>();
        Assert.That((changed.From, changed.To, changed.Upgrade, changed.ThresholdMinor), Is.EqualTo(("gold", "silver", false, 200_000L)));
        Assert.That(Timeline.Reason(changed), Is.EqualTo("600.00 GBP spent since 2011-03 is less than the 2,000.00 GBP that gold needs"));
    }

    [Test]
    public void The_lowest_tier_has_no_review()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 1, 50_000))).After(Return(2, March1.AddDays(1), "SOFA", 1));
        var changed = story.When(Review(FirstReview)).The<TierChanged>();
        Assert.That((changed.To, changed.ReviewAt), Is.EqualTo(("member", (DateTimeOffset?)null)));
        story.After(Review(FirstReview)).When(Review(FirstReview)).Nothing();
    }
}
