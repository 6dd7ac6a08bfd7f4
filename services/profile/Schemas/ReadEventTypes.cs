using Patron.Runtime.Hosting;

namespace Patron.Profile;

internal sealed record RegisteredTypes(IReadOnlyList<RegisteredType> Types);

/// <summary>Whoever sends or reads events looks up what they may hold.</summary>
internal static class ReadEventTypes
{
    private const int PageMax = 500;

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/event-types", ListAsync).RequireAnyApiKey("ingest", "read", "operate");
        app.MapGet("/v1/event-types/{name}/versions/{version:int}", ReadAsync).RequireAnyApiKey("ingest", "read", "operate");
    }

    /// <summary>The latest version of each type by name; the next page begins after the last name of this one.</summary>
    private static async Task<IResult> ListAsync(string? after, int? limit, EventTypeStore store, CancellationToken cancellation)
    {
        if (limit is < 1 or > PageMax)
            return Problem.Invalid(new FieldError("limit", $"This must be from 1 to {PageMax}."));
        var types = await store.ListAsync(after, limit ?? PageMax, cancellation);
        return TypedResults.Json(new RegisteredTypes([.. types.Select(RegisterEventType.Named)]), ProfileJson.Default.RegisteredTypes);
    }

    private static async Task<IResult> ReadAsync(string name, int version, HttpResponse response, EventTypeStore store, CancellationToken cancellation)
    {
        if (await store.FindAsync(name, version, cancellation) is not { } found)
            return Problem.NotFound("There is no such version of an event type; GET /v1/event-types lists the latest ones.");
        // A version never changes.
        response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return TypedResults.Text(found.Schema, RegisterEventType.SchemaType);
    }
}
