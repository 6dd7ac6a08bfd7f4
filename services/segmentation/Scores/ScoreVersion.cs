using System.Text.Json.Serialization;
using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>
/// Cuts, names of cells and models that hold for all instances until the next version: quintiles of every day would move customers who did nothing.
/// </summary>
/// <param name="Version">From 1 on without gaps.</param>
/// <param name="AsOf">The day that it was made from.</param>
/// <param name="RecencyDays">At most so many days since the last purchase make the scores 5, 4, 3 and 2; -1 leaves a score to nobody.</param>
/// <param name="Purchases">At least so many make 2, 3, 4 and 5; as <paramref name="SpendMinor"/>.</param>
/// <param name="CellTable">The revision of the table of names, and its rows.</param>
/// <param name="PurchaseModel">Null where there is none: <paramref name="Refusal"/> says why.</param>
internal sealed record ScoreVersion(
    long Version, DateOnly AsOf, int Customers, Cuts RecencyDays, Cuts Purchases, Cuts SpendMinor, int CellTable, IReadOnlyList<string> CellRows,
    PurchaseModel? PurchaseModel, ValueModel? ValueModel, string? Refusal)
{
    [JsonIgnore]
    public RfmCells Cells => field ??= RfmCells.Read(CellRows).Cells!;

    [JsonIgnore]
    public BgNbd? Purchasing => PurchaseModel is { } of ? new BgNbd(of.R, of.Alpha, of.A, of.B) : null;

    // Without a model of values, nobody's purchases are worth anything.
    [JsonIgnore]
    public GammaGamma Worth => ValueModel is { } of ? new GammaGamma(of.P, of.Q, of.Gamma) : new GammaGamma(1, 2, 0);

    public static ScoreVersion Of(long version, DateOnly asOf, RfmValues values, CellTable cells, ValueAnswer value)
    {
        var quintiles = RfmCuts.Quintiles(values);
        int Ago(long day) => day == long.MaxValue ? -1 : (int)(asOf.DayNumber - day);
        var recency = quintiles.Recency;
        return new(
            version, asOf, values.Count, new Cuts(Ago(recency.Five), Ago(recency.Four), Ago(recency.Three), Ago(recency.Two)), quintiles.Frequency,
            quintiles.Monetary, cells.Revision, cells.Rows, value.PurchaseModel, value.ValueModel, value.Refusal);
    }
}

/// <summary>How customers of this deployment are scored, and the version in force. Shared by the partitions of an instance.</summary>
internal sealed class Scoring(LifecycleWindows windows, Horizon horizon)
{
    private volatile ScoreVersion? inForce;

    public static Scoring Standard => new(new LifecycleWindows(), new Horizon());

    public LifecycleWindows Windows => windows;

    public Horizon Horizon => horizon;

    /// <summary>Null until there are customers enough to make one from.</summary>
    public ScoreVersion? InForce
    {
        get => inForce;
        set => inForce = value;
    }

    /// <summary>Null for who bought nothing, and while there are no cuts.</summary>
    public RfmScores? Rfm(int today, int? lastDay, long purchases, long spend)
    {
        if (inForce is not { } version || lastDay is not { } last)
            return null;
        var cuts = RfmCuts.Fixed(today, version.RecencyDays, version.Purchases, version.SpendMinor);
        var (recency, frequency, monetary) = (cuts.Recency.ScoreOf(last), cuts.Frequency.ScoreOf(purchases), cuts.Monetary.ScoreOf(spend));
        return new(recency, frequency, monetary, version.Cells.Names[version.Cells.NameOf(RfmCells.CombinationOf(recency, frequency, monetary))]);
    }
}
