using Patron.Segmentation.Snapshots;

namespace Patron.Segmentation;

/// <summary>The topics whose facts move columns; each counts its own positions.</summary>
internal enum Source
{
    Profile,
    Loyalty,
    Tagging,
}

/// <summary>
/// What segments need of the customers of one partition: an array per column, a customer's values at the same index of each, and the
/// lines of their purchases. Not thread safe: callers lock it.
/// <para>
/// A fact changes its customer's values once, by the position of the last one applied per customer and topic; per customer, because a
/// parked customer's facts come long after later ones of others. The columns keep to one moment, <see cref="AsOf"/>, which never goes
/// back.
/// </para>
/// </summary>
internal sealed partial class PartitionColumns(CodeBooks books, BrandDays days)
{
    // Whole words of bitmaps, and whole vectors: scans need no loop for a remainder.
    public const int RowsPerWord = 64;
    private const int NoTier = 0;

    private readonly RowIndex index = new();
    private readonly HashSet<int> erased = [];
    private readonly Dictionary<string, ulong[]> tags = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ulong[]> consents = new(StringComparer.Ordinal);
    private readonly long[][] positions = [[], [], []];
    private readonly List<LineCodes> lines = [];
    private Guid[] customers = [];
    private ushort[] firstDay = [];
    private ushort[] lastDay = [];
    private byte[] tier = [];
    private int[] purchases = [];
    private long[] spend = [];
    private long[] points = [];

    /// <summary>On how many days they bought.</summary>
    public PurchaseDays PurchaseDays { get; } = new();

    public CodeBooks Books => books;

    public AttributeColumns Attributes { get; } = new(books);

    public Predictions Predictions { get; } = new();

    public EventColumns Events { get; } = new();

    /// <summary>Behaviours as lines; see <see cref="BehavioursBetween.AsPurchases"/>.</summary>
    public EventColumns Behaviours { get; } = new();

    public int Count { get; private set; }

    /// <summary>Words of a bitmap with a bit per customer.</summary>
    public int Words => customers.Length / RowsPerWord;

    /// <summary>The latest moment that any fact or scan told of.</summary>
    public DateTimeOffset AsOf { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>The day of <see cref="AsOf"/> in the brand's zone.</summary>
    public int Today { get; private set; }

    public ReadOnlySpan<byte> Tiers => tier;

    public ReadOnlySpan<int> PurchaseCounts => purchases;

    public ReadOnlySpan<long> Spend => spend;

    public ReadOnlySpan<long> Points => points;

    /// <summary>The customers with the tag, at most a word per <see cref="RowsPerWord"/> of them; empty when nobody ever had it.</summary>
    public ReadOnlySpan<ulong> Tagged(string tag) => tags.GetValueOrDefault(tag);

    /// <summary>Every tag that anybody ever had, with its customers as <see cref="Tagged"/> has them.</summary>
    public IEnumerable<KeyValuePair<string, ulong[]>> AllTagged => tags;

    /// <inheritdoc cref="Tagged"/>
    public ReadOnlySpan<ulong> Consenting(string channel, string purpose) => consents.GetValueOrDefault(Consent(channel, purpose));

    public ReadOnlySpan<ushort> Days(DayColumn column) => column == DayColumn.FirstPurchase ? firstDay : lastDay;

    /// <summary>The customer's tier; null for none.</summary>
    public string? TierOf(int row) => tier[row] == NoTier ? null : books.Tiers.NameOf(tier[row]);

    public Guid CustomerAt(int row) => customers[row];

    public int? Find(Guid customer) => index.Find(customer, customers) is var row and >= 0 ? row : null;

    /// <summary>The customer's row, made if need be.</summary>
    public int RowOf(Guid customer)
    {
        if (Find(customer) is { } known)
            return known;
        if (Count == customers.Length)
            Grow();
        var row = Count++;
        customers[row] = customer;
        index.Add(row, customers);
        return row;
    }

    /// <summary>Forgets a customer's values for good; the row stays, since others' places do not move.</summary>
    public void Erase(int row)
    {
        erased.Add(row);
        Replace(row, Purchases.None);
        (tier[row], points[row]) = (NoTier, 0);
        Attributes.Replace(row, CustomerRow.NoAttributes);
        Behaviours.Drop(row);
        Predictions.Drop(row);
        foreach (var bits in tags.Values.Concat(consents.Values))
            RowBits.Set(bits, row, false);
    }

    public bool IsErased(int row) => erased.Contains(row);

    /// <summary>Takes the erased customers out of a bitmap.</summary>
    public void DropErased(ulong[] bits)
    {
        foreach (var row in erased)
            RowBits.Set(bits, row, false);
    }

    /// <summary>Goes on to a later moment. An earlier one changes nothing.</summary>
    public void AdvanceTo(DateTimeOffset moment)
    {
        if (moment <= AsOf)
            return;
        AsOf = moment;
        Today = days.DayOf(moment);
    }

    /// <summary>True once per fact of a customer, in the order of positions; what follows then applies it.</summary>
    public bool IsNew(int row, Source source, long position)
    {
        ref var last = ref positions[(int)source][row];
        if (position <= last)
            return false;
        last = position;
        return true;
    }

    /// <summary>Adds what was bought to what is known.</summary>
    public void Add(int row, Purchases bought)
    {
        if (bought.LastDay is not null)
            PurchaseDays.Add(row, Day16.Of(bought.LastDay), firstDay[row], lastDay[row]);
        purchases[row] += (int)bought.Count;
        spend[row] += bought.Spend;
        if (bought.FirstDay is not null && (firstDay[row] == Day16.None || Day16.Of(bought.FirstDay) < firstDay[row]))
            firstDay[row] = Day16.Of(bought.FirstDay);
        lastDay[row] = Math.Max(lastDay[row], Day16.Of(bought.LastDay));
        foreach (var line in bought.Bought.Where(line => line.Day >= PurchaseWindow.KeptFrom(Today)))
            Events.Add(row, Coded(line, books));
        Events.MergeIfGrown(Count, Day16.Of((long)PurchaseWindow.KeptFrom(Today)));
    }

    /// <summary>Adds a behaviour, a line for each of its products.</summary>
    public void AddBehaviour(int row, IEnumerable<BoughtLine> behaviour)
    {
        foreach (var line in behaviour.Where(line => line.Day >= PurchaseWindow.KeptFrom(Today, BehavioursBetween.DaysMax)))
            Behaviours.Add(row, Coded(line, books.Behaviours));
        Behaviours.MergeIfGrown(Count, Day16.Of((long)PurchaseWindow.KeptFrom(Today, BehavioursBetween.DaysMax)));
    }

    /// <summary>Puts something else in the place of what is known of a customer's purchases.</summary>
    public void Replace(int row, Purchases known)
    {
        (purchases[row], spend[row], firstDay[row], lastDay[row]) = (0, 0, Day16.None, Day16.None);
        Events.Drop(row);
        Add(row, known);
        PurchaseDays.Replace(row, known);
    }

    /// <summary>What is known of a customer's purchases.</summary>
    public Purchases PurchasesOf(int row) =>
        new(purchases[row], spend[row], Day16.DayNumber(firstDay[row]), Day16.DayNumber(lastDay[row]), [], LinesOf(row, Events, books, PurchaseWindow.DaysMax));

    public void SetPoints(int row, long balance) => points[row] = balance;

    public void SetTier(int row, string name) => tier[row] = (byte)books.Tiers.CodeOf(name);

    public void SetTag(int row, string tag, bool has) => Set(tags, tag, row, has);

    public void SetConsent(int row, string channel, string purpose, bool granted) => Set(consents, Consent(channel, purpose), row, granted);

    /// <summary>Bytes of all columns and of the index, without the lines of purchases; see <see cref="EventColumns.Bytes"/>.</summary>
    public long Bytes
    {
        get
        {
            const int columns = 16 + (3 * 8) + 2 + 2 + 1 + 4 + 8 + 8 + PurchaseDays.BytesEach;
            return ((long)columns * customers.Length) + index.Bytes + Attributes.Bytes + Predictions.Bytes
                + (8L * tags.Values.Concat(consents.Values).Sum(bits => (long)bits.Length));
        }
    }

    /// <summary>
    /// Every column, to be written to a snapshot or read from one: one that is not named here is lost with the process. Attributes are, since they are
    /// opened in memory only, and predictions, which the next scan makes.
    /// </summary>
    public void Keep(SnapshotFields fields)
    {
        if (!fields.Reads)
        {
            Events.Merge(Count, Day16.Of((long)PurchaseWindow.KeptFrom(Today)));
            Behaviours.Merge(Count, Day16.Of((long)PurchaseWindow.KeptFrom(Today, BehavioursBetween.DaysMax)));
        }

        var (count, asOf) = ((long)Count, AsOf.UtcTicks);
        fields.Number("count", ref count);
        fields.Number("as of", ref asOf);
        fields.Array("customers", ref customers);
        fields.Array("first day", ref firstDay);
        fields.Array("last day", ref lastDay);
        fields.Codes("tiers", ref tier, books.Tiers);
        fields.Array("purchases", ref purchases);
        fields.Array("spend", ref spend);
        fields.Array("points", ref points);
        fields.Bitmaps("tags", tags);
        fields.Bitmaps("consents", consents);
        fields.All("erased", erased);
        foreach (var source in Enum.GetValues<Source>())
            fields.Array($"positions of {source}", ref positions[(int)source]);
        PurchaseDays.Keep(fields);
        Events.Keep(fields, books);
        Behaviours.Keep(fields, books.Behaviours);
        if (!fields.Reads)
            return;
        Count = (int)count;
        AdvanceTo(new DateTimeOffset(asOf, TimeSpan.Zero));
        index.Restore(Count, customers);
    }

    public static string Consent(string channel, string purpose) => $"{channel}/{purpose}";

    private static void Set(Dictionary<string, ulong[]> bitmaps, string name, int row, bool has)
    {
        if (!bitmaps.TryGetValue(name, out var bits))
        {
            if (!has)
                return;
            bits = [];
        }

        RowBits.Grow(ref bits, row);
        bitmaps[name] = bits;
        RowBits.Set(bits, row, has);
    }

    private LineCodes Coded(BoughtLine line, CodeBooks by) => new(
        Day16.Of((long)Math.Min(line.Day, Today)), (ushort)by.Categories.CodeOf(line.Category), (ushort)by.Stores.CodeOf(line.Store),
        (byte)by.Channels.CodeOf(line.Channel), (line.Sold ? LineFlags.Sold : 0) | (line.Begins ? LineFlags.Begins : 0),
        by.Products.CodeOf(line.Product), line.Minor);

    // A quarter at a time: twice the size would leave half of the memory unused on average.
    private void Grow()
    {
        var size = Math.Max(RowsPerWord, (customers.Length + (customers.Length / 4)) / RowsPerWord * RowsPerWord);
        size = size == customers.Length ? size + RowsPerWord : size;
        Array.Resize(ref customers, size);
        Array.Resize(ref firstDay, size);
        Array.Resize(ref lastDay, size);
        Array.Resize(ref tier, size);
        Array.Resize(ref purchases, size);
        Array.Resize(ref spend, size);
        Array.Resize(ref points, size);
        PurchaseDays.Grow(size);
        for (var source = 0; source < positions.Length; source++)
            Array.Resize(ref positions[source], size);
    }
}
