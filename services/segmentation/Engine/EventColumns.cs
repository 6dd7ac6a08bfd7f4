using Patron.Segmentation.Snapshots;

namespace Patron.Segmentation;

/// <summary>A purchased line as the columns have it.</summary>
/// <param name="Day">As in <see cref="Day16"/>; 0 for a line that is dropped.</param>
internal readonly record struct LineCodes(ushort Day, ushort Category, ushort Store, byte Channel, LineFlags Flags, int Product, long Amount);

[Flags]
internal enum LineFlags : byte
{
    None = 0,
    Sold = 1,

    /// <summary>The first line of its receipt.</summary>
    Begins = 2,

    /// <summary>The amount does not fit into the column, which has its place among the wide ones instead.</summary>
    Wide = 4,
}

/// <summary>
/// The purchased lines of a partition's customers: an array per field, 16 bytes a line, sorted by customer and then by day, the lines of a
/// receipt together. A customer's lines are found by their offset, which costs four bytes a customer. New lines go to a small unsorted
/// delta first (40 bytes a line), which is merged in when it has grown to a 64th of the rest, but to at least 8,192 and at most 65,536 lines. Not
/// thread safe.
/// </summary>
internal sealed class EventColumns
{
    private const int DeltaMin = 8_192;
    private const int DeltaMax = 65_536;

    private readonly List<Added> delta = [];

    // By row, the place of its last line in the delta.
    private readonly Dictionary<int, int> newest = [];
    private List<long> wide = [];
    private int[] offsets = [0];
    private ushort[] days = [];
    private ushort[] categories = [];
    private ushort[] stores = [];
    private byte[] channels = [];
    private LineFlags[] flags = [];
    private int[] products = [];
    private int[] amounts = [];

    public ReadOnlySpan<ushort> Days => days;

    public ReadOnlySpan<ushort> Categories => categories;

    public ReadOnlySpan<ushort> Stores => stores;

    public ReadOnlySpan<byte> Channels => channels;

    public ReadOnlySpan<LineFlags> Flags => flags;

    public ReadOnlySpan<int> Products => products;

    /// <summary>Minor units, but for wide lines; see <see cref="AmountAt"/>.</summary>
    public ReadOnlySpan<int> Amounts => amounts;

    public bool HasWide => wide.Count > 0;

    /// <summary>Lines, those of the delta included.</summary>
    public int Count => days.Length + delta.Count;

    /// <summary>The rows that have lines in the delta: what is said of their sorted lines is not all.</summary>
    public IReadOnlyCollection<int> DeltaRows => newest.Keys;

    /// <summary>Bytes of the sorted lines, of the offsets, and of the delta.</summary>
    public (long Sorted, long Offsets, long Delta) Bytes =>
        ((16L * days.Length) + (8L * wide.Capacity), 4L * offsets.Length, (40L * delta.Capacity) + (20L * newest.Capacity));

    /// <summary>By row, where its sorted lines end; rows that came after the last merge have none, and are not among these.</summary>
    public ReadOnlySpan<int> Ends => offsets.AsSpan(1);

    /// <summary>Where the sorted lines of a row begin; of the row after the last one, where they end.</summary>
    public int Begin(int row) => offsets[Math.Min(row, offsets.Length - 1)];

    public long AmountAt(int line) => (flags[line] & LineFlags.Wide) == 0 ? amounts[line] : wide[amounts[line]];

    public LineCodes At(int line) => new(
        days[line], categories[line], stores[line], channels[line], flags[line] & ~LineFlags.Wide, products[line], AmountAt(line));

    /// <summary>
    /// Adds a line. The lines of one receipt are added one after another; nobody else's come between.
    /// </summary>
    public void Add(int row, LineCodes line)
    {
        delta.Add(new(row, newest.TryGetValue(row, out var before) ? before : -1, line));
        newest[row] = delta.Count - 1;
    }

    /// <summary>The lines of a row in the order of their coming, the sorted ones first. Clears <paramref name="into"/>.</summary>
    public void Read(int row, List<LineCodes> into)
    {
        into.Clear();
        for (var line = Begin(row); line < Begin(row + 1); line++)
        {
            if (days[line] != Day16.None)
                into.Add(At(line));
        }

        var sorted = into.Count;
        for (var place = newest.GetValueOrDefault(row, -1); place >= 0; place = delta[place].Before)
            into.Add(delta[place].Line);
        into.Reverse(sorted, into.Count - sorted);
    }

    /// <summary>Takes all lines of a row away; their space is given back by the next merge.</summary>
    public void Drop(int row)
    {
        for (var line = Begin(row); line < Begin(row + 1); line++)
            (days[line], categories[line], stores[line], channels[line], flags[line], products[line], amounts[line]) = (0, 0, 0, 0, 0, 0, 0);
        for (var place = newest.GetValueOrDefault(row, -1); place >= 0; place = delta[place].Before)
            delta[place] = delta[place] with { Line = default, Row = -1 };
        newest.Remove(row);
    }

    /// <summary>Merges the delta in if it has grown.</summary>
    /// <inheritdoc cref="Merge"/>
    public void MergeIfGrown(int rows, ushort keptFrom)
    {
        if (delta.Count >= Math.Clamp(days.Length / 64, DeltaMin, DeltaMax))
            Merge(rows, keptFrom);
    }

    /// <summary>Merges the delta in, without lines that were dropped or are older than <paramref name="keptFrom"/>.</summary>
    /// <param name="rows">Of the partition.</param>
    public void Merge(int rows, ushort keptFrom)
    {
        var added = Enumerable.Range(0, delta.Count).Where(place => Keeps(delta[place].Line.Day, keptFrom)).ToArray();
        Array.Sort(added, (one, other) =>
        {
            var (a, b) = (delta[one], delta[other]);
            return a.Row != b.Row ? a.Row.CompareTo(b.Row) : a.Line.Day != b.Line.Day ? a.Line.Day.CompareTo(b.Line.Day) : one.CompareTo(other);
        });
        var merged = new EventColumns();
        merged.Reserve(rows, added.Length + days.Count(day => Keeps(day, keptFrom)));
        var (next, line) = (0, 0);
        for (var row = 0; row < rows; row++)
        {
            merged.offsets[row] = line;
            for (var old = Begin(row); old < Begin(row + 1); old++)
            {
                if (!Keeps(days[old], keptFrom))
                    continue;
                while (next < added.Length && delta[added[next]].Row == row && delta[added[next]].Line.Day < days[old])
                    merged.Put(line++, delta[added[next++]].Line);
                merged.Copy(line++, this, old);
            }

            while (next < added.Length && delta[added[next]].Row == row)
                merged.Put(line++, delta[added[next++]].Line);
        }

        merged.offsets[rows] = line;
        Take(merged);
    }

    /// <summary>The sorted lines: merge the delta in before they are written.</summary>
    public void Keep(SnapshotFields fields, CodeBooks books)
    {
        fields.Array("offsets of lines", ref offsets);
        fields.Array("days of lines", ref days);
        fields.Codes("categories", ref categories, books.Categories);
        fields.Codes("stores", ref stores, books.Stores);
        fields.Codes("channels", ref channels, books.Channels);
        fields.Codes("products", ref products, books.Products);
        fields.Array("flags", ref flags);
        fields.Array("amounts", ref amounts);
        fields.All("wide amounts", wide);
    }

    private static bool Keeps(ushort day, ushort keptFrom) => day != Day16.None && day >= keptFrom;

    private void Take(EventColumns merged)
    {
        (wide, offsets, days, categories) = (merged.wide, merged.offsets, merged.days, merged.categories);
        (stores, channels, flags, products, amounts) = (merged.stores, merged.channels, merged.flags, merged.products, merged.amounts);
        delta.Clear();
        newest.Clear();
    }

    private void Reserve(int rows, int lines)
    {
        offsets = new int[rows + 1];
        (days, categories, stores) = (new ushort[lines], new ushort[lines], new ushort[lines]);
        (channels, flags, products, amounts) = (new byte[lines], new LineFlags[lines], new int[lines], new int[lines]);
    }

    private void Copy(int line, EventColumns from, int old)
    {
        if ((from.flags[old] & LineFlags.Wide) != 0)
        {
            Put(line, from.At(old));
            return;
        }

        (days[line], categories[line], stores[line]) = (from.days[old], from.categories[old], from.stores[old]);
        (channels[line], flags[line], products[line], amounts[line]) = (from.channels[old], from.flags[old], from.products[old], from.amounts[old]);
    }

    private void Put(int line, LineCodes codes)
    {
        (days[line], categories[line], stores[line]) = (codes.Day, codes.Category, codes.Store);
        (channels[line], flags[line], products[line]) = (codes.Channel, codes.Flags, codes.Product);
        amounts[line] = (int)codes.Amount;
        if (amounts[line] == codes.Amount)
            return;
        flags[line] |= LineFlags.Wide;
        amounts[line] = wide.Count;
        wide.Add(codes.Amount);
    }

    /// <param name="Before">The place of the row's line before this in the delta; -1 for none.</param>
    private readonly record struct Added(int Row, int Before, LineCodes Line);
}
