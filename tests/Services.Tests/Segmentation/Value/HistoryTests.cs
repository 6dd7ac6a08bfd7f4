using NUnit.Framework;
using Patron.Segmentation.Value;

namespace Patron.Services.Tests.Segmentation.Value;

internal sealed class HistoryTests
{
    private static readonly PurchaseHistory History = new(
    [
        new(2, 5, 100), new(1, 20, 700), new(1, 0, 1_000), new(1, 10, 300), new(1, 10, 200), new(3, 15, 50), new(1, 14, 900),
    ]);

    [Test]
    public void Receipts_of_a_day_are_one_purchase_and_nobody_is_known_before_they_buy()
    {
        var known = History.Until(14);

        Assert.That(known.Customers, Is.EqualTo(new[] { 1, 2 }));
        Assert.That(known.Purchases.Repeats, Is.EqualTo(new[] { 2, 0 }));
        Assert.That(known.Purchases.RecencyDays, Is.EqualTo(new[] { 14, 0 }));
        Assert.That(known.Purchases.AgeDays, Is.EqualTo(new[] { 14, 9 }));
        Assert.That((known.Spend.Purchases, known.Spend.Average), Is.EqualTo((new[] { 2 }, new[] { 700.0 })));
    }

    [Test]
    public void The_second_part_is_of_those_who_were_known_in_the_first()
    {
        Assert.That(History.Between(9, 20), Is.EqualTo(new[] { 3, 0 }));
        Assert.That(History.Between(9, 13), Is.EqualTo(new[] { 1, 0 }));
    }

    [Test]
    public void A_report_adds_up()
    {
        var truth = new BgNbd(0.8, 8, 0.9, 3);
        var history = SyntheticHistory(truth, 4_000);
        var report = Holdout.Validate(history, 200, 340).Model!;

        Assert.That(report.ByFrequency.Sum(row => row.Customers), Is.EqualTo(report.Customers));
        Assert.That(report.ByFrequency.Sum(row => row.Customers * row.Actual), Is.EqualTo((double)report.Actual).Within(1e-6));
        Assert.That(report.ByFrequency.Sum(row => row.Customers * row.Expected), Is.EqualTo(report.Expected).Within(1e-6));
        Assert.That(report.Expected, Is.EqualTo((double)report.Actual).Within(6).Percent);
        Assert.That(report.Mae, Is.LessThanOrEqualTo(report.Rmse));
        Assert.That(report.Rmse, Is.LessThan(report.SameRateRmse));
        Assert.That(report.ByWeek.Sum(week => week.Expected), Is.EqualTo((double)report.ByWeek.Sum(week => week.Actual)).Within(6).Percent);
    }

    [Test]
    public void A_history_without_repeats_is_refused() =>
        Assert.That(Holdout.Validate(new PurchaseHistory([new(1, 0, 1), new(2, 3, 1)]), 9, 20).Refusal, Is.EqualTo(new NoRepeatCustomers(2)));

    [Test]
    public void A_lifetime_value_is_what_is_bought_times_what_it_is_worth_less_waiting()
    {
        var (purchases, value) = (new BgNbd(0.243, 4.414, 0.793, 2.426), new GammaGamma(6.25, 3.74, 15.44));
        var customers = new RepeatPurchases([2, 0, 2, 5], [213, 0, 213, 30], [272, 272, 272, 272]);
        var spend = new AverageSpend([2, 0, 2, 5], [30, 0, 60, 60]);
        var now = LifetimeValue.Of(purchases, value, customers, spend, new Horizon(12, AnnualRate: 0));
        var later = LifetimeValue.Of(purchases, value, customers, spend, new Horizon(12, AnnualRate: 0.1));

        for (var i = 0; i < customers.Count; i++)
        {
            var expected = purchases.Expected(customers.Repeats[i], customers.RecencyDays[i] / 7.0, 272 / 7.0, 365.25 / 7);
            Assert.That(now.Purchases[i], Is.EqualTo(expected).Within(1e-9));
            Assert.That(now.Worth[i], Is.EqualTo(expected * value.Expected(spend.Purchases[i], spend.Average[i])).Within(1e-9));
            Assert.That(later.Worth[i] / now.Worth[i], Is.InRange(1 / 1.1, 1 / 1.03));
        }

        Assert.That(now.Alive[1], Is.EqualTo(1));
        Assert.That(now.Worth[2], Is.GreaterThan(now.Worth[0]));
        Assert.That(now.Alive[3], Is.LessThan(now.Alive[0]));
    }

    /// <summary>Customers who come on one of the first 100 days and are known for 340.</summary>
    private static PurchaseHistory SyntheticHistory(BgNbd truth, int count)
    {
        var random = new Random(13);
        var transactions = new List<Transaction>();
        for (var customer = 0; customer < count; customer++)
        {
            var first = random.Next(100);
            transactions.Add(new Transaction(customer, first, 1_000));
            foreach (var day in new SyntheticBuyers(random.Next()).Days(truth, 340 - first))
                transactions.Add(new Transaction(customer, first + day, 1_000));
        }

        return new PurchaseHistory(transactions);
    }
}
