using NUnit.Framework;
using Patron.Loyalty;
using static Patron.Services.Tests.Loyalty.LedgerStories;

namespace Patron.Services.Tests.Loyalty;

internal sealed class ExpiryTests
{
    [TestCase("2011-01-15T10:00:00Z", "2012-01-16T00:00:00Z", TestName = "Winter_points_expire_at_midnight_of_Greenwich")]
    [TestCase("2011-07-15T10:00:00Z", "2012-07-15T23:00:00Z", TestName = "Summer_points_expire_at_midnight_of_London_which_is_an_hour_earlier")]
    [TestCase("2011-07-15T23:30:00Z", "2012-07-16T23:00:00Z", TestName = "Half_past_midnight_in_London_is_already_the_next_day")]
    [TestCase("2011-10-28T10:00:00Z", "2012-10-29T00:00:00Z", TestName = "The_clock_goes_back_on_the_last_day")]
    [TestCase("2012-02-29T10:00:00Z", "2013-03-01T00:00:00Z", TestName = "A_leap_day_expires_after_the_last_of_February")]
    public void Points_expire_at_the_cut_off_of_the_zone(string bought, string expires) =>
        Assert.That(Demo.ExpiryOf(DateTimeOffset.Parse(bought, null)), Is.EqualTo(DateTimeOffset.Parse(expires, null)));

    [Test]
    public void A_cut_off_in_the_hour_that_summer_time_skips_comes_after_it()
    {
        var programme = Demo with { CutOff = new TimeOnly(1, 30) };
        Assert.That(
            programme.ExpiryOf(new(2011, 3, 24, 10, 0, 0, TimeSpan.Zero)), Is.EqualTo(new DateTimeOffset(2012, 3, 25, 1, 30, 0, TimeSpan.Zero)),
            "01:30 does not exist on that day; 02:30 British Summer Time does");
    }

    [Test]
    public void Nothing_expires_a_tick_before_the_cut_off_and_all_at_it()
    {
        var story = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000))).After(Buy(2, March1.AddDays(1), Line("MUG", 1, 700)));
        var cutOff = new DateTimeOffset(2012, 3, 2, 0, 0, 0, TimeSpan.Zero);
        story.When(Expire(cutOff.AddTicks(-1))).Nothing();
        story.When(Expire(cutOff)).Then(new PointsExpired(cutOff, 10, [new(1, 10, ExpiresAt: cutOff)], 7, cutOff.AddDays(1)));
    }

    [Test]
    public void The_last_lot_to_expire_leaves_no_timer()
    {
        var cutOff = new DateTimeOffset(2012, 3, 2, 0, 0, 0, TimeSpan.Zero);
        var expired = Nobody.After(Buy(1, March1, Line("MUG", 1, 1_000))).When(Expire(cutOff)).The<PointsExpired>();
        Assert.That(expired.NextExpiry, Is.Null);
    }
}
