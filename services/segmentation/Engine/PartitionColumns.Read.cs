using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>What the columns say of one customer.</summary>
internal sealed partial class PartitionColumns
{
    /// <summary>A copy of one customer's values.</summary>
    public CustomerRow Read(int row) => new(Today)
    {
        Customer = customers[row],
        FirstDay = Day16.DayNumber(firstDay[row]),
        LastDay = Day16.DayNumber(lastDay[row]),
        Purchases = purchases[row],
        Spend = spend[row],
        Points = points[row],
        Tier = TierOf(row),
        Tags = NamesAt(tags, row),
        Consents = NamesAt(consents, row),
        Lines = LinesOf(row, Events, books, PurchaseWindow.DaysMax),
        Behaviours = LinesOf(row, Behaviours, books.Behaviours, BehavioursBetween.DaysMax),
        Attributes = Attributes.At(row),
        Stage = StageOf(row),
        Rfm = RfmOf(row),
        Predicted = Predictions.At(row),
    };

    /// <summary>A customer of whom nothing is known yet.</summary>
    public CustomerRow Unknown(Guid customer) => new(Today) { Customer = customer };

    public LifecycleStage StageOf(int row) => books.Scoring.Windows.StageOf(
        Today, Day16.DayNumber(firstDay[row]), Day16.DayNumber(PurchaseDays.Previous[row]), Day16.DayNumber(lastDay[row]));

    /// <summary>Null for who bought nothing, and while there are no cuts.</summary>
    public RfmScores? RfmOf(int row) => books.Scoring.Rfm(Today, Day16.DayNumber(lastDay[row]), purchases[row], spend[row]);

    private static IReadOnlyList<string> NamesAt(Dictionary<string, ulong[]> bitmaps, int row) =>
        [.. bitmaps.Where(named => RowBits.Has(named.Value, row)).Select(named => named.Key).Order(StringComparer.Ordinal)];

    private IReadOnlyList<BoughtLine> LinesOf(int row, EventColumns from, CodeBooks by, int daysMax)
    {
        from.Read(row, lines);
        return
        [
            .. lines.Where(line => line.Day >= Day16.Of((long)PurchaseWindow.KeptFrom(Today, daysMax))).OrderBy(line => line.Day).Select(line => new BoughtLine(
                Day16.DayNumber(line.Day)!.Value, line.Amount, by.Products.NameOf(line.Product), by.Categories.NameOf(line.Category),
                by.Channels.NameOf(line.Channel), by.Stores.NameOf(line.Store), (line.Flags & LineFlags.Sold) != 0,
                (line.Flags & LineFlags.Begins) != 0)),
        ];
    }
}
