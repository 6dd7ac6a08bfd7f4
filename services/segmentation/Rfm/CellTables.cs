using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Segmentation.Rfm;

/// <summary>A table of names for RFM cells.</summary>
/// <param name="Revision">From 1 on; 0 for that of the settings, which nobody put.</param>
/// <param name="Rows">As <see cref="RfmCells"/> reads them.</param>
internal sealed record CellTable(int Revision, IReadOnlyList<string> Rows, DateTimeOffset? PutAt, string? PutBy);

/// <summary>The tables of names that people put, to which rows are only ever added, which the database itself sees to.</summary>
internal static class CellTables
{
    private const int BytesMax = 64 * 1024;
    private const int RowsMax = RfmCells.Combinations;
    private const int RowCharactersMax = 100;

    public static Runtime.EventStore.Migration Migration { get; } = Runtime.EventStore.Migration.Embedded("rfm.sql");

    public static void Map(RouteGroupBuilder routes)
    {
        routes.MapGet("/rfm/cells", async (
            ValueSettings settings, [FromKeyedServices(Module.Name)] ServiceRuntime service, CancellationToken cancellation) =>
            TypedResults.Json(await LastAsync(service.Database, settings, cancellation), CellJson.Default.CellTable));
        routes.MapPut("/rfm/cells", PutAsync).RequireApiKey("operate").WithMetadata(new RequestSizeLimitAttribute(BytesMax));
    }

    /// <summary>The table that counts.</summary>
    public static async Task<CellTable> LastAsync(NpgsqlDataSource database, ValueSettings settings, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select revision, rows, put_at, put_by from rfm_cell_tables order by revision desc limit 1");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation)
            ? new(row.GetInt32(0), row.GetFieldValue<string[]>(1), new DateTimeOffset(row.GetDateTime(2), TimeSpan.Zero), row.GetString(3))
            : new(0, settings.CellRows, null, null);
    }

    /// <summary>
    /// Puts another table; the body is an object with <c>rows</c>. The same rows again change nothing, so a retry is safe; of two that are put at once
    /// one is refused.
    /// </summary>
    private static async Task<IResult> PutAsync(
        HttpContext context, ValueSettings settings, BusinessClock clock, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        var faults = new DocumentFaults();
        var rows = await ReadAsync(context.Request.Body, faults, cancellation);
        if (faults.Found.Count > 0)
            return Problem.Invalid(faults.Found);
        if (RfmCells.Read(rows).Faults is { Count: > 0 } wrong)
            return Problem.Invalid([.. wrong.Select(fault => new FieldError("/rows", $"{char.ToUpperInvariant(fault[0])}{fault[1..]}."))]);
        var last = await LastAsync(service.Database, settings, cancellation);
        if (last.Rows.SequenceEqual(rows))
            return TypedResults.Json(last, CellJson.Default.CellTable);
        var put = new CellTable(last.Revision + 1, rows, clock.GetUtcNow(), context.GetApiCaller().Name);
        return await TryAddAsync(service.Database, put, cancellation)
            ? TypedResults.Json(put, CellJson.Default.CellTable)
            : Problem.Of(StatusCodes.Status409Conflict, "cells-changed", "Somebody else changed the table at the same moment: try again.");
    }

    private static async Task<IReadOnlyList<string>> ReadAsync(Stream body, DocumentFaults faults, CancellationToken cancellation)
    {
        try
        {
            using var document = await JsonDocument.ParseAsync(body, new JsonDocumentOptions { AllowDuplicateProperties = false }, cancellation);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
            {
                var root = new DocumentObject(document.RootElement, "", faults);
                if (!root.Has("rows"))
                    root.Fault("rows", "This field is missing: write a list of rows such as champions 4-5 4-5 4-5.");
                var rows = root.Texts("rows", RowsMax, row => row.Length <= RowCharactersMax, $"This must be a text of at most {RowCharactersMax} characters.");
                root.Done();
                return rows;
            }
        }
        catch (JsonException)
        {
            // Told as what is no object.
        }

        faults.Add("", "A table must be a JSON object in braces with the field rows.");
        return [];
    }

    private static async Task<bool> TryAddAsync(NpgsqlDataSource database, CellTable added, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "insert into rfm_cell_tables (revision, rows, put_at, put_by) values ($1, $2, $3, $4) on conflict do nothing");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = added.Revision });
        command.Parameters.Add(Statements.Texts(added.Rows));
        command.Parameters.Add(new NpgsqlParameter<DateTime>
        {
            TypedValue = added.PutAt!.Value.UtcDateTime, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz,
        });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.PutBy! });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(CellTable))]
internal sealed partial class CellJson : JsonSerializerContext;
