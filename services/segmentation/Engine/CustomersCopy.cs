using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>
/// What figures over all customers need of the columns, copied out so that partitions are locked for no longer than that takes. About 40
/// bytes a customer. Not thread safe.
/// </summary>
internal sealed class CustomersCopy
{
    private readonly List<(int First, int? Previous, int Last, int Days, long Purchases, long Spend)> buyers = [];
    private readonly List<string?> tierOfBuyer = [];
    private readonly Dictionary<string, int> prospects = new(StringComparer.Ordinal);

    /// <summary>The latest day that any partition knows of.</summary>
    public int Today { get; set; }

    public int Count { get; private set; }

    /// <summary>Customers with a purchase.</summary>
    public int Buyers => buyers.Count;

    public void Add(PartitionColumns columns, int row)
    {
        Count++;
        if (Day16.DayNumber(columns.Days(DayColumn.FirstPurchase)[row]) is not { } first)
        {
            var tier = columns.TierOf(row) ?? TierLifecycle.NoTier;
            prospects[tier] = prospects.GetValueOrDefault(tier) + 1;
            return;
        }

        tierOfBuyer.Add(columns.TierOf(row));
        buyers.Add((
            first, Day16.DayNumber(columns.PurchaseDays.Previous[row]), Day16.DayNumber(columns.Days(DayColumn.LastPurchase)[row])!.Value,
            columns.PurchaseDays.Count[row], columns.PurchaseCounts[row], columns.Spend[row]));
    }

    public RfmValues Rfm() => new(
        [.. buyers.Select(buyer => (long)buyer.Last)], [.. buyers.Select(buyer => buyer.Purchases)], [.. buyers.Select(buyer => buyer.Spend)]);

    public TierLifecycle Lifecycle(LifecycleWindows windows)
    {
        var matrix = new TierLifecycle();
        foreach (var (tier, count) in prospects)
            matrix.Add(tier, LifecycleStage.Prospect, count);
        foreach (var (i, buyer) in buyers.Index())
            matrix.Add(tierOfBuyer[i], windows.StageOf(Today, buyer.First, buyer.Previous, buyer.Last));

        return matrix;
    }

    /// <summary>Repeats are days of purchase after the first one's, as far as there are days: purchases that are told late may count twice.</summary>
    public RepeatPurchases Purchases() => new(
        [.. buyers.Select(buyer => buyer.Last == buyer.First ? 0 : Math.Clamp(buyer.Days - 1, 1, buyer.Last - buyer.First))],
        [.. buyers.Select(buyer => buyer.Last - buyer.First)],
        [.. buyers.Select(buyer => Today - buyer.First)]);

    /// <summary>
    /// What a day of purchase is worth, in minor units: all that was spent, less what went back, by all days. The first purchase counts, since
    /// its amount is not known apart. Whoever sent everything back has 0 days.
    /// </summary>
    public AverageSpend Spend() => new(
        [.. buyers.Select(buyer => buyer.Spend > 0 ? Math.Max(1, buyer.Days) : 0)],
        [.. buyers.Select(buyer => buyer.Spend > 0 ? (double)buyer.Spend / Math.Max(1, buyer.Days) : 0)]);
}
