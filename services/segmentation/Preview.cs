using System.Text;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>How many customers a rule would hold for now.</summary>
/// <param name="Customers">All customers of the counted partitions.</param>
/// <param name="Share">Of the customers, 0 to 1; 0 when there are none.</param>
/// <param name="PartitionsCounted">Those that this instance owns; where that is fewer than <paramref name="Partitions"/>, ask the others too.</param>
internal sealed record PreviewAnswer(
    long Matching, long Customers, double Share, string Sentence, int PartitionsCounted, int Partitions);

/// <summary>Counts a rule without keeping it. The body is the rule's document.</summary>
internal static class Preview
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/preview", CountAsync).RequireApiKey("read")
        .WithMetadata(new RequestSizeLimitAttribute(RuleReader.BytesMax));

    /// <param name="language">Of the sentence: en, zh-Hans or zh-Hant; English without one.</param>
    private static async Task<IResult> CountAsync(
        HttpRequest request, string? language, SegmentEngine engine, BusinessClock clock,
        [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        if (Languages.Find(language ?? Languages.English.Language) is not { } phrases)
            return UnknownLanguage();
        using var body = new StreamReader(request.Body, Encoding.UTF8);
        var text = await body.ReadToEndAsync(cancellation);
        var reading = new RuleReader(engine.Catalog, engine.DayOf(clock.GetUtcNow())).Read(text);
        return reading.Rule is { } rule
            ? TypedResults.Json(Answer(engine, rule, service.OwnedPartitionNumbers, phrases), SegmentationJson.Default.PreviewAnswer)
            : Problem.Invalid(reading.Faults);
    }

    public static IResult UnknownLanguage() =>
        Problem.Invalid(new FieldError("language", $"This must be one of: {string.Join(", ", Languages.All.Select(known => known.Language))}."));

    private static PreviewAnswer Answer(SegmentEngine engine, Clause rule, IReadOnlyList<int> owned, Phrases phrases)
    {
        var counts = engine.Count(rule, owned);
        var (customers, matching) = (counts.Sum(of => of.Customers), counts.Sum(of => of.Matching));
        return new(
            matching, customers, customers == 0 ? 0 : (double)matching / customers, engine.Explanation.Sentence(rule, phrases), counts.Count,
            engine.PartitionCount);
    }
}
