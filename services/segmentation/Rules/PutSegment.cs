using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <param name="Revision">Of all definitions of the deployment.</param>
internal sealed record SegmentPut(string Name, string Title, string? Tag, long Revision, string Sentence);

/// <summary>
/// Defines a segment or changes one. The body is an object with <c>title</c>, <c>rule</c> and, for a segment that gives one, <c>tag</c>;
/// <c>contracts/segmentation/segment.schema.json</c> describes it.
/// </summary>
internal static partial class PutSegment
{
    private const int SegmentsMax = 500;
    private const int TitleMax = 200;

    public static bool IsName(string name) => Kebab().IsMatch(name);

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPut("/segments/{name}", PutAsync).RequireApiKey("operate")
        .WithMetadata(new RequestSizeLimitAttribute(RuleReader.BytesMax));

    /// <summary>
    /// The same definition again changes nothing, so a retry is safe. Customers enter and leave shortly after, by facts that start no journey.
    /// </summary>
    private static async Task<IResult> PutAsync(
        string name, HttpContext context, SegmentBook book, SegmentEngine engine, BusinessClock clock,
        [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        using var body = new StreamReader(context.Request.Body, Encoding.UTF8);
        var text = await body.ReadToEndAsync(cancellation);
        await book.RefreshAsync(cancellation);
        var now = clock.GetUtcNow();
        var faults = new DocumentFaults();
        var (title, tag, rule) = new RuleReader(engine.Catalog, engine.DayOf(now)).ReadDefinition(text, name, TitleMax, faults);
        if (!IsName(name))
            faults.Add("name", "This must be 1 to 60 lower-case letters, digits and hyphens, such as big-spenders.");
        if (engine.Catalog.Find(name) is null && engine.Catalog.Segments.Count >= SegmentsMax)
            faults.Add("name", $"There are {SegmentsMax} segments, and more are not possible: change one of these.");
        if (rule is null || faults.Found.Count > 0)
            return Problem.Invalid(faults.Found);

        var document = JsonSerializer.Serialize(rule, SegmentationJson.Default.Clause);
        var known = book.Stored.LastOrDefault(put => put.Name == name);
        if (known is null || known.Title != title || known.Rule != document)
        {
            known = new(book.Stored.Count + 1, name, title, document, tag, now, context.GetApiCaller().Name);
            if (!await SegmentTable.TryAddAsync(service.Database, known, cancellation))
                return Problem.Of(StatusCodes.Status409Conflict, "segments-changed", "Somebody else changed a segment at the same moment: try again.");
            await book.RefreshAsync(cancellation);
        }

        return TypedResults.Json(
            new SegmentPut(name, title, tag, known.Revision, engine.Explanation.Sentence(rule)), SegmentationJson.Default.SegmentPut);
    }

    [GeneratedRegex("^(?=.{1,60}$)[a-z0-9]+(-[a-z0-9]+)*$")]
    private static partial Regex Kebab();
}
