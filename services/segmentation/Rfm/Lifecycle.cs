using System.Text.Json.Serialization;

namespace Patron.Segmentation.Rfm;

/// <summary>Where somebody stands between a first purchase and the last.</summary>
internal enum LifecycleStage
{
    /// <summary>Known, without a purchase.</summary>
    Prospect,

    /// <summary>The first purchase was lately.</summary>
    New,

    /// <summary>The last purchase was lately.</summary>
    Active,

    /// <summary>Silent for longer than usual.</summary>
    AtRisk,

    /// <summary>Silent for long.</summary>
    Dormant,

    /// <summary>Silent for so long that few return.</summary>
    Lost,

    /// <summary>Was dormant or lost, and the purchase that ended it was lately and is the last.</summary>
    WonBack,
}

/// <summary>
/// The windows of lifecycle stages, in days; a day more than a window belongs to the next. Each from 1 up, and the last three ascending.
/// </summary>
/// <param name="New">Since the first purchase.</param>
/// <param name="Active">Since the last purchase; as <paramref name="AtRisk"/> and <paramref name="Dormant"/>.</param>
internal sealed record LifecycleWindows(int New = 30, int Active = 90, int AtRisk = 180, int Dormant = 365)
{
    [JsonIgnore]
    public bool AreAscending => New >= 1 && Active >= 1 && AtRisk > Active && Dormant > AtRisk;

    /// <param name="firstDay">Null for whoever bought nothing.</param>
    /// <param name="previousDay">The last day of purchase before <paramref name="lastDay"/>; null where that was the first.</param>
    public LifecycleStage StageOf(int today, int? firstDay, int? previousDay, int? lastDay)
    {
        if (firstDay is not { } first || lastDay is not { } last)
            return LifecycleStage.Prospect;
        var silent = today - last;
        if (silent > AtRisk)
            return silent > Dormant ? LifecycleStage.Lost : LifecycleStage.Dormant;
        if (silent > Active)
            return LifecycleStage.AtRisk;
        if (last - previousDay > AtRisk)
            return LifecycleStage.WonBack;
        return today - first <= New ? LifecycleStage.New : LifecycleStage.Active;
    }
}

/// <summary>How many customers of each tier are at each stage.</summary>
internal sealed class TierLifecycle
{
    /// <summary>The row of those without a tier.</summary>
    public const string NoTier = "";

    private static readonly int Stages = Enum.GetValues<LifecycleStage>().Length;
    private readonly SortedDictionary<string, int[]> rows = new(StringComparer.Ordinal);

    /// <summary>By tier, in ordinal order; the places of each row are those of <see cref="LifecycleStage"/>.</summary>
    public IReadOnlyDictionary<string, int[]> Rows => rows;

    public void Add(string? tier, LifecycleStage stage, int customers = 1)
    {
        if (!rows.TryGetValue(tier ?? NoTier, out var row))
            rows.Add(tier ?? NoTier, row = new int[Stages]);
        row[(int)stage] += customers;
    }
}
