namespace Patron.Loyalty;

/// <summary>A tier: what reaches it within the window, what its members' points are multiplied by, and what else they have.</summary>
/// <param name="FromMinor">Qualifying spend in minor units of the tiers' currency; null where spend does not count.</param>
internal sealed record TierRule(string Name, long? FromMinor, int MultiplierPercent)
{
    /// <summary>Points earned and not taken back; null where they do not count.</summary>
    public long? FromPoints { get; init; }

    /// <summary>Purchases of goods; null where they do not count.</summary>
    public long? FromVisits { get; init; }

    /// <summary>What its members are given on a birthday; null for what the programme gives.</summary>
    public long? BirthdayPoints { get; init; }

    /// <summary>What people call it, by language.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Codes of the document's benefits.</summary>
    public IReadOnlyList<string> Benefits { get; init; } = [];

    /// <summary>What the tier asks for, in the order spend, points, visits; empty for the lowest.</summary>
    public IEnumerable<(TierMeasure Measure, long From)> Thresholds
    {
        get
        {
            if (FromMinor is { } spend)
                yield return (TierMeasure.Spend, spend);
            if (FromPoints is { } points)
                yield return (TierMeasure.Points, points);
            if (FromVisits is { } visits)
                yield return (TierMeasure.Visits, visits);
        }
    }

    public bool IsReachedBy(TierStanding standing, TierScheme scheme) => scheme == TierScheme.Any
        ? Thresholds.Any(threshold => standing.Of(threshold.Measure) >= threshold.From)
        : Thresholds.All(threshold => standing.Of(threshold.Measure) >= threshold.From);
}

/// <summary>What a member has done within the window of the tiers.</summary>
internal readonly record struct TierStanding(long SpendMinor, long Points, long Visits)
{
    public long Of(TierMeasure measure) => measure switch
    {
        TierMeasure.Spend => SpendMinor,
        TierMeasure.Points => Points,
        _ => Visits,
    };
}

internal enum TierMeasure
{
    Spend,
    Points,
    Visits,
}

/// <summary>How the measures of a tier come together where it has several.</summary>
internal enum TierScheme
{
    /// <summary>One of them is enough.</summary>
    Any,

    /// <summary>All of them are needed.</summary>
    All,
}

/// <summary>Something that members of a tier have, by its code and by what it is called in each language.</summary>
internal sealed record Benefit(string Code, IReadOnlyDictionary<string, string> Names);

/// <summary>Measures as events and answers name them.</summary>
internal static class TierMeasures
{
    public static string NameOf(TierMeasure measure) => measure switch
    {
        TierMeasure.Spend => "spend",
        TierMeasure.Points => "points",
        _ => "visits",
    };

    public static TierMeasure Of(string name) => name switch
    {
        "spend" => TierMeasure.Spend,
        "points" => TierMeasure.Points,
        _ => TierMeasure.Visits,
    };
}
