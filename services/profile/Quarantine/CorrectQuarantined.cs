using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>An operator edits a record that could not be taken; it is replayed later, alone or with others.</summary>
internal static class CorrectQuarantined
{
    public static void Map(WebApplication app) => app.MapPut("/v1/quarantine/{id:guid}", CorrectAsync).RequireApiKey("operate");

    /// <summary>Kept only when it is right; a later correction takes the place of an earlier one. A retry is safe.</summary>
    private static async Task<IResult> CorrectAsync(
        Guid id, HttpContext context, QuarantineStore quarantine, QuarantineReader reader, ProfileSettings settings, CancellationToken cancellation)
    {
        if (await quarantine.FindAsync(id, cancellation) is not { } found)
            return QuarantineEndpoints.NoSuchRecord();
        if (found.Body is not { } original)
            return QuarantineEndpoints.BodyGone(found.Record);
        var errors = new FieldErrors();
        var edited = await QuarantineEndpoints.EditedAsync(original, context.Request, settings, errors, cancellation);
        if (edited is null || (await reader.ReadAsync(found.Record, edited, errors, cancellation)) is null)
            return Problem.Invalid(errors.Found);
        // Between the look and the change another operator may have replayed it.
        await quarantine.CorrectAsync(id, edited, context.GetApiCaller().Name, cancellation);
        return await quarantine.FindAsync(id, cancellation) is { Body: not null } corrected
            ? TypedResults.Json(corrected.Record, ProfileJson.Default.QuarantinedRecord)
            : QuarantineEndpoints.BodyGone(found.Record with { State = "replayed" });
    }
}
