using NUnit.Framework;
using Patron.Segmentation;

namespace Patron.Services.Tests.Segmentation;

internal sealed class PurchaseDaysTests
{
    [TestCase(new[] { 5 }, 1, null)]
    [TestCase(new[] { 5, 5, 5 }, 1, null)]
    [TestCase(new[] { 5, 9, 9, 12 }, 3, 9)]
    [TestCase(new[] { 5, 9, 12, 9, 5, 12 }, 3, 9)]
    [TestCase(new[] { 12, 5 }, 2, 5)]
    [TestCase(new[] { 12, 5, 9, 3 }, 4, 9)]
    [TestCase(new[] { 5, 5, 12, 12, 7 }, 3, 7)]
    public void Days_are_counted_in_the_order_they_are_told(int[] days, int count, int? previous)
    {
        var (columns, customer) = (new PartitionColumns(new CodeBooks(), BrandDaysTests.London), Guid.Empty);
        var start = BrandDaysTests.At("2011-05-01T12:00:00Z");
        columns.AdvanceTo(start.AddDays(20));
        var zero = new DateOnly(2011, 5, 1).DayNumber;
        foreach (var day in days)
            columns.Add(columns.RowOf(customer), Bought(zero + day));

        Assert.That(columns.PurchaseDays.Count[0], Is.EqualTo(count));
        Assert.That(columns.PurchaseDays.Previous[0], Is.EqualTo(Day16.Of(previous is { } earlier ? zero + earlier : null)));
    }

    [Test]
    public void A_day_in_the_middle_that_is_told_again_much_later_counts_again()
    {
        var days = new PurchaseDays();
        days.Grow(1);
        days.Add(0, 5, Day16.None, Day16.None);
        days.Add(0, 7, 5, 5);
        days.Add(0, 9, 5, 7);
        days.Add(0, 12, 5, 9);
        days.Add(0, 7, 5, 12);

        Assert.That(days.Count[0], Is.EqualTo(5), "The days themselves are not kept, so the seventh is not known any more");
    }

    [Test]
    public void Of_merged_customers_receipts_are_counted_as_far_as_there_are_days()
    {
        var days = new PurchaseDays();
        days.Grow(1);
        days.Replace(0, new Purchases(
            9, 50_00, 100, 104, [], [Line(100, 10_00), Line(102, 10_00), Line(102, 10_00), Line(103, -5_00, sold: false), Line(104, 20_00)]));
        Assert.That((days.Count[0], days.Previous[0]), Is.EqualTo((5, Day16.Of(102L))), "five days in all");

        days.Replace(0, new Purchases(4, 50_00, 10, 104, [], [Line(102, 10_00), Line(102, 10_00), Line(104, 20_00)]));
        Assert.That((days.Count[0], days.Previous[0]), Is.EqualTo((3, Day16.Of(102L))), "two receipts of one day, and one of before lines were kept");
    }

    private static Purchases Bought(int day) => new(1, 10_00, day, day, [], [Line(day, 10_00)]);

    private static BoughtLine Line(int day, long minor, bool sold = true) => new(day, minor, "MUG", "", "pos", "", sold, Begins: true);
}
