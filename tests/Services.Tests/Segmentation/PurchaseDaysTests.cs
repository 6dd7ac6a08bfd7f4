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
        var (columns, customer) = (new PartitionColumns(new SegmentCatalog(ReadyMade.Segments), BrandDaysTests.London), Guid.Empty);
        var start = BrandDaysTests.At("2011-05-01T12:00:00Z");
        columns.AdvanceTo(start.AddDays(20));
        foreach (var day in days)
            columns.AddPurchase(columns.RowOf(customer), start.AddDays(day), start.AddDays(20));

        var zero = new DateOnly(2011, 5, 1).DayNumber;
        Assert.That(columns.PurchaseDays.Count[0], Is.EqualTo(count));
        Assert.That(columns.PurchaseDays.Previous[0], Is.EqualTo(previous is { } day2 ? zero + day2 : PartitionColumns.NoDay));
    }

    [Test]
    public void A_day_in_the_middle_that_is_told_again_much_later_counts_again()
    {
        var days = new PurchaseDays();
        days.Grow(1);
        days.Forget(0);
        days.Add(0, 5, PartitionColumns.NoDay, PartitionColumns.NoDay);
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
        days.Replace(0, new Purchases(9, 50_00, 100, 104, [new(100, 10_00), new(102, 20_00), new(103, -5_00), new(104, 20_00)]));

        Assert.That((days.Count[0], days.Previous[0]), Is.EqualTo((5, 102)));
    }
}
