using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>Takes a segment away, one that ships too; its members leave shortly after, by facts that start no journey. To put it brings it back.</summary>
internal static class RemoveSegment
{
    public static void Map(IEndpointRouteBuilder routes) => routes.MapDelete("/segments/{name}", RemoveAsync).RequireApiKey("operate");

    /// <summary>404 when there is no such segment, any more; 409 while the rule of another names it.</summary>
    private static async Task<IResult> RemoveAsync(
        string name, HttpContext context, SegmentBook book, SegmentEngine engine, BusinessClock clock,
        [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation)
    {
        await book.RefreshAsync(cancellation);
        if (engine.Catalog.Segments.FirstOrDefault(segment => segment.Name == name) is not { } removed)
            return Problem.Of(StatusCodes.Status404NotFound, "no-such-segment", $"There is no segment {name}.");
        var users = engine.Catalog.Segments.Where(segment => SegmentPaths.Named(segment.Rule).Contains(name)).Select(segment => segment.Name).ToList();
        if (users.Count > 0)
        {
            return Problem.Of(
                StatusCodes.Status409Conflict, "segment-in-use",
                $"The rules of these segments name {name}: {string.Join(", ", users)}. Change or remove them first.");
        }

        var gone = StoredSegment.Removed(book.Stored.Count + 1, removed, clock.GetUtcNow(), context.GetApiCaller().Name);
        if (!await SegmentTable.TryAddAsync(service.Database, gone, cancellation))
            return Problem.Of(StatusCodes.Status409Conflict, "segments-changed", "Somebody else changed a segment at the same moment: try again.");
        await book.RefreshAsync(cancellation);
        return TypedResults.NoContent();
    }
}
