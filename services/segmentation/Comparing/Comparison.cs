using Patron.Runtime.Hosting;
using Patron.Segmentation.Personas;

namespace Patron.Segmentation;

/// <summary>Two segments beside each other, and everybody beside both, by what the rules say now.</summary>
/// <param name="Both">Customers who are in both, and so count in each.</param>
/// <param name="Tiers">Every tier that somebody of the two has, in ordinal order.</param>
/// <param name="Tags">Those that tell the two apart the most, by the bound of the lift that lies nearer to 1; at most <see cref="Comparison.TagsMax"/>.</param>
internal sealed record ComparisonAnswer(
    Covered Covered, GroupSummary One, GroupSummary Other, GroupSummary Everybody, long Both, IReadOnlyList<TierShare> Tiers, IReadOnlyList<TagShare> Tags);

/// <param name="Segment">Null for everybody.</param>
/// <param name="Buyers">Customers with a purchase.</param>
/// <param name="PurchasesEach">Receipts of a buyer, ever; null without buyers, as what follows.</param>
/// <param name="SpendMinorEach">Of a buyer, ever, in minor units.</param>
/// <param name="SpendMinorPerPurchase">Of a receipt; returns are taken off.</param>
/// <param name="DaysSinceLast">Since a buyer's last purchase, on average.</param>
internal sealed record GroupSummary(
    string? Segment, long Customers, long Buyers, long Purchases, long SpendMinor, double? PurchasesEach, double? SpendMinorEach,
    double? SpendMinorPerPurchase, double? DaysSinceLast);

/// <param name="Tier">Null for customers without one.</param>
/// <param name="One">Share of the one segment's customers, 0 to 1; 0 where it has none.</param>
internal sealed record TierShare(string? Tier, double One, double Other, double Everybody);

/// <param name="Lift">How many times more often the one segment's customers have it than the other's, with 95 per cent confidence.</param>
internal sealed record TagShare(string Tag, double One, double Other, double Everybody, Estimate Lift);

internal static class Comparison
{
    public const int TagsMax = 50;
    private const double Confidence = 0.95;

    public static void Map(RouteGroupBuilder routes) => routes.MapGet("/comparison", AnswerAsync);

    private static async Task<IResult> AnswerAsync(string? one, string? other, WholeBrand brand, CancellationToken cancellation)
    {
        FieldError[] faults = [.. new[] { (nameof(one), one), (nameof(other), other) }.Where(name => string.IsNullOrEmpty(name.Item2))
            .Select(name => new FieldError(name.Item1, "Write the name of a segment here, such as active."))];
        if (faults.Length > 0)
            return Problem.Invalid(faults);
        if (new[] { one!, other! }.FirstOrDefault(name => brand.Catalog.Find(name) is null) is { } unknown)
            return Problem.NotFound($"There is no segment {unknown}.");
        var (first, second) = (new InSegment(one!), new InSegment(other!));
        var gathered = await brand.FiguresAsync(new([first, second, new AllOf(), new AllOf(first, second)]), cancellation);
        var groups = Enumerable.Range(0, 4).Select(group => GroupFigure.Sum(gathered.Values.Select(part => part.Groups[group]))).ToList();
        return TypedResults.Json(Of(one!, other!, groups, gathered.Covered), ComparingJson.Default.ComparisonAnswer);
    }

    private static ComparisonAnswer Of(string one, string other, List<GroupFigure> groups, Covered covered)
    {
        var (first, second, all) = (groups[0], groups[1], groups[2]);
        return new(
            covered, Summary(one, first), Summary(other, second), Summary(null, all), groups[3].Customers,
            [
                .. first.Tiers.Keys.Union(second.Tiers.Keys).Order(StringComparer.Ordinal).Select(tier => new TierShare(
                    tier, Share(first, first.Tiers, tier), Share(second, second.Tiers, tier), Share(all, all.Tiers, tier))),
                new(null, WithoutTier(first), WithoutTier(second), WithoutTier(all)),
            ],
            [
                .. first.Tags.Keys.Union(second.Tags.Keys).Select(tag => Tag(tag, first, second, all)).OfType<TagShare>()
                    .OrderByDescending(tag => Surely(tag.Lift)).ThenBy(tag => tag.Tag, StringComparer.Ordinal).Take(TagsMax),
            ]);
    }

    private static GroupSummary Summary(string? segment, GroupFigure of) => new(
        segment, of.Customers, of.Buyers, of.Purchases, of.SpendMinor, Each(of.Purchases, of.Buyers), Each(of.SpendMinor, of.Buyers),
        Each(of.SpendMinor, of.Purchases), Each(of.DaysSinceLast, of.Buyers));

    private static TagShare? Tag(string tag, GroupFigure one, GroupFigure other, GroupFigure all) =>
        Rates.Lift(
            new(one.Tags.GetValueOrDefault(tag), one.Customers), new(other.Tags.GetValueOrDefault(tag), other.Customers), Confidence) is { } lift
            ? new(tag, Share(one, one.Tags, tag), Share(other, other.Tags, tag), Share(all, all.Tags, tag), lift)
            : null;

    /// <summary>How far the lift is at least away from 1, as a logarithm; below 0 where it may be 1.</summary>
    private static double Surely(Estimate lift) => Math.Max(Math.Log(lift.Low), -Math.Log(lift.High));

    private static double Share(GroupFigure group, IReadOnlyDictionary<string, long> of, string name) =>
        Each(of.GetValueOrDefault(name), group.Customers) ?? 0;

    private static double WithoutTier(GroupFigure group) => Each(group.Customers - group.Tiers.Values.Sum(), group.Customers) ?? 0;

    private static double? Each(long sum, long of) => of == 0 ? null : (double)sum / of;
}
