namespace Patron.Segmentation;

/// <summary>A filter and a window as codes, kept up with the books: a text that comes first after the filter was made gets its code then.</summary>
internal sealed class LineFilter(PurchaseFilter filter)
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
        line.Day >= from && line.Day <= to
        && (!goods || categories.Has(line.Category) || products.Has(line.Product)) && channels.Passes(line.Channel) && stores.Passes(line.Store);

    /// <summary>Finds which sorted lines pass, a bit each; those past the last of them are clear.</summary>
    /// <param name="found">As many words as there are begun 64 lines; overwritten.</param>
    public void Find(EventColumns events, int line, int count, Span<ulong> found)
    {
        var whole = found[..(count / PartitionColumns.RowsPerWord)];
        whole.Clear();
        ColumnKernels.Between(events.Days.Slice(line, whole.Length * PartitionColumns.RowsPerWord), from, to, whole);
        if (goods && products.IsAsked)
            KeepGoods(events, line, whole);
        else if (goods)
            categories.Keep(events.Categories[line..], whole);
        if (channels.IsAsked)
            channels.Keep(events.Channels[line..], whole);
        if (stores.IsAsked)
            stores.Keep(events.Stores[line..], whole);
        if (whole.Length < found.Length)
            found[^1] = Few(events, line + (whole.Length * PartitionColumns.RowsPerWord), count % PartitionColumns.RowsPerWord);
    }

    private void KeepGoods(EventColumns events, int line, Span<ulong> found)
    {
        for (var word = 0; word < found.Length; word++, line += 64)
        {
            if (found[word] is var asked and not 0)
                found[word] &= categories.Bits(events.Categories.Slice(line, 64), asked) | products.Bits(events.Products.Slice(line, 64), asked);
        }
    }

    private ulong Few(EventColumns events, int line, int count)
    {
        var found = 0UL;
        for (var place = 0; place < count; place++)
            found |= Has(events.At(line + place)) ? 1UL << place : 0;
        return found;
    }
}
