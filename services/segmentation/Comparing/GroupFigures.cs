namespace Patron.Segmentation;

/// <summary>Groups of customers to be told in figures; one customer may be in several.</summary>
internal sealed record GroupQuestion(IReadOnlyList<Clause> Groups);

/// <summary>What one partition, or several together, know of each group.</summary>
internal sealed record GroupFigures(IReadOnlyList<GroupFigure> Groups)
{
    /// <param name="evaluate">As <see cref="SegmentedPartition.Look"/> has it.</param>
    public static GroupFigures Of(GroupQuestion question, PartitionColumns columns, Func<Clause, ulong[]> evaluate) =>
        new([.. question.Groups.Select(group => GroupFigure.Of(evaluate(group), columns))]);
}

/// <param name="Buyers">Customers with a purchase.</param>
/// <param name="Purchases">Receipts of all, ever.</param>
/// <param name="SpendMinor">Of all, ever.</param>
/// <param name="DaysSinceLast">The days since each buyer's last purchase, added up.</param>
/// <param name="Tiers">Customers by tier; whoever has none is not among them.</param>
/// <param name="Tags">Customers who hold each tag.</param>
internal sealed record GroupFigure(
    long Customers, long Buyers, long Purchases, long SpendMinor, long DaysSinceLast, IReadOnlyDictionary<string, long> Tiers,
    IReadOnlyDictionary<string, long> Tags)
{
    public static GroupFigure Of(ulong[] members, PartitionColumns columns)
    {
        var (customers, buyers, purchases, spend, days) = (0L, 0L, 0L, 0L, 0L);
        var byTier = new long[byte.MaxValue + 1];
        foreach (var row in RowBits.In(members))
        {
            customers++;
            byTier[columns.Tiers[row]]++;
            purchases += columns.PurchaseCounts[row];
            spend += columns.Spend[row];
            if (Day16.DayNumber(columns.Days(DayColumn.LastPurchase)[row]) is not { } last)
                continue;
            buyers++;
            days += columns.Today - last;
        }

        return new(
            customers, buyers, purchases, spend, days,
            byTier.Index().Skip(1).Where(tier => tier.Item > 0).ToDictionary(tier => columns.Books.Tiers.NameOf(tier.Index), tier => tier.Item),
            columns.AllTagged.Select(tag => (tag.Key, Holders: Common(tag.Value, members))).Where(tag => tag.Holders > 0)
                .ToDictionary(tag => tag.Key, tag => tag.Holders));
    }

    public static GroupFigure Sum(IEnumerable<GroupFigure> parts) => parts.Aggregate(
        new GroupFigure(0, 0, 0, 0, 0, new Dictionary<string, long>(), new Dictionary<string, long>()),
        (sum, more) => new(
            sum.Customers + more.Customers, sum.Buyers + more.Buyers, sum.Purchases + more.Purchases, sum.SpendMinor + more.SpendMinor,
            sum.DaysSinceLast + more.DaysSinceLast, Sum(sum.Tiers, more.Tiers), Sum(sum.Tags, more.Tags)));

    private static Dictionary<string, long> Sum(IReadOnlyDictionary<string, long> sum, IReadOnlyDictionary<string, long> more) =>
        sum.Concat(more).GroupBy(of => of.Key, StringComparer.Ordinal).ToDictionary(same => same.Key, same => same.Sum(of => of.Value));

    private static long Common(ulong[] tagged, ulong[] members)
    {
        var common = 0L;
        for (var word = 0; word < Math.Min(tagged.Length, members.Length); word++)
            common += (long)ulong.PopCount(tagged[word] & members[word]);
        return common;
    }
}
