namespace Patron.Segmentation;

/// <summary>What the columns know of one customer at an evaluation: a copy, which later facts do not change.</summary>
/// <param name="Today">The day of evaluation in the brand's zone.</param>
/// <param name="FirstDay">Of the first purchase; null for a customer who bought nothing.</param>
/// <param name="Tier">The programme's name of the tier; null for none.</param>
/// <param name="Tags">Bits of <see cref="SegmentCatalog.TagBit"/>.</param>
internal sealed record CustomerRow(
    int Today, int? FirstDay, int? LastDay, long Purchases, long Spend, long SpendInTwelveMonths, long Points, string? Tier, ulong Tags)
{
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
