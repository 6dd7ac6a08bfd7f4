using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;
using Patron.History;

namespace Patron.System.Tests.History;

internal sealed class PurchaseHistoryTests
{
    private static readonly PurchaseHistory History = PurchaseHistory.Open();
    private static readonly Dictionary<string, Invoice> Invoices = History.ToDictionary(invoice => invoice.Number);

    [Test]
    public void The_year_has_all_its_invoices_lines_and_customers()
    {
        Assert.That(Invoices, Has.Count.EqualTo(25_900));
        Assert.That(History.InvoiceCount, Is.EqualTo(25_900));
        Assert.That(Invoices.Values.Sum(invoice => invoice.Lines.Count), Is.EqualTo(541_909));
        Assert.That(History.LineCount, Is.EqualTo(541_909));
        Assert.That(History.Customers, Has.Count.EqualTo(4_372));
        Assert.That(Invoices.Values.Select(invoice => invoice.CustomerNumber).OfType<string>().Distinct().Count(), Is.EqualTo(4_372));
        Assert.That(Invoices.Values.Count(invoice => invoice.CustomerNumber is null), Is.EqualTo(3_710));
        Assert.That(Invoices.Values.Select(invoice => invoice.Country).Distinct().Count(), Is.EqualTo(38));
        Assert.That(Invoices.Values.Count(invoice => invoice.IsCancellation), Is.EqualTo(3_836));
        Assert.That(History.DayCount, Is.EqualTo(374));
    }

    [Test]
    public void The_classes_add_up_to_every_line()
    {
        var counts = History.CountClasses();

        Assert.That(counts, Is.EqualTo(new ClassCounts(Sales: 527_792, Returns: 8_704, Fees: 2_909, Adjustments: 2_504)));
        Assert.That(counts.Total, Is.EqualTo(541_909));
        Assert.That(counts.ToString(), Is.EqualTo("527,792 sales + 8,704 returns + 2,909 fees + 2,504 adjustments = 541,909 lines"));
        Assert.That(
            Invoices.Values.SelectMany(invoice => invoice.Lines).CountBy(line => line.Class).Select(count => (count.Key, count.Value)),
            Is.EquivalentTo(new[]
            {
                (LineClass.Sale, counts.Sales), (LineClass.Return, counts.Returns), (LineClass.Fee, counts.Fees),
                (LineClass.Adjustment, counts.Adjustments),
            }));
    }

    [Test]
    public void Only_cancellations_hold_returns_and_no_sale_has_a_negative_amount()
    {
        foreach (var invoice in Invoices.Values)
        {
            foreach (var line in invoice.Lines)
            {
                if (line.Class == LineClass.Return && (!invoice.IsCancellation || line.AmountMinor > 0))
                    Assert.Fail($"{invoice.Number} {line} is no return.");
                if (line.Class == LineClass.Sale && (invoice.IsCancellation || line.AmountMinor < 0))
                    Assert.Fail($"{invoice.Number} {line} is no sale.");
            }
        }

        Assert.That(History.CountClasses().Returns, Is.Positive);
    }

    [TestCase("536365", "85123A", 6, 2_550, LineClass.Sale)]
    [TestCase("C536391", "22556", -12, 1_650, LineClass.Return)]
    [TestCase("536370", "POST", 3, 18_000, LineClass.Fee, Description = "Postage that was paid")]
    [TestCase("C536379", "D", -1, 27_500, LineClass.Fee, Description = "A fee on a cancellation is no return")]
    [TestCase("550193", "PADS", 1, 1, LineClass.Sale, Description = "Cushion inserts are goods")]
    [TestCase("568375", "BANK CHARGES", 1, 1, LineClass.Fee)]
    [TestCase("539492", "gift_0001_40", 1, 34_040, LineClass.Sale, Description = "A voucher that was sold is a product")]
    [TestCase("A563186", "B", 1, -11_062_060, LineClass.Adjustment, Description = "Bad debt")]
    [TestCase("A563185", "B", 1, 11_062_060, LineClass.Adjustment, Description = "Bad debt with a positive price is no sale")]
    [TestCase("536414", "22139", 56, 0, LineClass.Adjustment, Description = "A price of zero")]
    [TestCase("536589", "21777", -10, 0, LineClass.Adjustment, Description = "Written off without a cancellation")]
    public void A_real_line_has_its_class(string invoice, string code, int quantity, int thousandths, LineClass expected) =>
        Assert.That(
            Invoices[invoice].Lines.Where(line => line.StockCode == code && line.Quantity == quantity && line.UnitPriceThousandths == thousandths),
            Is.Not.Empty.And.All.Property(nameof(InvoiceLine.Class)).EqualTo(expected));

    [TestCase("A563185", "POST", 1, 1_000, LineClass.Adjustment, Description = "Bad debt comes before fee")]
    [TestCase("536414", "POST", 1, 0, LineClass.Fee, Description = "Fee comes before zero price")]
    [TestCase("C536391", "22556", -1, 0, LineClass.Adjustment, Description = "Zero price comes before return")]
    [TestCase("536391", "22556", -1, 1_000, LineClass.Adjustment, Description = "A return needs a cancellation")]
    [TestCase("C536391", "22556", 1, 1_000, LineClass.Adjustment, Description = "A cancellation never sells")]
    public void The_first_rule_that_fits_decides(string invoice, string code, int quantity, int thousandths, LineClass expected) =>
        Assert.That(LineClassification.Of(invoice, code, quantity, thousandths), Is.EqualTo(expected));

    [TestCase(6, 2_550, 1_530)]
    [TestCase(-1, 27_500, -2_750)]
    [TestCase(1, 1, 0)]
    [TestCase(5, 1, 1)]
    [TestCase(-5, 1, -1)]
    [TestCase(-4, 1, 0)]
    [TestCase(80_995, 38_970_000, 315_637_515_000)]
    public void An_amount_is_rounded_to_pence_half_away_from_zero(int quantity, int thousandths, long pence) =>
        Assert.That(new InvoiceLine("X", "", quantity, thousandths, LineClass.Sale).AmountMinor, Is.EqualTo(pence));

    [TestCase("536365", "2010-12-01T08:26:00+00:00", Description = "Winter")]
    [TestCase("550193", "2011-04-15T09:27:00+01:00", Description = "Summer time")]
    [TestCase("536591", "2010-12-01T16:57:00+00:00", Description = "The earlier of two times")]
    public void The_time_of_an_invoice_has_the_offset_of_London(string number, string expected)
    {
        var invoice = Invoices[number];

        Assert.That(invoice.Time.ToString("yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture), Is.EqualTo(expected));
        Assert.That(invoice.LocalTime, Is.EqualTo(invoice.Time.DateTime));
    }

    [Test]
    public void An_invoice_that_the_source_interrupts_is_one_invoice()
    {
        Assert.That(Invoices["542806"].Lines, Has.Count.EqualTo(39));
        Assert.That(Invoices["536365"].Lines, Has.Count.EqualTo(7));
    }

    [Test]
    public void Invoices_come_in_order_of_time() => Assert.That(History.Select(invoice => invoice.Time), Is.Ordered);

    [TestCase("536365", "United Kingdom", Channel.Pos)]
    [TestCase("536370", "France", Channel.EShop)]
    public void Invoices_of_the_United_Kingdom_stand_for_shops(string number, string country, Channel expected)
    {
        Assert.That(Invoices[number].Country, Is.EqualTo(country));
        Assert.That(Invoices[number].Source, Is.EqualTo(expected));
    }

    [Test]
    public void The_year_is_opened_and_enumerated_in_less_than_a_second_and_a_half()
    {
        var clock = Stopwatch.StartNew();

        var lines = PurchaseHistory.Open().Sum(invoice => invoice.Lines.Count);

        Assert.That(lines, Is.EqualTo(541_909));
        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(1.5)));
    }
}
