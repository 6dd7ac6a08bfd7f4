using NUnit.Framework;
using Patron.History;

namespace Patron.System.Tests.History;

internal sealed class DeliveryTests
{
    private static readonly PurchaseHistory History = PurchaseHistory.Open();

    [Test]
    public void Every_invoice_is_delivered_once_and_one_in_fifty_twice()
    {
        var deliveries = History.Deliveries().ToList();

        Assert.That(deliveries.Where(delivery => !delivery.IsRepeat).Select(delivery => delivery.Invoice.Number),
            Is.EqualTo(History.Select(invoice => invoice.Number)));
        Assert.That(deliveries.Count(delivery => delivery.IsRepeat), Is.EqualTo(25_900 / 50));
        Assert.That(deliveries.Where(delivery => delivery.IsRepeat).Select(delivery => delivery.Invoice.Number), Is.Unique);
    }

    [Test]
    public void Deliveries_come_in_order_of_time_and_a_repeat_minutes_to_hours_after_the_first()
    {
        var deliveries = History.Deliveries().ToList();

        Assert.That(deliveries.Select(delivery => delivery.At), Is.Ordered);
        foreach (var delivery in deliveries)
        {
            var late = delivery.At - delivery.Invoice.Time;
            Assert.That(late, delivery.IsRepeat ? Is.InRange(TimeSpan.FromMinutes(3), TimeSpan.FromHours(6)) : Is.EqualTo(TimeSpan.Zero));
        }
    }

    [Test]
    public void A_second_reading_delivers_the_same_at_the_same_times()
    {
        static IEnumerable<(string, DateTimeOffset, bool)> Keys(PurchaseHistory history) =>
            history.Deliveries().Select(delivery => (delivery.Invoice.Number, delivery.At, delivery.IsRepeat));

        Assert.That(Keys(PurchaseHistory.Open()), Is.EqualTo(Keys(History)));
        Assert.That(History.Deliveries().First(delivery => delivery.IsRepeat).Invoice.Number, Is.EqualTo("536446"));
    }

    [TestCase(1, 143)]
    [TestCase(3, 418)]
    public void A_limit_of_days_keeps_the_first_calendar_days(int days, int invoices)
    {
        var firstDay = History.First().LocalTime.Date;

        var numbers = History.Deliveries(days).Select(delivery => delivery.Invoice).DistinctBy(invoice => invoice.Number).ToList();

        Assert.That(numbers, Has.Count.EqualTo(invoices));
        Assert.That(numbers.Select(invoice => (invoice.LocalTime - firstDay).TotalDays), Has.All.LessThan(days));
    }

    [Test]
    public void A_limit_changes_nothing_about_what_it_keeps()
    {
        var limited = History.Deliveries(90).Where(delivery => delivery.IsRepeat).Select(delivery => (delivery.Invoice.Number, delivery.At));
        var all = History.Deliveries().Where(delivery => delivery.IsRepeat).Select(delivery => (delivery.Invoice.Number, delivery.At)).ToHashSet();

        Assert.That(limited, Is.Not.Empty.And.SubsetOf(all));
        Assert.That(History.Deliveries(History.DayCount).Count(), Is.EqualTo(History.Deliveries().Count()));
    }

    [Test]
    public void A_limit_of_no_days_is_refused() =>
        Assert.That(() => History.Deliveries(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
}
