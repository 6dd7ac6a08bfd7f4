using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>The purchases of a partition's customers by day, as far back as lines are kept. About 16 bytes a day of purchase.</summary>
internal sealed class PurchasesCopy
{
    private readonly List<(bool IsWhole, List<(int Day, long Minor)> Days)> customers = [];

    private PurchasesCopy(int today) => Today = today;

    /// <summary>The latest day that the partition knows of.</summary>
    public int Today { get; }

    /// <param name="evaluate">As <see cref="SegmentedPartition.Look"/> has it.</param>
    public static PurchasesCopy Of(PartitionColumns columns, Func<Clause, ulong[]> evaluate)
    {
        var (copy, lines, kept) = (new PurchasesCopy(columns.Today), new List<LineCodes>(), PurchaseWindow.KeptFrom(columns.Today));
        foreach (var row in RowBits.In(evaluate(new AllOf())))
        {
            columns.Events.Read(row, lines);
            lines.RemoveAll(line => Day16.DayNumber(line.Day)!.Value < kept);
            if (lines.Count == 0)
                continue;
            lines.Sort((one, other) => one.Day.CompareTo(other.Day));
            copy.customers.Add((Day16.DayNumber(columns.Days(DayColumn.FirstPurchase)[row]) >= kept, Days(lines)));
        }

        return copy;
    }

    /// <param name="wholeOnly">Only customers who bought for the first time in that time, so that nothing of theirs is missing.</param>
    public static PurchaseHistory History(IEnumerable<PurchasesCopy> parts, bool wholeOnly) => new(
        parts.SelectMany(part => part.customers).Where(customer => customer.IsWhole || !wholeOnly).SelectMany((customer, number) =>
            customer.Days.Select(day => new Transaction(number, day.Day, day.Minor))));

    public static void Write(BinaryWriter into, PurchasesCopy copy)
    {
        into.Write(copy.Today);
        into.Write(copy.customers.Count);
        foreach (var (isWhole, days) in copy.customers)
        {
            into.Write(isWhole);
            into.Write(days.Count);
            foreach (var (day, minor) in days)
            {
                into.Write(day);
                into.Write(minor);
            }
        }
    }

    public static PurchasesCopy Read(BinaryReader from)
    {
        var copy = new PurchasesCopy(from.ReadInt32());
        for (var left = from.ReadInt32(); left > 0; left--)
        {
            var (isWhole, days) = (from.ReadBoolean(), new List<(int, long)>());
            for (var more = from.ReadInt32(); more > 0; more--)
                days.Add((from.ReadInt32(), from.ReadInt64()));
            copy.customers.Add((isWhole, days));
        }

        return copy;
    }

    /// <summary>Days with something sold. What went back on another day is taken off the purchase before it, if there is one.</summary>
    /// <param name="lines">By day.</param>
    private static List<(int Day, long Minor)> Days(List<LineCodes> lines)
    {
        var days = new List<(int Day, long Minor)>();
        foreach (var sameDay in lines.GroupBy(line => line.Day))
        {
            var minor = sameDay.Sum(line => line.Amount);
            if (sameDay.Any(line => (line.Flags & LineFlags.Sold) != 0))
                days.Add((Day16.DayNumber(sameDay.Key)!.Value, minor));
            else if (days.Count > 0)
                days[^1] = (days[^1].Day, days[^1].Minor + minor);
        }

        return days;
    }
}
