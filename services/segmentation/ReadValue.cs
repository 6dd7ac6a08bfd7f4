using System.Text.Json.Serialization;
using Patron.Runtime.Processing;
using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>Of how many partitions an answer tells. Fewer than all are those whose owner did not answer, or that have none at the moment.</summary>
internal sealed record Covered(int Partitions, int OfPartitions)
{
    [JsonIgnore]
    public bool IsWhole => Partitions == OfPartitions;
}

/// <summary>Customers by recency, frequency and money.</summary>
/// <param name="AsOf">Recency is counted from this day.</param>
/// <param name="Customers">With a purchase; others have no scores.</param>
/// <param name="Rule"><c>quintiles</c> or <c>fixed</c>.</param>
/// <param name="Names">In the order of the table; the sizes add up to <paramref name="Customers"/>.</param>
/// <param name="Grid">Combinations of scores that somebody has.</param>
internal sealed record RfmAnswer(
    DateOnly AsOf, Covered Covered, int Customers, string Rule, RfmBounds Bounds, IReadOnlyList<NamedSize> Names, IReadOnlyList<GridCell> Grid);

/// <summary>
/// The bounds of scores; null where no customer has so high a score. Recency: at most so many days since the last purchase for 5, 4, 3 and 2.
/// Frequency and money: at least so many purchases or minor units for 2, 3, 4 and 5.
/// </summary>
internal sealed record RfmBounds(IReadOnlyList<long?> RecencyDays, IReadOnlyList<long?> Purchases, IReadOnlyList<long?> SpendMinor);

internal sealed record NamedSize(string Name, int Customers);

internal sealed record GridCell(int Recency, int Frequency, int Monetary, string Name, int Customers);

/// <summary>Customers by tier and stage; the tier is null for those without one, and stages are in the order of <paramref name="Stages"/>.</summary>
internal sealed record LifecycleAnswer(
    DateOnly AsOf, Covered Covered, LifecycleWindows WindowDays, IReadOnlyList<LifecycleStage> Stages, IReadOnlyList<TierRow> Tiers);

internal sealed record TierRow(string? Tier, IReadOnlyList<int> Customers);

/// <summary>What all customers with a purchase are expected to do in twelve months.</summary>
/// <param name="Refusal">Why there is no model, or no model of values; what depends on it is null then.</param>
/// <param name="ExpectedAlive">How many are expected to be customers still.</param>
/// <param name="ExpectedPurchases">Days of purchase, of all together.</param>
/// <param name="ExpectedSpendMinor">Of all together, not discounted.</param>
/// <param name="ValueMinor">The same, discounted.</param>
internal sealed record ValueAnswer(
    DateOnly AsOf, Covered Covered, int Customers, PurchaseModel? PurchaseModel, ValueModel? ValueModel, double? ExpectedAlive, double? ExpectedPurchases,
    long? ExpectedSpendMinor, long? ValueMinor, int DiscountPercent, string? Refusal);

/// <summary>BG/NBD; alpha in weeks.</summary>
internal sealed record PurchaseModel(double R, double Alpha, double A, double B, double LogLikelihood);

/// <summary>Gamma-Gamma; gamma in minor units. Of customers without anything spent it knows nothing.</summary>
/// <param name="Correlation">Of purchases and value; far from 0 the model does not suit.</param>
internal sealed record ValueModel(double P, double Q, double Gamma, int Customers, double Correlation);

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, UseStringEnumConverter = true)]
[JsonSerializable(typeof(RfmAnswer))]
[JsonSerializable(typeof(LifecycleAnswer))]
[JsonSerializable(typeof(ValueAnswer))]
[JsonSerializable(typeof(ScoreVersion))]
internal sealed partial class ValueJson : JsonSerializerContext;

/// <summary>Figures over all customers of the brand: their columns are copied out, so facts do not wait for arithmetic.</summary>
internal sealed class ReadValue(WholeBrand brand, SegmentEngine engine, ValueSettings settings, IServiceProvider services) : IDisposable
{
    private readonly SemaphoreSlim fitting = new(1);
    private ValueAnswer? kept;

    public async Task<RfmAnswer> RfmAsync(FixedCuts? given, CancellationToken cancellation)
    {
        var (customers, covered) = await CopyAsync(cancellation);
        var table = await CellTables.LastAsync(services.PatronService(Module.Name).Database, settings, cancellation);
        var cells = RfmCells.Read(table.Rows).Cells!;
        var values = customers.Rfm();
        var cuts = given is null ? RfmCuts.Quintiles(values) : RfmCuts.Fixed(customers.Today, given.RecencyDays, given.Purchases, given.SpendMinor);
        var grid = RfmGrid.Of(values, cuts);
        return new RfmAnswer(
            Day(customers), covered, values.Count, given is null ? "quintiles" : "fixed",
            new RfmBounds(
                [.. Bounds(cuts.Recency).Reverse().Select(day => customers.Today - day)], [.. Bounds(cuts.Frequency)], [.. Bounds(cuts.Monetary)]),
            [.. grid.ByName(cells).Select((size, name) => new NamedSize(cells.Names[name], size))],
            [
                .. Enumerable.Range(0, RfmCells.Combinations).Where(combination => grid.Customers[combination] > 0)
                    .Select(combination => Cell(grid, cells, combination)),
            ]);
    }

    public async Task<LifecycleAnswer> LifecycleAsync(CancellationToken cancellation)
    {
        var (customers, covered) = await CopyAsync(cancellation);
        var rows = customers.Lifecycle(settings.Windows).Rows;
        return new LifecycleAnswer(
            Day(customers), covered, settings.Windows, Enum.GetValues<LifecycleStage>(),
            [.. rows.Select(row => new TierRow(row.Key == TierLifecycle.NoTier ? null : row.Key, row.Value))]);
    }

    /// <summary>
    /// Both models, fitted anew when a day has passed since: seconds for a million customers, so one caller fits and the others wait. A refusal
    /// is not kept, since a young brand's next purchase may end it.
    /// </summary>
    public async Task<ValueAnswer> ValueAsync(CancellationToken cancellation)
    {
        await fitting.WaitAsync(cancellation);
        try
        {
            var (_, parts) = await brand.TallyAsync(new TallyQuestion([], [], []), cancellation);
            var today = parts.Parts.Select(part => engine.DayOf(part.AsOf)).DefaultIfEmpty().Max();
            if (kept is { Refusal: null } && kept.Covered == parts.Covered && kept.AsOf == DateOnly.FromDayNumber(today))
                return kept;
            var (customers, covered) = await CopyAsync(cancellation);
            return kept = Fitted(customers, covered);
        }
        finally
        {
            fitting.Release();
        }
    }

    private async Task<(CustomersCopy Customers, Covered Covered)> CopyAsync(CancellationToken cancellation)
    {
        var gathered = await brand.CustomersAsync(cancellation);
        return (CustomersCopy.Of([.. gathered.Values]), gathered.Covered);
    }

    private ValueAnswer Fitted(CustomersCopy customers, Covered covered)
    {
        var answer = new ValueAnswer(Day(customers), covered, customers.Buyers, null, null, null, null, null, null, settings.DiscountPercent, null);
        var (history, spend) = (customers.Purchases(), customers.Spend());
        var (purchases, refusal) = BgNbd.Fit(history);
        if (purchases is null)
            return answer with { Refusal = refusal!.Detail };
        var known = Enumerable.Range(0, spend.Count).Where(i => spend.Purchases[i] > 0).ToArray();
        var value = GammaGamma.Fit(new AverageSpend(
            Array.ConvertAll(known, i => spend.Purchases[i]), Array.ConvertAll(known, i => spend.Average[i])));
        var expected = LifetimeValue.Of(purchases, value.Model ?? new GammaGamma(1, 2, 0), history, spend, settings.Horizon);
        answer = answer with
        {
            PurchaseModel = new PurchaseModel(purchases.R, purchases.Alpha, purchases.A, purchases.B, purchases.LogLikelihood),
            ExpectedAlive = expected.Alive.Sum(),
            ExpectedPurchases = expected.Purchases.Sum(),
            Refusal = value.Refusal?.Detail,
        };
        return value.Model is not { } worth ? answer : answer with
        {
            ValueModel = new ValueModel(worth.P, worth.Q, worth.Gamma, known.Length, worth.Correlation),
            ExpectedSpendMinor = (long)Math.Round(expected.Purchases.Zip(expected.Average, (purchase, average) => purchase * average).Sum()),
            ValueMinor = (long)Math.Round(expected.Worth.Sum()),
        };
    }

    public void Dispose() => fitting.Dispose();

    private static GridCell Cell(RfmGrid grid, RfmCells cells, int combination)
    {
        var (recency, frequency, monetary) = RfmCells.ScoresOf(combination);
        return new GridCell(recency, frequency, monetary, cells.Names[cells.NameOf(combination)], grid.Customers[combination]);
    }

    private static DateOnly Day(CustomersCopy customers) => DateOnly.FromDayNumber(customers.Today);

    private static IEnumerable<long?> Bounds(Cuts cuts) =>
        new[] { cuts.Two, cuts.Three, cuts.Four, cuts.Five }.Select(bound => bound == long.MaxValue ? (long?)null : bound);
}

/// <summary>Bounds that the caller gives; of recency ascending days, the first for the score 5.</summary>
internal sealed record FixedCuts(Cuts RecencyDays, Cuts Purchases, Cuts SpendMinor);
