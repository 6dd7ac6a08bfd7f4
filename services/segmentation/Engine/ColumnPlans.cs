using System.Diagnostics;

namespace Patron.Segmentation;

/// <param name="between">By today: the first and the last day, as day numbers; null leaves a side open.</param>
internal sealed class DayPlan(DayColumn column, Func<int, (long? From, long? To)> between) : RulePlan
{
    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        bits.Clear();
        if (Day16.Range(between(columns.Today)) is { } range)
            ColumnKernels.Between(columns.Days(column).Slice(word * 64, bits.Length * 64), range.From, range.To, bits);
    }

    public override bool At(PartitionColumns columns, int row) =>
        Day16.Range(between(columns.Today)) is { } range && columns.Days(column)[row] is var day && day >= range.From && day <= range.To;
}

internal sealed class NumberPlan(NumberBetween clause) : RulePlan
{
    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        bits.Clear();
        var (from, count) = (word * 64, bits.Length * 64);
        if (clause.Column == NumberColumn.Purchases)
            ColumnKernels.Between(columns.PurchaseCounts.Slice(from, count), clause.Min, clause.Max, bits);
        else
            ColumnKernels.Between(Longs(columns).Slice(from, count), clause.Min, clause.Max, bits);
    }

    public override bool At(PartitionColumns columns, int row) =>
        (clause.Column == NumberColumn.Purchases ? columns.PurchaseCounts[row] : Longs(columns)[row]) is var value
        && (clause.Min is null || value >= clause.Min) && (clause.Max is null || value <= clause.Max);

    private ReadOnlySpan<long> Longs(PartitionColumns columns) => clause.Column switch
    {
        NumberColumn.Spend => columns.Spend,
        NumberColumn.Points => columns.Points,
        _ => throw new UnreachableException($"{clause.Column} is no column of its own."),
    };
}

internal sealed class TierPlan(InTier clause) : RulePlan
{
    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        bits.Clear();
        foreach (var name in clause.Tiers)
        {
            if (columns.Books.Tiers.Find(name) is { } code and > 0)
                ColumnKernels.Between(columns.Tiers.Slice(word * 64, bits.Length * 64), (byte)code, (byte)code, bits);
        }
    }

    public override bool At(PartitionColumns columns, int row)
    {
        var tier = columns.Tiers[row];
        return tier != 0 && clause.Tiers.Contains(columns.Books.Tiers.NameOf(tier));
    }
}

internal sealed class BitmapPlan(BitmapPlan.Bitmap of) : RulePlan
{
    public delegate ReadOnlySpan<ulong> Bitmap(PartitionColumns columns);

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits) => ColumnKernels.Copy(of(columns), word, bits);

    public override bool At(PartitionColumns columns, int row) => RowBits.Has(of(columns), row);
}
