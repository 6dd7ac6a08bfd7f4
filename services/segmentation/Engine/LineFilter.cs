namespace Patron.Segmentation;

/// <summary>Which lines a measure looks at.</summary>
internal enum LineKinds
{
    All,
    Sold,
    Returned,
}

/// <summary>A filter and a window as codes, kept up with the books: a text that comes first after the filter was made gets its code then.</summary>
internal sealed class LineFilter(PurchaseFilter filter, LineKinds kinds)
{
    private readonly CodeSet products = new(filter.Products);
    private readonly CodeSet categories = new(filter.Categories);
    private readonly CodeSet channels = new(filter.Channels);
    private readonly CodeSet stores = new(filter.Stores);
    private readonly bool goods = filter.Products.Count + filter.Categories.Count > 0;
    private ushort from;
    private ushort to;

    /// <summary>Brings codes and days up to date; false when no line can pass.</summary>
    public bool Ready(CodeBooks books, (long? From, long? To) days)
    {
        if (Day16.Range(days) is not { } range)
            return false;
        (from, to) = range;
        products.Follow(books.Products, (name, wanted) => name == wanted);
        categories.Follow(books.Categories, PurchaseFilter.IsIn);
        channels.Follow(books.Channels, (name, wanted) => name == wanted);
        stores.Follow(books.Stores, (name, wanted) => name == wanted);
        return (!goods || products.Any || categories.Any) && (!channels.IsAsked || channels.Any) && (!stores.IsAsked || stores.Any);
    }

    public bool Has(LineCodes line) =>
        line.Day >= from && line.Day <= to && IsOfKind(line.Flags, line.Amount)
        && (!goods || categories.Has(line.Category) || products.Has(line.Product)) && channels.Passes(line.Channel) && stores.Passes(line.Store);

    /// <summary>The bits of up to 64 sorted lines.</summary>
    public ulong Bits(EventColumns events, int line, int count)
    {
        if (count < PartitionColumns.RowsPerWord)
            return Few(events, line, count);
        var days = events.Days.Slice(line, 64);
        var found = ColumnKernels.Between(days, System.Runtime.Intrinsics.Vector512.Create(from), Span(to - from));
        if (found != 0 && goods)
            found &= categories.Bits(events.Categories.Slice(line, 64), found) | products.Bits(events.Products.Slice(line, 64), found);
        if (found != 0 && channels.IsAsked)
            found &= channels.Bits(events.Channels.Slice(line, 64), found);
        if (found != 0 && stores.IsAsked)
            found &= stores.Bits(events.Stores.Slice(line, 64), found);
        return found == 0 || kinds == LineKinds.All ? found : OfKind(events, line, found);
    }

    private static System.Runtime.Intrinsics.Vector512<ushort> Span(int days) => System.Runtime.Intrinsics.Vector512.Create((ushort)days);

    private bool IsOfKind(LineFlags flags, long amount) => kinds switch
    {
        LineKinds.All => true,
        LineKinds.Sold => (flags & LineFlags.Sold) != 0,
        _ => (flags & LineFlags.Sold) == 0 && amount < 0,
    };

    private ulong OfKind(EventColumns events, int line, ulong found)
    {
        for (var left = found; left != 0; left &= left - 1)
        {
            var place = System.Numerics.BitOperations.TrailingZeroCount(left);
            if (!IsOfKind(events.Flags[line + place], kinds == LineKinds.Returned ? events.AmountAt(line + place) : 0))
                found &= ~(1UL << place);
        }

        return found;
    }

    private ulong Few(EventColumns events, int line, int count)
    {
        var found = 0UL;
        for (var place = 0; place < count; place++)
            found |= Has(events.At(line + place)) ? 1UL << place : 0;
        return found;
    }
}
