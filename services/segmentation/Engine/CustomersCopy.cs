using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>
/// What figures over all customers need of a partition's columns, copied out so that it is locked for no longer than that takes. About 40
/// bytes a customer. Not thread safe.
/// </summary>
internal sealed class CustomersCopy
{
    private readonly List<Buyer> buyers = [];
    private readonly List<string> tiers = [];
    private readonly List<int> prospects = [];

    private CustomersCopy(int today) => Today = today;

    /// <summary>The latest day that the partition knows of.</summary>
    public int Today { get; }

    /// <summary>Customers with a purchase.</summary>
    public int Buyers => buyers.Count;

    /// <param name="evaluate">As <see cref="SegmentedPartition.Look"/> has it.</param>
    public static CustomersCopy Of(PartitionColumns columns, Func<Clause, ulong[]> evaluate) => Of(columns, RowBits.In(evaluate(new AllOf())));

    public static CustomersCopy Of(PartitionColumns columns, IEnumerable<int> rows)
    {
        var copy = new CustomersCopy(columns.Today);
        foreach (var row in rows)
            copy.Add(columns, row);
        return copy;
    }

    /// <summary>Several partitions together, as of the latest day of any.</summary>
    public static CustomersCopy Of(IReadOnlyList<CustomersCopy> parts)
    {
        var all = new CustomersCopy(parts.Select(part => part.Today).DefaultIfEmpty().Max());
        foreach (var part in parts)
        {
            foreach (var buyer in part.buyers)
                all.buyers.Add(buyer with { Tier = all.TierOf(part.tiers[buyer.Tier]) });
            foreach (var (tier, count) in part.prospects.Index())
                all.prospects[all.TierOf(part.tiers[tier])] += count;
        }

        return all;
    }

    public static void Write(BinaryWriter into, CustomersCopy copy)
    {
        into.Write(copy.Today);
        into.Write(copy.tiers.Count);
        foreach (var (tier, name) in copy.tiers.Index())
        {
            into.Write(name);
            into.Write(copy.prospects[tier]);
        }

        into.Write(copy.buyers.Count);
        foreach (var buyer in copy.buyers)
        {
            into.Write((ushort)buyer.Tier);
            into.Write(buyer.First);
            into.Write(buyer.Previous ?? -1);
            into.Write(buyer.Last);
            into.Write(buyer.Days);
            into.Write(buyer.Purchases);
            into.Write(buyer.Spend);
        }
    }

    public static CustomersCopy Read(BinaryReader from)
    {
        var copy = new CustomersCopy(from.ReadInt32());
        for (var left = from.ReadInt32(); left > 0; left--)
            copy.prospects[copy.TierOf(from.ReadString())] = from.ReadInt32();
        for (var left = from.ReadInt32(); left > 0; left--)
        {
            var (tier, first, previous) = (from.ReadUInt16(), from.ReadInt32(), from.ReadInt32());
            copy.buyers.Add(new(
                tier, first, previous < 0 ? null : previous, from.ReadInt32(), from.ReadInt32(), from.ReadInt64(), from.ReadInt64()));
        }

        return copy;
    }

    public RfmValues Rfm() => new(
        [.. buyers.Select(buyer => (long)buyer.Last)], [.. buyers.Select(buyer => buyer.Purchases)], [.. buyers.Select(buyer => buyer.Spend)]);

    public TierLifecycle Lifecycle(LifecycleWindows windows)
    {
        var matrix = new TierLifecycle();
        foreach (var (tier, count) in prospects.Index().Where(of => of.Item > 0))
            matrix.Add(tiers[tier], LifecycleStage.Prospect, count);
        foreach (var buyer in buyers)
            matrix.Add(tiers[buyer.Tier], windows.StageOf(Today, buyer.First, buyer.Previous, buyer.Last));

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

    private void Add(PartitionColumns columns, int row)
    {
        var tier = TierOf(columns.TierOf(row) ?? TierLifecycle.NoTier);
        if (Day16.DayNumber(columns.Days(DayColumn.FirstPurchase)[row]) is not { } first)
        {
            prospects[tier]++;
            return;
        }

        buyers.Add(new(
            tier, first, Day16.DayNumber(columns.PurchaseDays.Previous[row]), Day16.DayNumber(columns.Days(DayColumn.LastPurchase)[row])!.Value,
            columns.PurchaseDays.Count[row], columns.PurchaseCounts[row], columns.Spend[row]));
    }

    /// <summary>The tier's place, made if need be; there are few.</summary>
    private int TierOf(string name)
    {
        if (tiers.IndexOf(name) is >= 0 and var known)
            return known;
        tiers.Add(name);
        prospects.Add(0);
        return tiers.Count - 1;
    }

    private readonly record struct Buyer(int Tier, int First, int? Previous, int Last, int Days, long Purchases, long Spend);
}
