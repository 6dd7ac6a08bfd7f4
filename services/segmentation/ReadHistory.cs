using System.Globalization;
using System.Text.Json.Serialization;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;

namespace Patron.Segmentation;

/// <summary>Where the customers of each name of the RFM table were on a day, and where on a later one, each by the quintiles of its own day.</summary>
/// <param name="CountedFrom">
/// Purchases before this day are not counted, for their lines are not kept. Several receipts of a day are one purchase here.
/// </param>
/// <param name="Names">Of the places of <see cref="MigrationRow.Customers"/>; the last, which is null, is of those who had not bought by then.</param>
/// <param name="Rows">By name on the first day, in the same order.</param>
internal sealed record MigrationAnswer(
    DateOnly From, DateOnly To, DateOnly CountedFrom, Covered Covered, IReadOnlyList<string?> Names, IReadOnlyList<MigrationRow> Rows);

/// <param name="Customers">By name on the second day.</param>
internal sealed record MigrationRow(string? Name, IReadOnlyList<int> Customers);

/// <summary>
/// How well the model of purchases, shown the time up to <paramref name="CalibrationEnd"/>, foretells the time up to <paramref name="End"/>, by customers
/// whose first purchase is at most 762 days ago. Other figures are those of <see cref="HoldoutReport"/>.
/// </summary>
internal sealed record HoldoutAnswer(
    DateOnly CalibrationEnd, DateOnly End, Covered Covered, int Customers, double HoldoutWeeks, PurchaseModel Model, long Actual, double Expected, double Rmse,
    double Mae, double SameRateRmse, IReadOnlyList<FrequencyRow> ByFrequency, IReadOnlyList<WeekRow> ByWeek);

/// <summary>Figures of the time that lines of purchases are kept for: one is computed at a time, since each takes memory for every purchase.</summary>
internal sealed class ReadHistory(WholeBrand brand, SegmentEngine engine, ValueSettings settings, IServiceProvider services) : IDisposable
{
    private const int HoldoutDays = 182;
    private readonly SemaphoreSlim oneAtATime = new(1);

    public static void Map(RouteGroupBuilder routes)
    {
        routes.MapGet("/rfm/migration", (string? from, string? to, ReadHistory read, BusinessClock clock, CancellationToken cancellation) =>
            read.MigrationAsync(from, to, clock.GetUtcNow(), cancellation));
        routes.MapGet("/value/holdout", (string? calibrationEnd, string? end, ReadHistory read, BusinessClock clock, CancellationToken cancellation) =>
            read.HoldoutAsync(calibrationEnd, end, clock.GetUtcNow(), cancellation));
    }

    public void Dispose() => oneAtATime.Dispose();

    private async Task<IResult> MigrationAsync(string? from, string? to, DateTimeOffset now, CancellationToken cancellation)
    {
        var (today, kept) = (engine.DayOf(now), PurchaseWindow.KeptFrom(engine.DayOf(now)));
        var range = DayRange.Read(from, to, today, daysUsual: HoldoutDays + 1);
        if (Wrong(range, "from", "to", kept) is { Count: > 0 } faults)
            return Problem.Invalid(faults);
        var rows = await CellTables.LastAsync(services.PatronService(Module.Name).Database, settings, cancellation);
        var cells = RfmCells.Read(rows.Rows).Cells!;
        return await AloneAsync(
            gathered =>
            {
                var moved = Migration.Between(
                    PurchasesCopy.History(gathered.Values, wholeOnly: false), range.From.DayNumber, range.To.DayNumber, cells,
                    (_, values) => RfmCuts.Quintiles(values));
                string?[] names = [.. moved.Names, null];
                return TypedResults.Json(
                    new MigrationAnswer(
                        range.From, range.To, DateOnly.FromDayNumber(kept), gathered.Covered, names,
                        [.. names.Select((name, row) => new MigrationRow(name, [.. names.Select((_, column) => moved.Customers[row, column])]))]),
                    HistoryJson.Default.MigrationAnswer);
            },
            cancellation);
    }

    private async Task<IResult> HoldoutAsync(string? calibrationEnd, string? end, DateTimeOffset now, CancellationToken cancellation)
    {
        var today = engine.DayOf(now);
        var range = DayRange.Read(calibrationEnd, end, today, daysUsual: HoldoutDays + 1);
        if (Wrong(range, nameof(calibrationEnd), nameof(end), PurchaseWindow.KeptFrom(today)) is { Count: > 0 } faults)
            return Problem.Invalid(faults);
        return await AloneAsync(
            IResult (gathered) =>
            {
                var (report, refusal) = Holdout.Validate(
                    PurchasesCopy.History(gathered.Values, wholeOnly: true), range.From.DayNumber, range.To.DayNumber);
                if (report is null)
                    return refusal!.ToProblem();
                var model = report.Model;
                return TypedResults.Json(
                    new HoldoutAnswer(
                        range.From, range.To, gathered.Covered, report.Customers, report.HoldoutWeeks,
                        new(model.R, model.Alpha, model.A, model.B, model.LogLikelihood), report.Actual, report.Expected, report.Rmse, report.Mae,
                        report.SameRateRmse, report.ByFrequency, report.ByWeek),
                    HistoryJson.Default.HoldoutAnswer);
            },
            cancellation);
    }

    /// <summary>The faults by the names that the caller used; both days differ and lie in the time that is kept.</summary>
    private static List<FieldError> Wrong(DayRange range, string from, string to, int kept)
    {
        var faults = range.Faults.Select(fault => fault with { Path = fault.Path == "from" ? from : to }).ToList();
        if (faults.Count == 0 && range.From.DayNumber < kept)
        {
            faults.Add(new(from, string.Create(
                CultureInfo.InvariantCulture,
                $"This must be {DateOnly.FromDayNumber(kept):yyyy-MM-dd} or later: lines of purchases are kept for {PurchaseWindow.DaysMax} days.")));
        }

        if (faults.Count == 0 && range.From == range.To)
            faults.Add(new(from, string.Create(CultureInfo.InvariantCulture, $"This must be before {to}, which is {range.To:yyyy-MM-dd}.")));
        return faults;
    }

    private async Task<IResult> AloneAsync(Func<Gathered<PurchasesCopy>, IResult> answer, CancellationToken cancellation)
    {
        await oneAtATime.WaitAsync(cancellation);
        try
        {
            return answer(await brand.PurchasesAsync(cancellation));
        }
        finally
        {
            oneAtATime.Release();
        }
    }
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(MigrationAnswer))]
[JsonSerializable(typeof(HoldoutAnswer))]
internal sealed partial class HistoryJson : JsonSerializerContext;
