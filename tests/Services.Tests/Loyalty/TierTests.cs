using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
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

    [Test]
    public void What_is_missing_to_the_next_tier_is_told_in_money()
    {
        var shown = Shown(Nobody.After(Buy(1, March1, Line("SOFA", 1, 188_000))), Demo, March1);
        Assert.That(shown.Tier, Is.EqualTo("silver"));
        Assert.That(shown.NextTier, Is.EqualTo(new TierDistance("gold", 12_000, null, null, "any", "Spend 120.00 GBP more to reach gold")));
        Assert.That(shown.Held.Benefits.Select(benefit => (benefit.Code, benefit.Names["zh-Hant"])), Is.EqualTo(new[] { ("free-delivery", "免運費") }));
        Assert.That(shown.Held.Names["zh-Hans"], Is.EqualTo("银卡"));
        Assert.That(Shown(Nobody.After(Buy(1, March1, Line("SOFA", 1, 1_000_000))), Demo, March1).NextTier, Is.Null);
    }

    [Test]
    public void A_tier_by_visits_counts_purchases_of_any_currency_and_is_told_with_its_numbers()
    {
        var programme = Scheme(TierScheme.Any, spend: null, points: null, visits: 3);
        var story = Nobody.After(Spend(1, March1, "GBP", 100, programme)).After(Spend(2, March1.AddDays(1), "EUR", 100, programme));
        Assert.That(Shown(story, programme, March1).NextTier!.Text, Is.EqualTo("Buy 1 times more to reach gold"));
        var changed = story.When(Spend(3, March1.AddDays(2), "GBP", 100, programme)).The<TierChanged>();
        Assert.That((changed.To, changed.ThresholdMinor), Is.EqualTo(("gold", 0L)));
        Assert.That(Timeline.Reason(changed), Is.EqualTo("3 visits since 2010-03 reaches gold, which asks for 3 visits"));
    }

    [Test]
    public void A_tier_by_points_loses_those_that_a_return_took_back()
    {
        var programme = Scheme(TierScheme.Any, spend: null, points: 100, visits: null);
        var story = Nobody.After(Spend(1, March1, "GBP", 9_000, programme)).After(Return(2, March1.AddDays(1), "SOFA", 1));
        Assert.That(Shown(story, programme, March1).TierPoints, Is.Zero);
        Assert.That(story.After(Spend(3, March1.AddDays(2), "GBP", 9_900, programme)).State.Tier, Is.EqualTo("member"));
        Assert.That(story.After(Spend(3, March1.AddDays(2), "GBP", 10_000, programme)).State.Tier, Is.EqualTo("gold"));
    }

    [TestCase(TierScheme.Any, 1, 50_000, true)]
    [TestCase(TierScheme.Any, 3, 10, true)]
    [TestCase(TierScheme.Any, 2, 10_000, false)]
    [TestCase(TierScheme.All, 1, 50_000, false)]
    [TestCase(TierScheme.All, 3, 10, false)]
    [TestCase(TierScheme.All, 3, 20_000, true)]
    public void A_hybrid_tier_takes_one_measure_or_needs_all(object scheme, int purchases, int minorEach, bool isReached)
    {
        var programme = Scheme((TierScheme)scheme, spend: 50_000, points: null, visits: 3);
        var story = Nobody;
        for (var number = 1; number <= purchases; number++)
            story = story.After(Spend(number, March1.AddDays(number), "GBP", minorEach, programme));
        Assert.That(story.State.Tier, Is.EqualTo(isReached ? "gold" : "member"));
        if (!isReached && purchases == 2)
            Assert.That(Shown(story, programme, March1).NextTier!.Text, Is.EqualTo("Spend 300.00 GBP more or buy 1 times more to reach gold"));
    }

    [Test]
    public void Grace_keeps_a_tier_that_failed_its_review_for_its_days_and_ends_it_then()
    {
        var programme = Demo with { TierGraceDays = 30 };
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 1, 60_000))).After(Return(2, March1.AddDays(1), "SOFA", 1));
        var given = story.When((ledger, _) => ReviewTier.Decide(ledger, programme, FirstReview)).The<TierGraceGiven>();
        Assert.That((given.Tier, given.SpendMinor, given.ThresholdMinor), Is.EqualTo(("silver", 0L, 50_000L)));
        Assert.That(given.Until, Is.EqualTo(FirstReview.AddDays(30).AddHours(-1)), "summer time has begun");
        var timer = LedgerTimers.Of(new(0, 1, Anna, Anna, 1, FirstReview, given, EventMetadata.None)).Single();
        Assert.That(timer, Is.EqualTo(TimerChange.Set(LedgerTimers.Review, given.Until)));

        var grace = story.After((ledger, _) => ReviewTier.Decide(ledger, programme, FirstReview));
        Assert.That(Shown(grace, programme, FirstReview).Held.AtRisk!.Text, Is.EqualTo("Spend 500.00 GBP more to keep silver"));
        Assert.That(grace.When((ledger, _) => ReviewTier.Decide(ledger, programme, given.Until)).The<TierChanged>().To, Is.EqualTo("member"));

        var saved = grace.When(Record(new(Receipt(3), given.Until.AddDays(-1), "GBP", [Line("SOFA", 1, 50_000)], []), programme)).The<TierKept>();
        Assert.That((saved.Tier, saved.ReviewAt), Is.EqualTo(("silver", new DateTimeOffset(2013, 3, 31, 23, 0, 0, TimeSpan.Zero))));
    }

    [Test]
    public void A_tier_that_would_be_lost_is_shown_as_at_risk_from_the_days_of_reminding_on()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 1, 60_000))).After(Return(2, March1.AddDays(1), "SOFA", 1));
        Assert.That(Shown(story, Demo, FirstReview.AddDays(-31)).Held.AtRisk, Is.Null);
        Assert.That(Shown(story, Demo, FirstReview.AddDays(-30)).Held.AtRisk!.SpendMissingMinor, Is.EqualTo(50_000));
    }

    [Test]
    public void Members_of_a_tier_that_the_programme_gave_up_hold_the_lowest_from_their_review_on()
    {
        var story = Nobody.After(Buy(1, March1, Line("SOFA", 1, 60_000)));
        var without = Demo with { Version = 2, Tiers = [Demo.Tiers[0], Demo.Tiers[2]] };
        Assert.That(Shown(story, without, March1).NextTier!.Tier, Is.EqualTo("gold"));
        Assert.That(story.When((ledger, _) => ReviewTier.Decide(ledger, without, FirstReview)).The<TierChanged>().To, Is.EqualTo("member"));
    }

    private static Programme Scheme(TierScheme scheme, long? spend, long? points, long? visits) => Demo with
    {
        TierScheme = scheme, Tiers = [Demo.Tiers[0], new("gold", spend, 100) { FromPoints = points, FromVisits = visits }],
    };

    private static Func<Ledger, IReadOnlyList<DomainEvent>, Decision> Spend(int receipt, DateTimeOffset at, string currency, long minor, Programme programme) =>
        Record(new(Receipt(receipt), at, currency, [Line("SOFA", 1, minor)], []), programme);

    private static CustomerLedger Shown(Given<Ledger> story, Programme programme, DateTimeOffset now) =>
        CustomerLedger.Of(Anna, story.State, programme, now);
}
