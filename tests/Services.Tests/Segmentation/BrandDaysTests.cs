using System.Globalization;
using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

internal sealed class BrandDaysTests
{
    private static readonly TimeOnly Three = new(3, 0);

    [TestCase("2011-01-31T23:59:59Z", "2011-01-31")]
    [TestCase("2011-06-30T22:59:59Z", "2011-06-30", Description = "Summer time")]
    [TestCase("2011-06-30T23:00:00Z", "2011-07-01", Description = "Summer time")]
    [TestCase("2011-03-27T00:59:59Z", "2011-03-27", Description = "The night of the change")]
    [TestCase("2011-10-30T23:30:00Z", "2011-10-30", Description = "Winter time again")]
    public void A_day_is_what_the_calendar_shows_in_the_brands_zone(string moment, string day) =>
        Assert.That(London.DayOf(At(moment)), Is.EqualTo(DateOnly.Parse(day, CultureInfo.InvariantCulture).DayNumber));

    [TestCase("2011-01-10T02:59:59Z", "2011-01-10T03:00:00Z")]
    [TestCase("2011-01-10T03:00:00Z", "2011-01-11T03:00:00Z")]
    [TestCase("2011-03-26T03:00:00Z", "2011-03-27T02:00:00Z", Description = "Clocks went forward an hour before")]
    [TestCase("2011-10-29T02:00:00Z", "2011-10-30T03:00:00Z", Description = "Clocks went back an hour before")]
    [TestCase("2011-07-01T23:30:00Z", "2011-07-02T02:00:00Z")]
    public void The_next_scan_is_at_three_by_the_clocks_of_the_zone(string after, string next) =>
        Assert.That(London.Next(Three, At(after)), Is.EqualTo(At(next)));

    [Test]
    public void A_skipped_three_o_clock_comes_when_it_would_have_been()
    {
        // In Athens clocks go from 03:00 to 04:00 at 01:00 UTC.
        Assert.That(Zone("Europe/Athens").Next(Three, At("2011-03-26T12:00:00Z")), Is.EqualTo(At("2011-03-27T01:00:00Z")));
    }

    [Test]
    public void A_three_o_clock_that_comes_twice_counts_the_first_time_only()
    {
        // In Athens clocks go from 04:00 back to 03:00 at 01:00 UTC.
        var first = Zone("Europe/Athens").Next(Three, At("2011-10-29T12:00:00Z"));

        Assert.That(first, Is.EqualTo(At("2011-10-30T00:00:00Z")));
        Assert.That(Zone("Europe/Athens").Next(Three, first), Is.EqualTo(At("2011-10-31T01:00:00Z")));
    }

    [TestCase("2011-12-09", "2010-12-10")]
    [TestCase("2012-02-29", "2011-03-01")]
    [TestCase("2013-02-28", "2012-02-29")]
    public void Twelve_months_begin_the_day_after_the_same_day_of_the_year_before(string today, string begin) =>
        Assert.That(BrandDays.TwelveMonthsBegin(DateOnly.Parse(today, CultureInfo.InvariantCulture).DayNumber),
            Is.EqualTo(DateOnly.Parse(begin, CultureInfo.InvariantCulture).DayNumber));

    internal static BrandDays London { get; } = Zone("Europe/London");

    internal static DateTimeOffset At(string moment) => DateTimeOffset.Parse(moment, CultureInfo.InvariantCulture);

    private static BrandDays Zone(string name) => new(TimeZoneInfo.FindSystemTimeZoneById(name));
}
