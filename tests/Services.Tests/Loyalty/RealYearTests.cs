using NUnit.Framework;
using Patron.History;
using Patron.Loyalty;
using Patron.Runtime.EventStore;

namespace Patron.Services.Tests.Loyalty;

/// <summary>The real year of purchases, decided without a store.</summary>
internal sealed class RealYearTests
{
    [Test]
    public void A_real_year_of_purchases_keeps_the_books_balanced_and_fills_every_tier()
    {
        var documents = 0;
        var ledgers = new Dictionary<string, (Ledger State, List<DomainEvent> Events)>();
        foreach (var invoice in PurchaseHistory.Open().Where(invoice => invoice.CustomerNumber is not null))
        {
            var (state, events) = ledgers.GetValueOrDefault(invoice.CustomerNumber!, (new Ledger(), []));
            var decision = RecordPurchase.Decide(state, Booked.Own(events), From(invoice, ++documents), LedgerStories.Demo, invoice.Time);
            events.AddRange(decision.Events);
            ledgers[invoice.CustomerNumber!] = (decision.Events.Aggregate(state, Ledger.Evolve), events);
        }

        var members = ledgers.Values.Where(ledger => ledger.State.Tier is not null).ToList();
        var all = members.SelectMany(ledger => ledger.Events).ToList();
        var issued = all.OfType<PointsEarned>().Sum(earned => earned.Points);
        var reversed = all.OfType<PointsReversed>().Sum(back => back.Points);
        Assert.That(members.Sum(ledger => ledger.State.Balance - ledger.State.Clawback), Is.EqualTo(issued - reversed));
        Assert.That(members.Sum(ledger => ledger.State.Clawback), Is.Zero, "nobody redeems in the history, so every return finds its points");
        Assert.That(members.All(ledger => ledger.State.Balance == ledger.State.Lots.Sum(lot => lot.Points)), Is.True);

        var tiers = members.GroupBy(ledger => ledger.State.Tier!).ToDictionary(tier => tier.Key, tier => tier.Count());
        var sizes = members.ConvertAll(ledger => Ledger.Kind.Write(ledger.State).Length);
        TestContext.Out.WriteLine(
            $"{members.Count} members, {issued} points issued, {reversed} reversed, tiers {string.Join(", ", tiers)}, "
            + $"{members.Sum(ledger => ledger.State.OpenReturns.Sum(open => open.Quantity))} pieces of unmatched returns, "
            + $"states of {sizes.Average():0} bytes, at most {sizes.Max()}");
        Assert.That(LedgerStories.Demo.Tiers.Select(tier => tiers.GetValueOrDefault(tier.Name)), Is.All.GreaterThan(members.Count / 100));
        Assert.That(tiers["member"], Is.LessThan(members.Count * 6 / 10), "a programme that most people get nowhere in is no programme");
    }

    private static Purchase From(Invoice invoice, int document) => new(
        LedgerStories.Receipt(document), invoice.Time, "GBP", [.. Lines(invoice, LineClass.Sale)], [.. Lines(invoice, LineClass.Return)]);

    private static IEnumerable<PurchaseLine> Lines(Invoice invoice, LineClass kind) => invoice.Lines.Where(line => line.Class == kind)
        .Select(line => new PurchaseLine(line.StockCode, Math.Abs(line.Quantity), line.AmountMinor));
}
