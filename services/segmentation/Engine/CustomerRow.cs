namespace Patron.Segmentation;

/// <summary>What the columns know of one customer at an evaluation: a copy, which later facts do not change.</summary>
/// <param name="Today">The day of evaluation in the brand's zone.</param>
internal sealed record CustomerRow(int Today)
{
    public Guid Customer { get; init; }

    /// <summary>Of the first purchase; null for a customer who bought nothing.</summary>
    public int? FirstDay { get; init; }

    public int? LastDay { get; init; }

    public long Purchases { get; init; }

    public long Spend { get; init; }

    public long Points { get; init; }

    /// <summary>The programme's name of the tier; null for none.</summary>
    public string? Tier { get; init; }

    /// <summary>Sorted.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];

    /// <summary>The granted ones, as <see cref="PartitionColumns.Consent"/> names them; sorted.</summary>
    public IReadOnlyList<string> Consents { get; init; } = [];

    /// <summary>Of the days that are kept, by day.</summary>
    public IReadOnlyList<BoughtLine> Lines { get; init; } = [];

    public long SpendInTwelveMonths => Lines.Where(line => line.Day >= BrandDays.TwelveMonthsBegin(Today)).Sum(line => line.Minor);

    public int? Day(DayColumn column) => column switch
    {
        DayColumn.FirstPurchase => FirstDay,
        DayColumn.LastPurchase => LastDay,
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };

    public long Number(NumberColumn column) => column switch
    {
        NumberColumn.Purchases => Purchases,
        NumberColumn.Spend => Spend,
        NumberColumn.SpendInTwelveMonths => SpendInTwelveMonths,
        NumberColumn.Points => Points,
        _ => throw new ArgumentOutOfRangeException(nameof(column)),
    };
}
