namespace Patron.Loyalty;

/// <summary>Points that count against a cap of a day or a month.</summary>
/// <param name="Rule">Whose cap it is; null for the programme's own.</param>
/// <param name="Period">A day as yyyymmdd, or a month as yyyymm.</param>
/// <param name="Origin">Whose purchases earned them, where that is not the ledger's own customer: an unmerge gives back by it.</param>
internal readonly record struct CapUse(string? Rule, int Period, long Points, Guid? Origin = null)
{
    /// <summary>
    /// How many days and how many months with purchases of one customer are remembered. A purchase that arrives later than that counts
    /// alone against the caps of its day or month.
    /// </summary>
    public const int DaysMax = 40;

    /// <inheritdoc cref="DaysMax"/>
    public const int MonthsMax = 13;

    private const int FirstDay = 10_000_000;

    /// <summary>Adds what was earned to what counts, and forgets the oldest periods beyond those that are remembered.</summary>
    public static IReadOnlyList<CapUse> Add(IReadOnlyList<CapUse> uses, IEnumerable<CapUse> added)
    {
        var sums = new Dictionary<(string? Rule, int Period, Guid? Origin), long>();
        foreach (var use in uses.Concat(added))
            sums[(use.Rule, use.Period, use.Origin)] = sums.GetValueOrDefault((use.Rule, use.Period, use.Origin)) + use.Points;
        var days = Latest(sums.Keys.Select(key => key.Period).Where(period => period >= FirstDay), DaysMax);
        var months = Latest(sums.Keys.Select(key => key.Period).Where(period => period < FirstDay), MonthsMax);
        return
        [
            .. sums.Where(sum => sum.Key.Period >= (sum.Key.Period >= FirstDay ? days : months))
                .Select(sum => new CapUse(sum.Key.Rule, sum.Key.Period, sum.Value, sum.Key.Origin))
                .OrderBy(use => use.Period).ThenBy(use => use.Rule, StringComparer.Ordinal).ThenBy(use => use.Origin),
        ];
    }

    private static int Latest(IEnumerable<int> periods, int count) => periods.Distinct().OrderDescending().Take(count).LastOrDefault();
}

/// <summary>How much room the caps of a purchase's day and month have, and what the purchase takes of it.</summary>
internal sealed class CapRoom(IReadOnlyList<CapUse> used, int day)
{
    private readonly List<CapUse> counted = [];

    public IReadOnlyList<CapUse> Counted => counted;

    public long Of(string? rule, PointCaps caps)
    {
        var room = caps.PerPurchase ?? long.MaxValue;
        if (caps.PerDay is { } perDay)
            room = Math.Min(room, perDay - Used(rule, day));
        if (caps.PerMonth is { } perMonth)
            room = Math.Min(room, perMonth - Used(rule, day / 100));
        return Math.Max(0, room);
    }

    public void Count(string? rule, PointCaps caps, long points)
    {
        if (points == 0)
            return;
        if (caps.PerDay is not null)
            counted.Add(new(rule, day, points));
        if (caps.PerMonth is not null)
            counted.Add(new(rule, day / 100, points));
    }

    private long Used(string? rule, int period) => used.Where(use => use.Rule == rule && use.Period == period).Sum(use => use.Points);
}
