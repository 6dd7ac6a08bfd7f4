namespace Patron.Loyalty;

/// <summary>Which lots give points: those that expire first.</summary>
internal static class PickLots
{
    /// <summary>Takes up to so many points; fewer only where the lots hold fewer.</summary>
    public static List<LotUse> Take(IEnumerable<Lot> lots, long points)
    {
        var uses = new List<LotUse>();
        foreach (var lot in lots)
        {
            if (points == 0)
                break;
            uses.Add(lot.Use(Math.Min(points, lot.Points)));
            points -= uses[^1].Points;
        }

        return uses;
    }

    /// <summary>Takes up to so many of points that were taken before.</summary>
    public static List<LotUse> Part(IEnumerable<LotUse> uses, long points)
    {
        var part = new List<LotUse>();
        foreach (var use in uses)
        {
            if (points == 0)
                break;
            part.Add(use with { Points = Math.Min(points, use.Points) });
            points -= part[^1].Points;
        }

        return part;
    }

    /// <summary>Points that come back too late to be good.</summary>
    public static long ExpiredBy(IEnumerable<LotUse> uses, DateTimeOffset at) => uses.Where(use => use.ExpiresAt <= at).Sum(use => use.Points);

    /// <summary>The earliest expiry of the lots that these uses leave; null when they leave none.</summary>
    public static DateTimeOffset? NextExpiry(Ledger ledger, IReadOnlyList<LotUse> uses)
    {
        foreach (var lot in ledger.Lots)
        {
            if (lot.Points > uses.Where(use => use.Key == lot.Key).Sum(use => use.Points))
                return lot.ExpiresAt;
        }

        return null;
    }
}
