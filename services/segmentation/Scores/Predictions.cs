using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>What was predicted of a partition's customers, by row: 3 to 13 bytes each, and none before a rule asks.</summary>
internal sealed class Predictions
{
    private PackedColumn alive = new();
    private PackedColumn purchases = new();
    private PackedColumn value = new();
    private (int Day, ScoreVersion? By) madeOf;

    /// <summary>There are some, if only to say that there is no model.</summary>
    public bool AreMade => madeOf.Day > 0;

    public long Bytes => alive.Bytes + purchases.Bytes + value.Bytes;

    /// <summary>Predicts all anew if that was not done on this day by the version in force.</summary>
    public void Make(PartitionColumns columns)
    {
        var scoring = columns.Books.Scoring;
        if (madeOf == (columns.Today, scoring.InForce))
            return;
        madeOf = (columns.Today, scoring.InForce);
        (alive, purchases, value) = (new(), new(), new());
        if (scoring.InForce is not { Purchasing: { } model } version)
            return;
        var rows = Enumerable.Range(0, columns.Count).Where(row => columns.Days(DayColumn.FirstPurchase)[row] != Day16.None).ToList();
        var copy = CustomersCopy.Of(columns, rows);
        var expected = LifetimeValue.Of(model, version.Worth, copy.Purchases(), copy.Spend(), scoring.Horizon);
        for (var i = rows.Count - 1; i >= 0; i--)
        {
            alive.Set(rows[i], AttributeColumn.Pack((long)Math.Round(expected.Alive[i] * 100)));
            purchases.Set(rows[i], AttributeColumn.Pack((long)expected.Purchases[i]));
            value.Set(rows[i], AttributeColumn.Pack((long)Math.Round(expected.Worth[i])));
        }
    }

    /// <summary>Null for who had not bought when it was made.</summary>
    public Predicted? At(int row) => alive.At(row) is not 0 and var chance
        ? new(AttributeColumn.Unpack(chance), AttributeColumn.Unpack(purchases.At(row)), AttributeColumn.Unpack(value.At(row)))
        : null;

    public void Drop(int row)
    {
        alive.Set(row, 0);
        purchases.Set(row, 0);
        value.Set(row, 0);
    }
}
