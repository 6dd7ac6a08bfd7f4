using System.Text;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>How many customers a rule would hold for now.</summary>
/// <param name="Customers">All customers of the counted partitions.</param>
/// <param name="Share">Of the customers, 0 to 1; 0 when there are none.</param>
/// <param name="PartitionsCounted">Fewer than <paramref name="Partitions"/> where an owner did not answer, or there is none at the moment.</param>
internal sealed record PreviewAnswer(
    long Matching, long Customers, double Share, string Sentence, int PartitionsCounted, int Partitions);

/// <summary>Counts a rule without keeping it. The body is the rule's document.</summary>
internal static class Preview
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/preview", CountAsync).RequireApiKey("read")
        .WithMetadata(new RequestSizeLimitAttribute(RuleReader.BytesMax));

    /// <param name="language">Of the sentence: en, zh-Hans or zh-Hant; English without one.</param>
    private static async Task<IResult> CountAsync(
        HttpRequest request, string? language, SegmentEngine engine, WholeBrand brand, BusinessClock clock, CancellationToken cancellation)
    {
        if (Languages.Find(language ?? Languages.English.Language) is not { } phrases)
            return UnknownLanguage();
        using var body = new StreamReader(request.Body, Encoding.UTF8);
        var text = await body.ReadToEndAsync(cancellation);
        var reading = new RuleReader(engine.Catalog, engine.DayOf(clock.GetUtcNow())).Read(text);
        return reading.Rule is { } rule
            ? TypedResults.Json(await AnswerAsync(engine, brand, rule, phrases, cancellation), SegmentationJson.Default.PreviewAnswer)
            : Problem.Invalid(reading.Faults);
    }

    public static IResult UnknownLanguage() =>
        Problem.Invalid(new FieldError("language", $"This must be one of: {string.Join(", ", Languages.All.Select(known => known.Language))}."));

    private static async Task<PreviewAnswer> AnswerAsync(
        SegmentEngine engine, WholeBrand brand, Clause rule, Phrases phrases, CancellationToken cancellation)
    {
        var (tally, parts) = await brand.TallyAsync(new([rule], [new(All: 1, None: 0)], []), cancellation);
        return new(
            tally.Counts[0], tally.Customers, tally.Customers == 0 ? 0 : (double)tally.Counts[0] / tally.Customers,
            engine.Explanation.Sentence(rule, phrases), parts.Covered.Partitions, parts.Covered.OfPartitions);
    }
}
