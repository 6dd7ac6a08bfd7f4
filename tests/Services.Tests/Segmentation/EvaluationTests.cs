using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

internal sealed class EvaluationTests
{
    private const int Today = 734_000;
    private static readonly SegmentCatalog Catalog = new(ReadyMade.Segments);
    private static readonly Explanation Explanation = new(Catalog, "GBP");
    private static readonly CustomerRow Nobody = new(Today);

    [TestCase(30, new[] { "new", "active" })]
    [TestCase(31, new[] { "active" })]
    [TestCase(90, new[] { "active" })]
    [TestCase(91, new string[0], Description = "One purchase alone is not at risk")]
    [TestCase(180, new string[0])]
    [TestCase(181, new[] { "dormant" })]
    public void A_customer_who_bought_once_goes_from_new_to_dormant(int daysAgo, string[] segments) =>
        Assert.That(In(Nobody with { FirstDay = Today - daysAgo, LastDay = Today - daysAgo, Purchases = 1 }), Is.EqualTo(segments.Append("first-time-buyer")));

    [TestCase(90, new[] { "active" })]
    [TestCase(91, new[] { "at-risk" })]
    [TestCase(180, new[] { "at-risk" })]
    [TestCase(181, new[] { "dormant" })]
    public void A_repeat_customer_is_at_risk_before_being_dormant(int daysAgo, string[] segments) =>
        Assert.That(In(Nobody with { FirstDay = Today - 400, LastDay = Today - daysAgo, Purchases = 2 }), Is.EqualTo(segments.Append("repeat-buyer")));

    [TestCase("gold", 90, true)]
    [TestCase("platinum", 0, true)]
    [TestCase("gold", 91, false)]
    [TestCase("silver", 1, false)]
    [TestCase(null, 1, false)]
    public void A_vip_is_gold_or_platinum_and_active(string? tier, int daysAgo, bool vip) =>
        Assert.That(In(Nobody with { LastDay = Today - daysAgo, Purchases = 3, Tier = tier }).Contains("vip"), Is.EqualTo(vip));

    [TestCase(1_999_99, false)]
    [TestCase(2_000_00, true)]
    public void A_big_spender_spent_two_thousand_pounds_in_twelve_months(long spend, bool big) =>
        Assert.That(In(Nobody with { Lines = [Spent(spend)] }).Contains("big-spenders"), Is.EqualTo(big));

    [TestCase(1, "first-time-buyer")]
    [TestCase(2, "repeat-buyer")]
    [TestCase(9, "repeat-buyer")]
    [TestCase(10, "frequent-buyer")]
    public void Whoever_bought_is_in_one_segment_of_frequency(int purchases, string segment) =>
        Assert.That(In(Nobody with { Purchases = purchases }), Is.EqualTo(new[] { segment }));

    [TestCase(500_00, 0)]
    [TestCase(500_01, 1)]
    public void A_basket_is_big_above_five_hundred_pounds(long amount, int segments) =>
        Assert.That(In(Nobody with { Lines = [Spent(amount)] }).Count(segment => segment == "big-basket"), Is.EqualTo(segments));

    [TestCase("pos", 0)]
    [TestCase("eshop", 1)]
    public void A_multi_channel_shopper_bought_through_both(string other, int segments) => Assert.That(
        In(Nobody with { Lines = [Spent(1) with { Channel = "pos" }, Spent(1) with { Channel = other }] }).Count(segment => segment == "multi-channel"),
        Is.EqualTo(segments));

    [TestCase(2, 0)]
    [TestCase(3, 1)]
    public void Three_returns_make_a_returner(int returns, int segments) => Assert.That(
        In(Nobody with { Lines = [.. Enumerable.Repeat(Spent(-1) with { Sold = false, Begins = true }, returns)] }).Count(segment => segment == "returner"),
        Is.EqualTo(segments));

    [Test]
    public void Somebody_who_never_bought_is_in_no_segment() => Assert.That(In(Nobody), Is.Empty);

    [Test]
    public void Every_segment_has_a_sentence() =>
        Assert.That(ReadyMade.Segments.Select(segment => Explanation.Sentence(segment.Rule)), Is.EqualTo(new[]
        {
            "first purchase at most 30 days ago",
            "last purchase at most 90 days ago",
            "at least 2 purchases and last purchase 91 to 180 days ago",
            "last purchase at least 181 days ago",
            "tier gold or platinum and last purchase at most 90 days ago",
            "spent at least 2,000.00 GBP in the last 12 months",
            "purchases through at least 2 channels in the last 730 days",
            "exactly 1 purchases",
            "2 to 9 purchases",
            "at least 10 purchases",
            "largest purchase in the last 730 days of at least 500.01 GBP",
            "at least 3 receipts with returns in the last 730 days",
        }));

    [Test]
    public void Reasons_are_the_deciding_facts_with_their_numbers()
    {
        var row = Nobody with { LastDay = Today - 91, Purchases = 2, Tier = "silver", Lines = [Spent(2_345_67)] };

        Assert.That(ReadyMade.Segments.Select(segment => Explanation.Reason(segment.Rule, row)), Is.EqualTo(new[]
        {
            "no purchase yet",
            "last purchase 91 days ago",
            "2 purchases; last purchase 91 days ago",
            "last purchase 91 days ago",
            "tier silver; last purchase 91 days ago",
            "spent 2,345.67 GBP in the last 12 months",
            "purchases through 1 channels in the last 730 days",
            "2 purchases",
            "2 purchases",
            "2 purchases",
            "largest purchase in the last 730 days of 2,345.67 GBP",
            "0 receipts with returns in the last 730 days",
        }));
    }

    [Test]
    public void Out_of_a_segment_only_the_failing_clauses_are_the_reason()
    {
        var vip = ReadyMade.Segments.Single(segment => segment.Name == "vip").Rule;

        Assert.That(Explanation.Reason(vip, Nobody with { LastDay = Today, Tier = "silver" }), Is.EqualTo("tier silver"));
    }

    [Test]
    public void The_why_goes_clause_by_clause()
    {
        var rule = ReadyMade.Segments.Single(segment => segment.Name == "at-risk").Rule;
        var why = Explanation.Why(rule, Nobody with { LastDay = Today - 1, Purchases = 2 }, showsPersonal: false);

        Assert.That(why.Holds, Is.False);
        Assert.That(why.Parts.Select(part => (part.Holds, part.Clause, part.Fact)), Is.EqualTo(new[]
        {
            (true, "at least 2 purchases", "2 purchases"),
            (false, "last purchase 91 to 180 days ago", "last purchase 1 day ago"),
        }));
    }

    [Test]
    public void A_change_is_the_difference_and_deciding_again_changes_nothing()
    {
        var now = BrandDaysTests.At("2011-12-09T03:00:00Z");
        Verdict[] verdicts =
        [
            new("active", false, "last purchase 91 days ago"),
            new("at-risk", true, "2 purchases; last purchase 91 days ago"),
            new("vip", false, ""),
        ];
        var before = Memberships.Kind.Fold([new SegmentEntered("active", "", now.AddDays(-9)), new SegmentEntered("gone", "", now.AddDays(-9))]);

        var events = ChangeMembership.Decide(before, verdicts, [], now).Events;

        Assert.That(events, Is.EqualTo(new object[]
        {
            new SegmentLeft("gone", "the segment no longer exists", now),
            new SegmentLeft("active", "last purchase 91 days ago", now),
            new SegmentEntered("at-risk", "2 purchases; last purchase 91 days ago", now),
        }));
        Assert.That(ChangeMembership.Decide(Memberships.Kind.Fold(events), verdicts, [], now.AddHours(1)).Events, Is.Empty);
    }

    private static BoughtLine Spent(long minor) => new(Today - 91, minor, "MUG", "home", "pos", "leeds", Sold: true, Begins: true);

    private static string[] In(CustomerRow row) =>
        [.. Catalog.Segments.Where(segment => Explanation.Holds(segment.Rule, row)).Select(segment => segment.Name)];
}
