using NUnit.Framework;
using Patron.Loyalty;
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
}
