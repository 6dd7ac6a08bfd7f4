using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;

namespace Patron.Services.Tests.Segmentation;

internal sealed class ColumnTests
{
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");

    [Test]
    public void A_fact_that_comes_again_counts_once()
    {
        var columns = New();
        Buy(columns, 1, "2011-05-01T10:00:00Z", 10_00);
        Buy(columns, 2, "2011-05-02T10:00:00Z", 10_00);
        Buy(columns, 1, "2011-05-01T10:00:00Z", 10_00);
        Buy(columns, 2, "2011-05-02T10:00:00Z", 10_00);

        var row = columns.Read(0);
        Assert.That((row.Purchases, row.Spend, row.SpendInTwelveMonths), Is.EqualTo((2, 20_00, 20_00)));
    }

    [Test]
    public void Spend_leaves_the_twelve_months_when_the_brands_calendar_says_so()
    {
        var columns = New();
        // Half past midnight on 1 June by the clocks of London.
        Buy(columns, 1, "2010-05-31T23:30:00Z", 10_00);
        Buy(columns, 2, "2010-06-02T12:00:00Z", 5_00);

        columns.AdvanceTo(BrandDaysTests.At("2011-05-31T22:59:59Z"));
        Assert.That(columns.Read(0).SpendInTwelveMonths, Is.EqualTo(15_00));

        columns.AdvanceTo(BrandDaysTests.At("2011-05-31T23:00:00Z"));
        Assert.That(columns.Read(0).SpendInTwelveMonths, Is.EqualTo(5_00));

        columns.AdvanceTo(BrandDaysTests.At("2014-01-01T00:00:00Z"));
        Assert.That((columns.Read(0).SpendInTwelveMonths, columns.Read(0).Spend), Is.EqualTo((0, 15_00)));
    }

    [Test]
    public void A_receipt_that_is_told_late_counts_on_its_own_day()
    {
        var columns = New();
        Buy(columns, 1, "2011-05-02T10:00:00Z", 10_00);
        Buy(columns, 2, "2010-05-02T10:00:00Z", 7_00, told: "2011-05-03T10:00:00Z");

        var row = columns.Read(0);
        Assert.That(row.LastDay, Is.EqualTo(new DateOnly(2011, 5, 2).DayNumber));
        Assert.That(row.FirstDay, Is.EqualTo(new DateOnly(2010, 5, 2).DayNumber));
        Assert.That((row.Purchases, row.Spend, row.SpendInTwelveMonths), Is.EqualTo((2, 17_00, 10_00)));
    }

    [Test]
    public void A_touchpoint_whose_clock_runs_ahead_bought_today()
    {
        var columns = New();
        Buy(columns, 1, "2099-01-01T10:00:00Z", 10_00, told: "2011-05-03T10:00:00Z");

        Assert.That(columns.Read(0).LastDay, Is.EqualTo(new DateOnly(2011, 5, 3).DayNumber));
        Assert.That(columns.Today, Is.EqualTo(new DateOnly(2011, 5, 3).DayNumber));
    }

    [Test]
    public void Time_never_goes_back()
    {
        var columns = New();
        columns.AdvanceTo(BrandDaysTests.At("2011-05-03T10:00:00Z"));
        columns.AdvanceTo(BrandDaysTests.At("2011-05-01T10:00:00Z"));

        Assert.That(columns.AsOf, Is.EqualTo(BrandDaysTests.At("2011-05-03T10:00:00Z")));
    }

    private static PartitionColumns New() => new(new CodeBooks(), BrandDaysTests.London);

    private static void Buy(PartitionColumns columns, long position, string at, long amount, string? told = null) => Columns.Apply(
        columns,
        new TopicFact(Source.Profile, Anna, Receipt.Of(BrandDaysTests.At(at), Channel.Pos, Receipt.Sale(amount)), position, BrandDaysTests.At(told ?? at)));
}
