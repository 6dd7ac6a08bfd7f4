using Patron.Runtime.Hosting;
using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>The section <c>CustomerValue</c>: names of RFM cells, windows of lifecycle stages, discounting.</summary>
internal sealed class ValueSettings : ISettings
{
    /// <summary>
    /// Rows of the table of RFM cells until one is put, as <see cref="RfmCells"/> reads them; the standard names where there are none.
    /// </summary>
    public string[] Cells { get; set; } = [];

    /// <summary>Days, as <see cref="LifecycleWindows"/> explains them; as the next three.</summary>
    public int NewDays { get; set; } = 30;

    public int ActiveDays { get; set; } = 90;

    public int AtRiskDays { get; set; } = 180;

    public int DormantDays { get; set; } = 365;

    /// <summary>By how many percent money loses worth in a year of waiting; 0 to 100.</summary>
    public int DiscountPercent { get; set; } = 10;

    /// <summary>How many days a version of RFM cuts and models is in force; 1 to 366.</summary>
    public int ScoresForDays { get; set; } = 28;

    /// <summary>How often an instance looks for a new version, in system time.</summary>
    public TimeSpan LookEvery { get; set; } = TimeSpan.FromSeconds(10);

    public Scoring Scoring => new(Windows, Horizon);

    public LifecycleWindows Windows => new(NewDays, ActiveDays, AtRiskDays, DormantDays);

    public Horizon Horizon => new(Months: 12, DiscountPercent / 100.0);

    public IReadOnlyList<string> CellRows => Cells.Length == 0 ? RfmCells.Standard : Cells;

    public IEnumerable<SettingFault> Check()
    {
        foreach (var fault in RfmCells.Read(CellRows).Faults)
            yield return new SettingFault(nameof(Cells), $"it must name every combination of scores once: {fault}");
        if (!Windows.AreAscending)
            yield return new SettingFault(nameof(ActiveDays), "it must be 1 or more, AtRiskDays more than that, DormantDays more again; NewDays 1 or more");
        if (ScoresForDays is < 1 or > 366)
            yield return new SettingFault(nameof(ScoresForDays), "it must be from 1 to 366");
        if (LookEvery <= TimeSpan.Zero)
            yield return new SettingFault(nameof(LookEvery), "it must be longer than zero");
        if (DiscountPercent is < 0 or > 100)
            yield return new SettingFault(nameof(DiscountPercent), "it must be from 0 to 100");
    }
}
