using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

internal sealed record QuarantineList(IReadOnlyList<QuarantinedRecord> Records);

/// <summary>A record with its body, which is personal: for whoever corrects it.</summary>
internal sealed record QuarantineBody(QuarantinedRecord Record, IReadOnlyDictionary<string, string> Headers, string? Body);

/// <summary>Operators look at records that could not be taken, and have them taken after all: as they are, or corrected.</summary>
internal static class QuarantineEndpoints
{
    private const int PageMax = 200;

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/quarantine", ListAsync).RequireApiKey("operate");
        app.MapGet("/v1/quarantine/{id:guid}", ReadAsync).RequireApiKey("operate");
        app.MapPost("/v1/quarantine/{id:guid}/replay", ReplayAsync).RequireApiKey("operate");
    }

    private static async Task<IResult> ListAsync(Guid? before, int? limit, QuarantineStore quarantine, CancellationToken cancellation)
    {
        if (limit is < 1 or > PageMax)
            return Problem.Invalid(new FieldError("limit", $"This must be from 1 to {PageMax}."));
        return TypedResults.Json(new QuarantineList(await quarantine.ListAsync(before, limit ?? PageMax, cancellation)), ProfileJson.Default.QuarantineList);
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

    /// <summary>Without a body the record is tried again as it is; with one (structured mode), that is taken in its place. A retry is safe.</summary>
    private static async Task<IResult> ReplayAsync(
        Guid id, HttpRequest request, QuarantineStore quarantine, RecordReader records, IngestReader reader, Ingestion ingestion, BusinessClock clock,
        CancellationToken cancellation)
    {
        if (await quarantine.FindAsync(id, cancellation) is not { } found)
            return NoSuchRecord();
        if (found.Body is not { } original)
            return BodyGone(found.Record);

        var errors = new FieldErrors();
        var told = IsCorrected(request)
            ? await CorrectedAsync(request, reader, clock.GetUtcNow(), errors, cancellation)
            : records.Read(original, clock.GetUtcNow(), errors);
        if (told is null)
            return Problem.Invalid(errors.Found);
        var taken = (await ingestion.TakeAsync([told], allOrNone: true, cancellation))[0];
        if (taken.As is not (TakenAs.Accepted or TakenAs.Repeated))
            return Problem.Of(StatusCodes.Status409Conflict, "event-conflict", taken.Detail!);
        await quarantine.SettleAsync(id, cancellation);
        return TypedResults.Json(new EventsTaken([PostEvents.Named(taken)]), ProfileJson.Default.EventsTaken, statusCode: StatusCodes.Status202Accepted);
    }

    private static bool IsCorrected(HttpRequest request) => request.ContentType is not null;

    private static async Task<Told?> CorrectedAsync(
        HttpRequest request, IngestReader reader, DateTimeOffset now, FieldErrors errors, CancellationToken cancellation)
    {
        if (CloudEvents.MediaTypeOf(request.ContentType) != CloudEvents.StructuredType)
        {
            errors.Add("content-type", $"Send the corrected event as {CloudEvents.StructuredType}, or no body to try the record as it is.");
            return null;
        }
        using var body = await JsonBody.ParseAsync(request.Body, errors, cancellation);
        return body is not null && CloudEvents.Structured(body.RootElement, "", errors) is { } given ? reader.Read(given, now, errors) : null;
    }

    private static ProblemHttpResult NoSuchRecord() => Problem.NotFound("There is no such record in quarantine.");

    private static ProblemHttpResult BodyGone(QuarantinedRecord record) => record.State == "replayed"
        ? Problem.Of(StatusCodes.Status409Conflict, "already-replayed", "This record was taken already; there is nothing left to do.")
        : Problem.Of(StatusCodes.Status410Gone, "quarantine-expired", "The body of this record was kept for a limited time, which is over.");
}
