using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Newest first; the next page is asked for with the last id as <c>before</c>.</summary>
internal sealed record QuarantineList(IReadOnlyList<QuarantinedRecord> Records);

/// <summary>A record with its body, which is personal: for whoever corrects it.</summary>
internal sealed record QuarantineBody(QuarantinedRecord Record, IReadOnlyDictionary<string, string> Headers, string? Body);

/// <summary>Operators look at records that could not be taken, correct them, and have them taken after all.</summary>
internal static class QuarantineEndpoints
{
    private const int PageMax = 200;

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/quarantine", ListAsync).RequireApiKey("operate");
        app.MapGet("/v1/quarantine/{id:guid}", ReadAsync).RequireApiKey("operate");
        CorrectQuarantined.Map(app);
        ReplayQuarantined.Map(app);
    }

    private static async Task<IResult> ListAsync(
        string? state, string? type, string? reason, DateOnly? day, Guid? before, int? limit, QuarantineStore quarantine, CancellationToken cancellation)
    {
        if (limit is < 1 or > PageMax)
            return Problem.Invalid(new FieldError("limit", $"This must be from 1 to {PageMax}."));
        var records = await quarantine.ListAsync(new QuarantineFilter(state, type, reason, day, before), limit ?? PageMax, cancellation);
        return TypedResults.Json(new QuarantineList(records), ProfileJson.Default.QuarantineList);
    }

    private static async Task<IResult> ReadAsync(Guid id, QuarantineStore quarantine, CancellationToken cancellation)
    {
        if (await quarantine.FindAsync(id, cancellation) is not { } found)
            return NoSuchRecord();
        if (found.Body is not { } body)
            return BodyGone(found.Record);
        var headers = body.Headers.DistinctBy(h => h.Name).ToDictionary(h => h.Name, h => Encoding.UTF8.GetString(h.Value.Span));
        var text = body.Value is { } value ? Encoding.UTF8.GetString(value.Span) : null;
        return TypedResults.Json(new QuarantineBody(found.Record, headers, text), ProfileJson.Default.QuarantineBody);
    }

    internal static ProblemHttpResult NoSuchRecord() => Problem.NotFound("There is no such record in quarantine.");

    internal static ProblemHttpResult BodyGone(QuarantinedRecord record) => record.State == "replayed"
        ? Problem.Of(StatusCodes.Status409Conflict, "already-replayed", "This record was taken already; there is nothing left to do.")
        : Problem.Of(StatusCodes.Status410Gone, "quarantine-expired", "The body of this record was kept for a limited time, which is over.");

    /// <summary>
    /// The record with the body of a call in its place: a CloudEvent in structured mode, plain JSON, or, of a record in binary mode and of a
    /// Segment message, JSON of the same kind as before. Null, and an error, where the call sends something else.
    /// </summary>
    internal static async Task<LogRecord?> EditedAsync(
        LogRecord original, HttpRequest request, ProfileSettings settings, FieldErrors errors, CancellationToken cancellation)
    {
        if (CloudEvents.MediaTypeOf(request.ContentType) is not (CloudEvents.StructuredType or CloudEvents.DataType))
        {
            errors.Add("content-type", $"Send the corrected event as {CloudEvents.StructuredType} or {CloudEvents.DataType}.");
            return null;
        }
        if (await BoundedBody.ReadAsync(request.Body, settings.BodyBytesMax, cancellation) is not { } body)
        {
            errors.Add("", "The body is larger than this service takes.");
            return null;
        }
        var headers = original.Headers.Where(h => !h.Name.Equals("content-type", StringComparison.OrdinalIgnoreCase));
        return original with { Headers = [.. headers, new LogHeader("content-type", Encoding.UTF8.GetBytes(request.ContentType!))], Value = body };
    }
}
