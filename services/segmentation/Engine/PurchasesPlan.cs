using System.Numerics;

namespace Patron.Segmentation;

/// <summary>
/// Measures purchases: which lines pass is found 64 at a time, then only those are added to their customers' values, which are compared
/// like a column.
/// </summary>
internal sealed class PurchasesPlan : RulePlan
{
    private readonly PurchaseMeasure measure;
    private readonly long min;
    private readonly long max;
    private readonly Func<int, (long? From, long? To)> days;
    private readonly LineFilter filter;
    private readonly LineMeasure measured;
    private readonly long[] values = new long[BlockWords * PartitionColumns.RowsPerWord];
    private readonly List<LineCodes> lines = [];
    private readonly bool behaviours;

    public PurchasesPlan(PurchasesBetween clause)
        : this(clause.Measure, clause.Min, clause.Max, clause.Where, today => clause.Window.On(today))
    {
    }

    private PurchasesPlan(
        PurchaseMeasure measure, long? min, long? max, PurchaseFilter where, Func<int, (long? From, long? To)> days, bool behaviours = false)
    {
        this.behaviours = behaviours;
        // Above what stands for no value.
        (this.measure, this.min, this.max, this.days) = (measure, Math.Max(min ?? long.MinValue, long.MinValue + 1), max ?? long.MaxValue, days);
        filter = new(where, LineMeasure.Kinds(measure));
        measured = new(measure);
    }

    public override int Cost => 100;

    public override bool ReadsLines => true;

    public static PurchasesPlan SpendInTwelveMonths(long? min, long? max) =>
        new(PurchaseMeasure.Spend, min, max, PurchaseFilter.Any, today => (BrandDays.TwelveMonthsBegin(today), today));

    public static PurchasesPlan Of(BehavioursBetween clause)
    {
        var (_, min, max, where, window) = clause.AsPurchases;
        return new(clause.AsPurchases.Measure, min, max, where, today => window.On(today, BehavioursBetween.DaysMax), behaviours: true);
    }

    public override void Block(PartitionColumns columns, int word, Span<ulong> bits)
    {
        var block = values.AsSpan(0, bits.Length * PartitionColumns.RowsPerWord);
        block.Fill(LineMeasure.Nothing(measure));
        if (filter.Ready(Books(columns), days(columns.Today)))
            Measure(columns, word * PartitionColumns.RowsPerWord, block);
        bits.Clear();
        ColumnKernels.Between((ReadOnlySpan<long>)block, min, max, bits);
    }

    public override bool At(PartitionColumns columns, int row)
    {
        Lines(columns).Read(row, lines);
        var value = LineMeasure.Nothing(measure);
        if (filter.Ready(Books(columns), days(columns.Today)))
            value = measured.Of(lines, filter, columns.Today);
        return value >= min && value <= max;
    }

    private EventColumns Lines(PartitionColumns columns) => behaviours ? columns.Behaviours : columns.Events;

    private CodeBooks Books(PartitionColumns columns) => behaviours ? columns.Books.Behaviours : columns.Books;

    private void Measure(PartitionColumns columns, int firstRow, Span<long> block)
    {
        var events = Lines(columns);
        var (row, last) = (firstRow, events.Begin(firstRow + block.Length));
        var ends = events.Ends;
        measured.Begin(columns.Today);
        for (var line = events.Begin(firstRow); line < last; line += 64)
        {
            for (var found = filter.Bits(events, line, Math.Min(64, last - line)); found != 0; found &= found - 1)
            {
                var hit = line + BitOperations.TrailingZeroCount(found);
                while (ends[row] <= hit)
                    row++;
                measured.Add(ref block[row - firstRow], row, hit, events);
            }
        }
    }
}
