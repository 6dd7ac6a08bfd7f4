using System.Diagnostics;

namespace Patron.Segmentation;

/// <summary>Which lines a measure looks at.</summary>
internal enum LineKinds
{
    All,
    Sold,
    Returned,
}

/// <summary>Adds lines that pass a filter to the value of their customer, in the order of customers and days; of these lines those of its kind.</summary>
internal sealed class LineMeasure(PurchaseMeasure measure)
{
    private readonly LineKinds kinds = measure switch
    {
        PurchaseMeasure.Spend => LineKinds.All,
        PurchaseMeasure.Returns => LineKinds.Returned,
        _ => LineKinds.Sold,
    };

    private readonly HashSet<int> seen = [];
    private int today;
    private int lastRow;
    private int lastLine;
    private long receipt;

    /// <summary>The value of who has no such line. Of days since one it lies below every bound.</summary>
    public static long Nothing(PurchaseMeasure measure) =>
        measure is PurchaseMeasure.DaysSinceFirst or PurchaseMeasure.DaysSinceLast ? long.MinValue : 0;

    /// <summary>Each line adds one at most.</summary>
    public static bool Counts(PurchaseMeasure measure) => measure
        is not (PurchaseMeasure.Spend or PurchaseMeasure.LargestReceipt or PurchaseMeasure.DaysSinceFirst or PurchaseMeasure.DaysSinceLast);

    /// <param name="day">The <see cref="DateOnly.DayNumber"/> of the evaluation.</param>
    public void Begin(int day) => (today, lastRow, lastLine) = (day, -1, -1);

    /// <summary>Adds a sorted line.</summary>
    public void Add(ref long value, int row, int line, EventColumns events)
    {
        if (kinds != LineKinds.All && !IsOfKind(events.Flags[line], kinds == LineKinds.Returned ? events.AmountAt(line) : 0))
            return;
        var isFirst = row != lastRow;
        switch (measure)
        {
            case PurchaseMeasure.Spend:
                value += events.HasWide ? events.AmountAt(line) : events.Amounts[line];
                return;
            case PurchaseMeasure.Receipts or PurchaseMeasure.Returns:
                value += IsOfAnother(events) ? 1 : 0;
                break;
            case PurchaseMeasure.LargestReceipt:
                receipt = events.AmountAt(line) + (IsOfAnother(events) ? 0 : receipt);
                value = Math.Max(value, receipt);
                break;
            case PurchaseMeasure.Days:
                value += isFirst || events.Days[line] != events.Days[lastLine] ? 1 : 0;
                break;
            case PurchaseMeasure.DaysSinceFirst:
                if (isFirst)
                    value = Ago(events.Days[line]);
                break;
            case PurchaseMeasure.DaysSinceLast:
                value = Ago(events.Days[line]);
                break;
            default:
                if (isFirst)
                    seen.Clear();
                var code = CodeOf(events, line);
                value += code != 0 && seen.Add(code) ? 1 : 0;
                break;
        }

        (lastRow, lastLine) = (row, line);

        bool IsOfAnother(EventColumns events) => isFirst || BeginsBetween(events.Flags[(lastLine + 1)..(line + 1)]);
    }

    /// <summary>The value of one customer's lines, in the order of their coming.</summary>
    public long Of(List<LineCodes> lines, LineFilter filter, int day)
    {
        var (value, counted) = (Nothing(measure), false);
        seen.Clear();
        (today, receipt) = (day, 0);
        foreach (var line in lines)
        {
            if ((line.Flags & LineFlags.Begins) != 0)
                (counted, receipt) = (false, 0);
            if (!filter.Has(line) || !IsOfKind(line.Flags, line.Amount))
                continue;
            value = measure switch
            {
                PurchaseMeasure.Spend => value + line.Amount,
                PurchaseMeasure.Receipts or PurchaseMeasure.Returns => value + (counted ? 0 : 1),
                PurchaseMeasure.LargestReceipt => Math.Max(value, receipt += line.Amount),
                PurchaseMeasure.DaysSinceFirst => Math.Max(value, Ago(line.Day)),
                PurchaseMeasure.DaysSinceLast => value == long.MinValue ? Ago(line.Day) : Math.Min(value, Ago(line.Day)),
                _ => value + (CodeOf(line) is var code and not 0 && seen.Add(code) ? 1 : 0),
            };
            counted = true;
        }

        return value;
    }

    private bool IsOfKind(LineFlags flags, long amount) => kinds switch
    {
        LineKinds.All => true,
        LineKinds.Sold => (flags & LineFlags.Sold) != 0,
        _ => (flags & LineFlags.Sold) == 0 && amount < 0,
    };

    private static bool BeginsBetween(ReadOnlySpan<LineFlags> flags)
    {
        foreach (var flag in flags)
        {
            if ((flag & LineFlags.Begins) != 0)
                return true;
        }

        return false;
    }

    private long Ago(ushort day) => today - Day16.DayNumber(day)!.Value;

    private int CodeOf(EventColumns events, int line) => measure switch
    {
        PurchaseMeasure.Products => events.Products[line],
        PurchaseMeasure.Categories => events.Categories[line],
        PurchaseMeasure.Stores => events.Stores[line],
        PurchaseMeasure.Channels => events.Channels[line],
        _ => throw new UnreachableException($"{measure} counts no codes."),
    };

    private int CodeOf(LineCodes line) => measure switch
    {
        PurchaseMeasure.Days => line.Day,
        PurchaseMeasure.Products => line.Product,
        PurchaseMeasure.Categories => line.Category,
        PurchaseMeasure.Stores => line.Store,
        PurchaseMeasure.Channels => line.Channel,
        _ => throw new UnreachableException($"{measure} counts no codes."),
    };
}
