using System.Text.Json.Serialization;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>How segments lie over one another, by what their rules say now.</summary>
/// <param name="Customers">All of the counted partitions.</param>
/// <param name="Pairs">Every two of the segments.</param>
/// <param name="Regions">Customers by exactly which of the segments they are in, the largest first; nobody is in two regions or in none of them.</param>
internal sealed record OverlapAnswer(
    Covered Covered, long Customers, IReadOnlyList<OverlapSize> Segments, IReadOnlyList<OverlapPair> Pairs, IReadOnlyList<OverlapRegion> Regions);

/// <param name="Alone">In no other of the segments.</param>
internal sealed record OverlapSize(string Segment, long Customers, long Alone);

/// <param name="Jaccard">Those in both by those in any of the two, 0 to 1; null where there are none. P. Jaccard, "Étude comparative de la distribution
/// florale" (1901).</param>
/// <param name="ShareOfOne">Those in both by those in the one; null where there are none.</param>
internal sealed record OverlapPair(string One, string Other, long Both, double? Jaccard, double? ShareOfOne, double? ShareOfOther);

internal sealed record OverlapRegion(IReadOnlyList<string> Segments, long Customers);

internal static class Overlap
{
    public const int SegmentsMax = 6;

    public static void Map(RouteGroupBuilder routes) => routes.MapGet("/overlap", AnswerAsync);

    /// <param name="segments">Two to <see cref="SegmentsMax"/> names with commas between them.</param>
    private static async Task<IResult> AnswerAsync(string? segments, WholeBrand brand, CancellationToken cancellation)
    {
        var names = (segments ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.Length is < 2 or > SegmentsMax || names.Distinct().Count() != names.Length)
            return Problem.Invalid(new FieldError("segments", $"Write two to {SegmentsMax} different names of segments with commas, such as active,vip."));
        if (Array.Find(names, name => brand.Catalog.Find(name) is null) is { } unknown)
            return Problem.NotFound($"There is no segment {unknown}.");
        var (tally, parts) = await brand.TallyAsync(Question(names), cancellation);
        return TypedResults.Json(Of(names, tally, parts.Covered), ComparingJson.Default.OverlapAnswer);
    }

    /// <summary>Counts each region; its number has a bit for each segment.</summary>
    private static TallyQuestion Question(string[] names)
    {
        var all = (1L << names.Length) - 1;
        return new(
            [.. names.Select(name => new InSegment(name))], [.. Enumerable.Range(1, (int)all).Select(region => new Combination(region, all & ~region))], []);
    }

    private static OverlapAnswer Of(string[] names, Tally tally, Covered covered)
    {
        var regions = tally.Counts.Select((customers, place) => (Mask: place + 1, Customers: customers)).Where(region => region.Customers > 0).ToList();
        var sizes = names.Select((_, place) => In(1 << place)).ToList();
        return new(
            covered, tally.Customers, [.. names.Select((name, place) => new OverlapSize(name, sizes[place], tally.Counts[(1 << place) - 1]))],
            [
                .. from one in Enumerable.Range(0, names.Length)
                   from other in Enumerable.Range(one + 1, names.Length - one - 1)
                   select Pair(one, other),
            ],
            [
                .. regions.OrderByDescending(region => region.Customers).ThenBy(region => region.Mask).Select(region => new OverlapRegion(
                    [.. names.Where((_, place) => (region.Mask >> place & 1) != 0)], region.Customers)),
            ]);

        long In(int mask) => regions.Where(region => (region.Mask & mask) == mask).Sum(region => region.Customers);

        OverlapPair Pair(int one, int other)
        {
            var both = In(1 << one | 1 << other);
            return new(
                names[one], names[other], both, Share(both, sizes[one] + sizes[other] - both), Share(both, sizes[one]), Share(both, sizes[other]));
        }
    }

    private static double? Share(long part, long of) => of == 0 ? null : (double)part / of;
}

[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OverlapAnswer))]
[JsonSerializable(typeof(ComparisonAnswer))]
internal sealed partial class ComparingJson : JsonSerializerContext;
