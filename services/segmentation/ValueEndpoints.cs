using System.Globalization;
using Patron.Runtime.Hosting;
using Patron.Segmentation.Rfm;

namespace Patron.Segmentation;

/// <summary>RFM, lifecycle and predicted value over HTTP.</summary>
internal static class ValueEndpoints
{
    private const int BoundsCount = 4;

    /// <summary>Settings: the section <c>CustomerValue</c>.</summary>
    public static void AddValue(this WebApplicationBuilder builder)
    {
        builder.AddSettings<ValueSettings>("CustomerValue");
        builder.Services.AddSingleton<ReadValue>();
        builder.Services.AddSingleton<ReadHistory>();
    }

    /// <summary>
    /// Maps <c>rfm</c>, <c>scores</c> (the cuts and models that rules go by), <c>lifecycle</c>, <c>value</c> and what is below them. An answer is of the whole
    /// brand, and says how many partitions it covers.
    /// </summary>
    public static void MapValue(this RouteGroupBuilder routes)
    {
        // Quintiles, or fixed bounds where all three are given, each as four numbers with commas.
        routes.MapGet("/rfm", async Task<IResult> (
            string? recencyDays, string? purchases, string? spendMinor, ReadValue read, CancellationToken cancellation) =>
        {
            if ((recencyDays ?? purchases ?? spendMinor) is null)
                return TypedResults.Json(await read.RfmAsync(given: null, cancellation), ValueJson.Default.RfmAnswer);
            var bounds = new[] { (nameof(recencyDays), recencyDays), (nameof(purchases), purchases), (nameof(spendMinor), spendMinor) }
                .Select(given => (Name: given.Item1, Cuts: Read(given.Item2))).ToList();
            return bounds.Exists(bound => bound.Cuts is null)
                ? Problem.Invalid([.. bounds.Where(bound => bound.Cuts is null).Select(bound => new FieldError(
                    bound.Name, "Fixed bounds need recencyDays, purchases and spendMinor, each as four ascending whole numbers such as 30,90,180,365."))])
                : TypedResults.Json(
                    await read.RfmAsync(new FixedCuts(bounds[0].Cuts!.Value, bounds[1].Cuts!.Value, bounds[2].Cuts!.Value), cancellation),
                    ValueJson.Default.RfmAnswer);
        });
        routes.MapGet("/scores", IResult (SegmentEngine engine) => engine.Scoring.InForce is { } version
            ? TypedResults.Json(version, ValueJson.Default.ScoreVersion)
            : Problem.Of(StatusCodes.Status404NotFound, "no-scores", "There are no scores yet: fewer than 25 customers have bought."));
        routes.MapGet("/lifecycle", async (ReadValue read, CancellationToken cancellation) =>
            TypedResults.Json(await read.LifecycleAsync(cancellation), ValueJson.Default.LifecycleAnswer));
        routes.MapGet("/value", async (ReadValue read, CancellationToken cancellation) =>
            TypedResults.Json(await read.ValueAsync(cancellation), ValueJson.Default.ValueAnswer));
        CellTables.Map(routes);
        ReadHistory.Map(routes);
    }

    private static Cuts? Read(string? text)
    {
        var numbers = (text ?? "").Split(',').Select(number =>
            int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var read) ? read : (int?)null).OfType<int>().ToList();
        if (numbers.Count != BoundsCount || (text ?? "").Count(character => character == ',') != BoundsCount - 1)
            return null;
        var cuts = new Cuts(numbers[0], numbers[1], numbers[2], numbers[3]);
        return cuts.AreAscending ? cuts : null;
    }
}
