namespace Patron.Segmentation;

/// <summary>The topics whose facts move columns; each counts its own positions.</summary>
internal enum Source
{
    Profile,
    Loyalty,
    Tagging,
}

/// <summary>
/// What segments need of the customers of one partition: an array per column, a customer's values at the same index of each. Not thread
/// safe: callers lock it.
/// <para>
/// A fact changes its customer's values once, by the position of the last one applied per customer and topic; per customer, because a
/// parked customer's facts come long after later ones of others. The columns keep to one moment, <see cref="AsOf"/>, which never goes
/// back.
/// </para>
/// </summary>
internal sealed class PartitionColumns
{
    /// <summary>Of a customer without any purchase; below every possible day.</summary>
    public const int NoDay = int.MinValue;

    // Whole words of bitmaps, and whole vectors: scans need no loop for a remainder.
    private const int RowsPerWord = 64;
    private const int NoTier = 0;

    private readonly SegmentCatalog catalog;
    private readonly BrandDays days;
    private readonly SpendWindow window = new();
    private readonly PurchaseDays purchaseDays = new();
    private readonly Dictionary<Guid, int> rows = [];
    private readonly HashSet<int> erased = [];
    private readonly Dictionary<string, int> tierCodes = [];
    private readonly List<string?> tierNames = [null];
    private readonly long[][] positions = [[], [], []];
    private Guid[] customers = [];
    private int[] firstDay = [];
    private int[] lastDay = [];
    private int[] tier = [];
    private long[] purchases = [];
    private long[] spend = [];
    private long[] spendInWindow = [];
    private long[] points = [];
    private ulong[] tags = [];

    public PartitionColumns(SegmentCatalog catalog, BrandDays days) => (this.catalog, this.days) = (catalog, days);

    public int Count { get; private set; }

    /// <summary>Words of a bitmap with a bit per customer.</summary>
    public int Words => customers.Length / RowsPerWord;

    /// <summary>The latest moment that any fact or scan told of.</summary>
    public DateTimeOffset AsOf { get; private set; } = DateTimeOffset.MinValue;

    /// <summary>The day of <see cref="AsOf"/> in the brand's zone.</summary>
    public int Today { get; private set; }

    public ReadOnlySpan<int> Tiers => tier;

    public ReadOnlySpan<ulong> Tags => tags;

    public ReadOnlySpan<int> Days(DayColumn column) => column == DayColumn.FirstPurchase ? firstDay : lastDay;

    public ReadOnlySpan<long> Numbers(NumberColumn column) => column switch
    {
        NumberColumn.Purchases => purchases,
        NumberColumn.Spend => spend,
        NumberColumn.SpendInTwelveMonths => spendInWindow,
        NumberColumn.Points => points,
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };

    /// <summary>On how many days they bought.</summary>
    public PurchaseDays PurchaseDays => purchaseDays;

    public string? TierOf(int row) => tierNames[tier[row]];

    /// <summary>The code of a tier, or null for one that no customer of the partition ever had.</summary>
    public int? TierCode(string name) => tierCodes.TryGetValue(name, out var code) ? code : null;

    public Guid CustomerAt(int row) => customers[row];

    public int? Find(Guid customer) => rows.TryGetValue(customer, out var row) ? row : null;

    /// <summary>The customer's row, made if need be.</summary>
    public int RowOf(Guid customer)
    {
        if (rows.TryGetValue(customer, out var row))
            return row;
        if (Count == customers.Length)
            Grow();
        row = Count++;
        rows.Add(customer, row);
        customers[row] = customer;
        firstDay[row] = lastDay[row] = NoDay;
        purchaseDays.Forget(row);
        return row;
    }

    /// <summary>Forgets a customer's values for good; the row stays, since others' places do not move.</summary>
    public void Erase(int row)
    {
        erased.Add(row);
        firstDay[row] = lastDay[row] = NoDay;
        (tier[row], purchases[row], spend[row], points[row], tags[row]) = (NoTier, 0, 0, 0, 0);
        purchaseDays.Forget(row);
        window.Forget(row, spendInWindow);
    }

    public bool IsErased(int row) => erased.Contains(row);

    /// <summary>Takes the erased customers out of a bitmap.</summary>
    public void DropErased(ulong[] bits)
    {
        foreach (var row in erased)
            bits[row / RowsPerWord] &= ~(1UL << (row % RowsPerWord));
    }

    /// <summary>Goes on to a later moment: spend that is older than twelve months no longer counts. An earlier one changes nothing.</summary>
    public void AdvanceTo(DateTimeOffset moment)
    {
        if (moment <= AsOf)
            return;
        AsOf = moment;
        Today = days.DayOf(moment);
        window.Begin(BrandDays.TwelveMonthsBegin(Today), spendInWindow);
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

    /// <param name="occurredAt">By the touchpoint's clock. One that runs ahead of <paramref name="recordedAt"/> counts as that day.</param>
    public void AddPurchase(int row, DateTimeOffset occurredAt, DateTimeOffset recordedAt)
    {
        var day = Day(occurredAt, recordedAt);
        purchases[row]++;
        purchaseDays.Add(row, day, firstDay[row], lastDay[row]);
        firstDay[row] = firstDay[row] == NoDay ? day : Math.Min(firstDay[row], day);
        lastDay[row] = Math.Max(lastDay[row], day);
    }

    /// <param name="amount">Minor units; negative for what went back.</param>
    /// <inheritdoc cref="AddPurchase"/>
    public void AddSpend(int row, long amount, DateTimeOffset occurredAt, DateTimeOffset recordedAt)
    {
        spend[row] += amount;
        window.Add(Day(occurredAt, recordedAt), row, amount, spendInWindow);
    }

    /// <summary>What is known of a customer's purchases.</summary>
    public Purchases PurchasesOf(int row) => new(purchases[row], spend[row], Known(firstDay[row]), Known(lastDay[row]), window.Of(row));

    /// <summary>Puts something else in the place of what is known of a customer's purchases.</summary>
    public void Replace(int row, Purchases known)
    {
        (purchases[row], spend[row]) = (known.Count, known.Spend);
        (firstDay[row], lastDay[row]) = (known.FirstDay ?? NoDay, known.LastDay ?? NoDay);
        purchaseDays.Replace(row, known);
        window.Forget(row, spendInWindow);
        foreach (var (day, amount) in known.Window)
            window.Add(Math.Min(day, Today), row, amount, spendInWindow);
    }

    public void SetPoints(int row, long balance) => points[row] = balance;

    public void SetTier(int row, string name)
    {
        if (!tierCodes.TryGetValue(name, out var code))
        {
            tierCodes.Add(name, code = tierNames.Count);
            tierNames.Add(name);
        }

        tier[row] = name.Length == 0 ? NoTier : code;
    }

    public void AddTag(int row, string tag) => tags[row] |= catalog.TagBit(tag);

    public void RemoveTag(int row, string tag) => tags[row] &= ~catalog.TagBit(tag);

    /// <summary>A copy of one customer's values.</summary>
    public CustomerRow Read(int row) => new(
        Today, Known(firstDay[row]), Known(lastDay[row]), purchases[row], spend[row], spendInWindow[row], points[row],
        tier[row] == NoTier ? null : tierNames[tier[row]], tags[row]);

    /// <summary>A customer of whom nothing is known yet.</summary>
    public CustomerRow Unknown => new(Today, null, null, 0, 0, 0, 0, null, 0);

    private static int? Known(int day) => day == NoDay ? null : day;

    private int Day(DateTimeOffset occurredAt, DateTimeOffset recordedAt) => days.DayOf(occurredAt < recordedAt ? occurredAt : recordedAt);

    private void Grow()
    {
        var size = Math.Max(RowsPerWord, customers.Length * 2);
        Array.Resize(ref customers, size);
        Array.Resize(ref firstDay, size);
        Array.Resize(ref lastDay, size);
        Array.Resize(ref tier, size);
        Array.Resize(ref purchases, size);
        Array.Resize(ref spend, size);
        Array.Resize(ref spendInWindow, size);
        Array.Resize(ref points, size);
        purchaseDays.Grow(size);
        Array.Resize(ref tags, size);
        for (var source = 0; source < positions.Length; source++)
            Array.Resize(ref positions[source], size);
    }
}
