using System.Diagnostics;

namespace Patron.Segmentation;

/// <summary>Measures the lines of one customer as they are told in answers; the columns have a faster way of their own.</summary>
internal static class PurchaseAggregate
{
    /// <summary>The value, or null for days since a purchase where there is none.</summary>
    public static long? Of(PurchasesBetween clause, IReadOnlyList<BoughtLine> lines, int today, int daysMax = PurchaseWindow.DaysMax)
    {
        var (from, to) = clause.Window.On(today, daysMax);
        var matching = lines.Where(Counts);
        if (clause.Measure == PurchaseMeasure.Spend)
            return matching.Sum(line => line.Minor);
        if (clause.Measure == PurchaseMeasure.Returns)
            return OfReceipts(lines, line => Counts(line) && !line.Sold && line.Minor < 0).LongCount();
        var sold = matching.Where(line => line.Sold);
        return clause.Measure switch
        {
            PurchaseMeasure.Receipts => OfReceipts(lines, line => Counts(line) && line.Sold).LongCount(),
            PurchaseMeasure.LargestReceipt =>
                OfReceipts(lines, line => Counts(line) && line.Sold).Select(receipt => receipt.Sum(line => line.Minor)).Append(0).Max(),
            PurchaseMeasure.Days => sold.Select(line => line.Day).Distinct().LongCount(),
            PurchaseMeasure.Products => Different(sold, line => line.Product),
            PurchaseMeasure.Categories => Different(sold, line => line.Category),
            PurchaseMeasure.Stores => Different(sold, line => line.Store),
            PurchaseMeasure.Channels => Different(sold, line => line.Channel),
            PurchaseMeasure.DaysSinceFirst => today - sold.Min(line => (int?)line.Day),
            PurchaseMeasure.DaysSinceLast => today - sold.Max(line => (int?)line.Day),
            _ => throw new UnreachableException($"Nothing measures {clause.Measure}."),
        };

        bool Counts(BoughtLine line) => line.Day >= from && line.Day <= to && clause.Where.Has(line);
    }

    /// <summary>The lines that count, by receipt; a receipt without one is left out.</summary>
    private static IEnumerable<IEnumerable<BoughtLine>> OfReceipts(IReadOnlyList<BoughtLine> lines, Func<BoughtLine, bool> counts)
    {
        var number = 0;
        return lines.Select(line => (Receipt: line.Begins ? ++number : number, Line: line)).Where(told => counts(told.Line))
            .GroupBy(told => told.Receipt, told => told.Line);
    }

    // What the touchpoint or the catalogue did not name is no product, category or store of its own.
    private static long Different(IEnumerable<BoughtLine> lines, Func<BoughtLine, string> named) =>
        lines.Select(named).Where(name => name.Length > 0).Distinct().LongCount();
}
