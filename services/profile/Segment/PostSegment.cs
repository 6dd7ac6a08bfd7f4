using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

internal sealed record SegmentAnswer(bool Success);

/// <summary>
/// The calls of Segment's tracking API, so that its SDKs work with another host and nothing else. The write key is an API key with the scope
/// ingest. An answer of 200 means that every message is durable: taken, or in quarantine with its reasons, since an SDK never sends a message
/// again that was answered. As there, 400 is for a body that is too large or no JSON.
/// </summary>
internal static class PostSegment
{
    private const string Scope = "ingest";
    private static readonly string[] Kinds = ["identify", "track", "page", "screen", "group", "alias", "batch"];

    public static void Map(WebApplication app) => app.MapPost("/v1/segment/v1/{kind}", PostAsync)
        .AllowPublic("The write key stands in the Authorization header or in the body, as SDKs send it; the handler itself looks for it.");

    private static async Task<IResult> PostAsync(
        string kind, HttpRequest request, ApiKeys keys, SegmentCollector collector, CollectSettings settings, BusinessClock clock,
        CancellationToken cancellation)
    {
        if (!Kinds.Contains(kind))
            return Problem.NotFound($"There are calls for {string.Join(", ", Kinds)}.");
        var errors = new FieldErrors();
        using var body = await ReadAsync(request, settings, errors, cancellation);
        if (body is null)
            return Problem.Invalid(errors.Found);
        var json = body.RootElement;
        if (CallerOf(request, json, keys) is not { } caller)
            return Problem.Of(StatusCodes.Status401Unauthorized, "not-authenticated", "Send an API key as the write key, as Segment's SDKs do.");
        if (!caller.Scopes.Contains(Scope))
            return Problem.Of(StatusCodes.Status403Forbidden, "scope-missing", $"This needs an API key with the scope '{Scope}'.");
        if (PlainEvents.SourceOf(caller) is not { } source)
            return Problem.Of(StatusCodes.Status403Forbidden, "source-not-clear", "This API key has several sources; a Segment SDK needs a key with one.");
        if (kind == "batch" && SegmentMessage.Member(json, "batch").ValueKind != JsonValueKind.Array)
            return Problem.Invalid(new FieldError("/batch", "A batch has its messages in an array of this name."));

        var received = clock.GetUtcNow();
        var sentAt = SegmentMessage.Text(json, "sentAt");
        List<SegmentMessage> messages = kind == "batch"
            ? [.. json.GetProperty("batch").EnumerateArray().Select(m => new SegmentMessage(m, KindOf(m), source, received, sentAt))]
            : [new SegmentMessage(json, kind, source, received, sentAt)];
        await collector.TakeAsync(messages, cancellation);
        return TypedResults.Json(new SegmentAnswer(true), ProfileJson.Default.SegmentAnswer);
    }

    // What a message calls itself is kept beside it in quarantine, so anything else than a kind is left out.
    private static string KindOf(JsonElement message) => SegmentMessage.Text(message, "type") is { } type && Kinds.Contains(type) ? type : "";

    private static async Task<JsonDocument?> ReadAsync(HttpRequest request, CollectSettings settings, FieldErrors errors, CancellationToken cancellation)
    {
        try
        {
            if (await BoundedBody.ReadUnpackedAsync(request, settings.SegmentBatchBytesMax, cancellation) is { } bytes)
                return JsonBody.Parse(bytes, errors);
            errors.Add("", "The body is larger than this service takes; send it in smaller parts.");
        }
        catch (InvalidDataException)
        {
            errors.Add("", "The body is not packed as its Content-Encoding says.");
        }
        return null;
    }

    private static ApiCaller? CallerOf(HttpRequest request, JsonElement body, ApiKeys keys) =>
        (KeyIn(request.Headers.Authorization.ToString()) ?? SegmentMessage.Text(body, "writeKey")) is { } key ? keys.Find(key) : null;

    // The user's name of Basic, with no password (RFC 7617).
    private static string? KeyIn(string authorization)
    {
        if (!AuthenticationHeaderValue.TryParse(authorization, out var header) || header.Parameter is not { } parameter)
            return null;
        if (header.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
            return parameter;
        Span<byte> bytes = stackalloc byte[256];
        return header.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) && Convert.TryFromBase64String(parameter, bytes, out var length)
            ? Encoding.UTF8.GetString(bytes[..length]).Split(':')[0]
            : null;
    }
}
