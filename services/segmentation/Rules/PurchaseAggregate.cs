using System.Diagnostics;

namespace Patron.Segmentation;

/// <summary>Measures the lines of one customer as they are told in answers; the columns have a faster way of their own.</summary>
internal static class PurchaseAggregate
{
    /// <summary>The value, or null for days since a purchase where there is none.</summary>
    public static long? Of(PurchasesBetween clause, IReadOnlyList<BoughtLine> lines, int today)
    {
        var (from, to) = clause.Window.On(today);
        var matching = lines.Where(line => line.Day >= from && line.Day <= to && clause.Where.Has(line));
        if (clause.Measure == PurchaseMeasure.Spend)
            return matching.Sum(line => line.Minor);
        if (clause.Measure == PurchaseMeasure.Receipts)
            return Receipts(clause, lines, from, to);
        var sold = matching.Where(line => line.Sold);
        return clause.Measure switch
        {
            PurchaseMeasure.Days => sold.Select(line => line.Day).Distinct().LongCount(),
            PurchaseMeasure.Products => Different(sold, line => line.Product),
            PurchaseMeasure.Categories => Different(sold, line => line.Category),
            PurchaseMeasure.Stores => Different(sold, line => line.Store),
            PurchaseMeasure.Channels => Different(sold, line => line.Channel),
            PurchaseMeasure.DaysSinceFirst => today - sold.Min(line => (int?)line.Day),
            PurchaseMeasure.DaysSinceLast => today - sold.Max(line => (int?)line.Day),
            _ => throw new UnreachableException($"Nothing measures {clause.Measure}."),
        };
    }

    private static long Receipts(PurchasesBetween clause, IReadOnlyList<BoughtLine> lines, int from, int to)
    {
        var (receipts, counted) = (0L, false);
        foreach (var line in lines)
        {
            counted &= !line.Begins;
            if (counted || !line.Sold || line.Day < from || line.Day > to || !clause.Where.Has(line))
                continue;
            receipts++;
            counted = true;
        }

        return receipts;
    }

    // What the touchpoint or the catalogue did not name is no product, category or store of its own.
    private static long Different(IEnumerable<BoughtLine> lines, Func<BoughtLine, string> named) =>
        lines.Select(named).Where(name => name.Length > 0).Distinct().LongCount();
}
