using System.Text;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>
/// A file of rows is uploaded: the body is the file itself, taken as it arrives and never kept; where it stops, sending it again goes on, because
/// what went in is recognised. <c>GET /v1/imports/{id}</c> tells how far it is meanwhile.
/// </summary>
internal static class PostImport
{
    public const string Scope = "ingest";

    public static void Map(WebApplication app)
    {
        // As long as the file may be: it is taken block by block.
        app.MapPost("/v1/imports", PostAsync).RequireApiKey(Scope).WithMetadata(new DisableRequestSizeLimitAttribute());
        app.MapGet("/v1/imports/{id:guid}", ReadAsync).RequireApiKey(Scope);
        app.MapGet("/v1/imports/{id:guid}/errors", ErrorsAsync).RequireApiKey(Scope);
    }

    /// <param name="context">The call.</param>
    /// <param name="id">Chosen by the caller, so that it can ask for progress while it sends; made when absent.</param>
    /// <param name="time">When rows without a time happened; the same when a file is sent again, or its rows conflict with themselves.</param>
    private static async Task<IResult> PostAsync(
        HttpContext context, Guid? id, string? kind, string? map, string? source, string? encoding, string? format, DateTimeOffset? time, string? zone,
        ImportUpload upload, BusinessClock clock, CancellationToken cancellation)
    {
        var wanted = RowKind.All.FirstOrDefault(k => k.Name == kind);
        if (wanted is null)
            return Problem.Invalid(new FieldError("kind", $"Say what the rows are: {string.Join(", ", RowKind.All.Select(k => k.Name))}."));
        if (format is not (null or "csv" or "ndjson"))
            return Problem.Invalid(new FieldError("format", "This must be csv or ndjson."));
        if (zone is not null && Normal.TimeZone(zone) is null)
            return Problem.Invalid(new FieldError("zone", "This is not a time zone of the IANA database, such as Asia/Hong_Kong."));
        var caller = context.GetApiCaller();
        var from = source ?? $"/import/{wanted.Name}";
        if (!caller.MaySend(from))
            return Problem.Of(StatusCodes.Status403Forbidden, "source-not-allowed", "This API key may not send rows of this source; nothing was taken.");
        if (wanted.IsCatalogue && !caller.Scopes.Contains(CatalogueModule.WriteScope))
            return CatalogueModule.MayNotWrite();

        try
        {
            var options = new ImportOptions(
                wanted, map is null ? null : ColumnMap.Parse(map), encoding, format, from, time,
                zone is null ? null : TimeZoneInfo.FindSystemTimeZoneById(zone));
            var import = await upload.RunAsync(id ?? Guid.CreateVersion7(clock.GetUtcNow()), context.Request.Body, options, cancellation);
            return import is null
                ? Problem.Of(StatusCodes.Status409Conflict, "import-exists", "There is an import of this id already; choose another.")
                : TypedResults.Json(import, ProfileJson.Default.ImportView);
        }
        catch (FormatException wrong)
        {
            return Problem.Invalid(new FieldError("map", wrong.Message));
        }
    }

    private static async Task<IResult> ReadAsync(Guid id, ImportStore imports, CancellationToken cancellation) =>
        await imports.FindAsync(id, cancellation) is { } import
            ? TypedResults.Json(import, ProfileJson.Default.ImportView)
            : Problem.NotFound("There is no import of this id.");

    /// <summary>CSV of number, column and reason before the cells of each wrong row: corrected, it can be imported as it is.</summary>
    private static async Task<IResult> ErrorsAsync(Guid id, ImportStore imports, CancellationToken cancellation)
    {
        if (await imports.FindAsync(id, cancellation) is null)
            return Problem.NotFound("There is no import of this id.");
        return TypedResults.Stream(stream => WriteErrorsAsync(imports.ErrorsAsync(id, cancellation), stream, cancellation), "text/csv; charset=utf-8");
    }

    private static async Task WriteErrorsAsync(IAsyncEnumerable<RowFault> errors, Stream stream, CancellationToken cancellation)
    {
        var text = new StringBuilder();
        await foreach (var error in errors)
        {
            string[] before = error.Row == 0
                ? ["row", "column", "reason"]
                : [error.Row.ToString(System.Globalization.CultureInfo.InvariantCulture), error.Column, error.Reason];
            CellText.AddRow(text, before.Concat(error.Cells));
            if (text.Length < 32 * 1024)
                continue;
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellation);
            text.Clear();
        }
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text.ToString()), cancellation);
    }
}
