using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>One event of an answer: <c>accepted</c> is durable now, <c>repeated</c> was before. Both mean: do not send it again.</summary>
internal sealed record EventTaken(string Source, string Id, string Status, Guid? Customer);

internal sealed record EventsTaken(IReadOnlyList<EventTaken> Events);

/// <summary>
/// Touchpoints send what happened: CloudEvents 1.0 over HTTP, one (structured or binary mode) or a batch, or plain JSON, one or an array.
/// Everything of a call is right and taken, or nothing is.
/// </summary>
internal static class PostEvents
{
    public static void Map(WebApplication app, ProfileSettings settings) =>
        app.MapPost("/v1/events", PostAsync).RequireApiKey("ingest").WithMetadata(new RequestSizeLimitAttribute(settings.BodyBytesMax));

    private static async Task<IResult> PostAsync(
        HttpContext context, IngestReader reader, Ingestion ingestion, ProfileSettings settings, BusinessClock clock, CancellationToken cancellation)
    {
        var request = context.Request;
        var mode = ModeOf(request);
        if (mode is null)
            return WrongContentType();
        var errors = new FieldErrors();
        using var body = await JsonBody.ParseAsync(request.Body, errors, cancellation);
        if (body is null)
            return Problem.Invalid(errors.Found);
        if (CountOf(body) > settings.EventsMax)
            return TooMany(settings.EventsMax);

        var caller = context.GetApiCaller();
        var now = clock.GetUtcNow();
        var events = new List<Told>();
        foreach (var given in Open(request, mode.Value, body.RootElement, PlainEvents.SourceOf(caller), now, errors))
        {
            if (await reader.ReadAsync(given, now, errors, cancellation) is { } told)
                events.Add(told);
        }
        if (errors.Count > 0)
            return Problem.Invalid(errors.Found);
        if (events.Where(e => !caller.MaySend(e.Source)).ToList() is { Count: > 0 } foreign)
            return NotYours(foreign);
        if (events.Exists(e => e.Catalogue is not null) && !caller.Scopes.Contains(CatalogueModule.WriteScope))
            return CatalogueModule.MayNotWrite();

        var taken = await ingestion.TakeAsync(events, allOrNone: true, cancellation);
        return !taken.All(t => t.IsTaken) ? Conflict(taken) : Answer(taken);
    }

    internal static EventTaken Named(Taken taken) =>
        new(taken.Event.Source, taken.Event.Id, taken.As == TakenAs.Accepted ? "accepted" : "repeated", taken.Customer);

    private static IEnumerable<CloudEvent> Open(
        HttpRequest request, BodyMode mode, JsonElement body, string? source, DateTimeOffset now, FieldErrors errors)
    {
        Func<JsonElement, string, CloudEvent?> open = mode switch
        {
            BodyMode.Binary => (json, _) => CloudEvents.Binary(name => AttributeOf(request, name), "ce-", json),
            BodyMode.Plain => (json, place) => PlainEvents.Of(json, place, source, now, errors),
            _ => (json, place) => CloudEvents.Structured(json, place, errors),
        };
        var isArray = body.ValueKind == JsonValueKind.Array;
        if (mode == BodyMode.Batch && !isArray)
        {
            errors.Add("", "A batch must be an array of events.");
            return [];
        }
        IEnumerable<CloudEvent?> given = mode == BodyMode.Batch || (mode == BodyMode.Plain && isArray)
            ? body.EnumerateArray().Select((item, index) => open(item, $"/{index.ToString(CultureInfo.InvariantCulture)}"))
            : [open(body, "")];
        return given.OfType<CloudEvent>();
    }

    private static BodyMode? ModeOf(HttpRequest request) => CloudEvents.MediaTypeOf(request.ContentType) switch
    {
        CloudEvents.StructuredType => BodyMode.Structured,
        CloudEvents.BatchType => BodyMode.Batch,
        CloudEvents.DataType when request.Headers.ContainsKey("ce-specversion") => BodyMode.Binary,
        CloudEvents.DataType => BodyMode.Plain,
        _ => null,
    };

    // Attributes in headers are percent-encoded (HTTP binding 1.0.2, 3.1.3.2).
    private static string? AttributeOf(HttpRequest request, string name) =>
        request.Headers.TryGetValue($"ce-{name}", out var values) && values.Count == 1 ? Uri.UnescapeDataString(values[0] ?? "") : null;

    private static int CountOf(JsonDocument body) => body.RootElement.ValueKind == JsonValueKind.Array ? body.RootElement.GetArrayLength() : 0;

    private static JsonHttpResult<EventsTaken> Answer(IReadOnlyList<Taken> taken) => TypedResults.Json(
        new EventsTaken([.. taken.Select(Named)]), ProfileJson.Default.EventsTaken, statusCode: StatusCodes.Status202Accepted);

    private static ProblemHttpResult WrongContentType() => Problem.Of(
        StatusCodes.Status415UnsupportedMediaType, "wrong-content-type",
        $"Send {CloudEvents.StructuredType}, {CloudEvents.BatchType}, or {CloudEvents.DataType}, plain or with the event's attributes in ce- headers; " +
        "in UTF-8.");

    private static ProblemHttpResult TooMany(int max) => Problem.Of(
        StatusCodes.Status413PayloadTooLarge, "too-many-events", string.Create(CultureInfo.InvariantCulture, $"Send at most {max} events in one call."));

    private static ProblemHttpResult NotYours(List<Told> foreign) => Problem.Of(
        StatusCodes.Status403Forbidden, "source-not-allowed", "This API key may not send events of these sources; nothing was taken.",
        [.. foreign.Select(e => new FieldError($"{e.Place}/source", "The API key does not list this source."))]);

    private static ProblemHttpResult Conflict(IReadOnlyList<Taken> taken) => Problem.Of(
        StatusCodes.Status409Conflict, "event-conflict",
        taken.Any(t => t.As == TakenAs.NotApplied)
            ? "Some events cannot be taken, so none of the call was; correct or remove those listed under errors."
            : "Some events cannot be taken; those listed under errors were left out, all others were taken.",
        [.. taken.Where(t => t.As is TakenAs.Conflict or TakenAs.Refused).Select(t => new FieldError($"{t.Event.Place}/id", t.Detail!))]);

    private enum BodyMode
    {
        Structured,
        Batch,
        Binary,
        Plain,
    }
}
