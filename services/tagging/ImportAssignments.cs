using System.Text;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <param name="Rows">That were read; each of them counts under one of the next three.</param>
/// <param name="Unchanged">Customers who held the tag by this file already, or no longer had what was to be taken.</param>
/// <param name="Errors">Of the first <see cref="ImportAssignments.ErrorsMax"/> failed rows.</param>
internal sealed record ImportAnswer(string File, long Rows, long Changed, long Unchanged, long Failed, IReadOnlyList<RowFault> Errors);

/// <summary>
/// Gives and takes tags by a file. A row is taken whole or not at all, and a wrong one holds up no other. The same file again changes nothing,
/// so what was cut off is sent again; only a file of another name prolongs what has an end.
/// </summary>
internal static class ImportAssignments
{
    public const int ErrorsMax = 1_000;
    private const int BodyBytesMax = 64 * 1024 * 1024;
    private const int FileMax = 100;
    private const int BlockRows = 1_000;

    public static void Map(IEndpointRouteBuilder routes) => routes.MapPost("/assignments", PostAsync).RequireApiKey("operate")
        .WithMetadata(new RequestSizeLimitAttribute(BodyBytesMax));

    /// <param name="context">The body is the file: <c>text/csv</c> or <c>application/x-ndjson</c>, in UTF-8.</param>
    /// <param name="file">Its name, which stands in the provenance of what it gives; 1 to 100 characters, without personal data.</param>
    private static async Task<IResult> PostAsync(
        HttpContext context, string? file, TaxonomyBook book, BusinessClock clock, [FromKeyedServices(Module.Name)] ServiceRuntime service,
        CancellationToken cancellation)
    {
        if (file is not { Length: > 0 and <= FileMax })
            return Problem.Invalid(new FieldError("file", $"Write the file's name, 1 to {FileMax} characters: it stands in the provenance of every tag."));
        var type = (context.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();
        if (type is not ("text/csv" or "application/x-ndjson"))
        {
            return Problem.Of(
                StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "The body must be text/csv or application/x-ndjson, in UTF-8.");
        }

        await book.RefreshAsync(cancellation);
        var now = clock.GetUtcNow();
        var rows = new ImportRows(now);
        using var text = new StreamReader(context.Request.Body, new UTF8Encoding(false));
        var answer = new ImportAnswer(file, 0, 0, 0, 0, []);
        try
        {
            await foreach (var block in (type == "text/csv" ? rows.CsvAsync(text) : rows.JsonAsync(text)).Chunk(BlockRows).WithCancellation(cancellation))
                answer = await TakeAsync(answer, block, book, now, service, cancellation);
        }
        catch (InvalidDataException wrong)
        {
            return Problem.Invalid(new FieldError("", wrong.Message));
        }

        return TypedResults.Json(answer, TaggingJson.Default.ImportAnswer);
    }

    private static async Task<ImportAnswer> TakeAsync(
        ImportAnswer sum, (AssignmentRow? Row, RowFault? Fault)[] block, TaxonomyBook book, DateTimeOffset now, ServiceRuntime service,
        CancellationToken cancellation)
    {
        var right = block.Select(read => read.Row).OfType<AssignmentRow>().ToList();
        var results = await service.ExecuteAsync([.. right.Select(row => CommandOf(row, sum.File, book, now))], cancellation);
        var faults = block.Select(read => read.Fault).OfType<RowFault>()
            .Concat(right.Zip(results).Where(row => row.Second.Refusal is not null).Select(row =>
                new RowFault(row.First.Row, row.Second.Refusal is NoSuchTag or GivenByRule ? "tag" : "customer", row.Second.Refusal!.Detail)))
            .OrderBy(fault => fault.Row).ToList();
        var changed = results.LongCount(result => result.Events.Count > 0);
        return sum with
        {
            Rows = sum.Rows + block.Length,
            Changed = sum.Changed + changed,
            Unchanged = sum.Unchanged + block.Length - changed - faults.Count,
            Failed = sum.Failed + faults.Count,
            Errors = [.. sum.Errors.Concat(faults).Take(ErrorsMax)],
        };
    }

    private static Command CommandOf(AssignmentRow row, string file, TaxonomyBook book, DateTimeOffset now) =>
        CustomerTags.Kind.Command(row.Customer, row.Customer, (tags, owner) =>
        {
            if (row.Takes)
                return AssignTag.Take(tags, row.Tag, file, row.Reason, now);
            var next = new Assignment(row.Tag, Giver.Import, file, Version: 0, row.Reason, now) { Origin = row.Customer == owner ? null : row.Customer };
            var isAgain = tags.Find(next.Key) is { } known && known.By == file;
            return AssignTag.Ask(tags, book.Current, next with
            {
                Until = row.Until ?? (isAgain ? tags.Find(next.Key)!.Until : book.Current.Tag(row.Tag)?.EndOf(now)),
            });
        });
}
