using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>What the columns know of one customer at an evaluation: a copy, which later facts do not change.</summary>
/// <param name="Today">The day of evaluation in the brand's zone.</param>
internal sealed record CustomerRow(int Today)
{
    public static readonly IReadOnlyDictionary<string, string> NoAttributes = new Dictionary<string, string>();

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

    /// <summary>As lines, whose store is the type; of the days that are kept, by day.</summary>
    public IReadOnlyList<BoughtLine> Behaviours { get; init; } = [];

    /// <summary>By key; personal.</summary>
    public IReadOnlyDictionary<string, string> Attributes { get; init; } = NoAttributes;

    public LifecycleStage Stage { get; init; }

    /// <summary>Null for who bought nothing, and while there are no cuts.</summary>
    public RfmScores? Rfm { get; init; }

    /// <summary>At the last scan that had a model; null for who had not bought by then.</summary>
    public Predicted? Predicted { get; init; }

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
