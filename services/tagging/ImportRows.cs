using System.Globalization;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;
using Patron.Runtime.Hosting;

namespace Patron.Tagging;

/// <summary>What a row asks for.</summary>
/// <param name="Until">When it is to end; null for the tag's own expiry.</param>
internal sealed record AssignmentRow(long Row, Guid Customer, string Tag, bool Takes, string Reason, DateTimeOffset? Until);

/// <summary>What is wrong with a row, of which nothing was taken.</summary>
/// <param name="Row">As a spreadsheet counts: the first row of the file is 1.</param>
/// <param name="Column">Empty when the row as a whole is meant.</param>
internal sealed record RowFault(long Row, string Column, string Reason);

/// <summary>Reads files of assignments: CSV by RFC 4180 with a header, or a JSON object a line, both in UTF-8 and with the same columns.</summary>
/// <param name="now">Business time.</param>
internal sealed class ImportRows(DateTimeOffset now)
{
    private static readonly string[] Columns = ["customer", "tag", "action", "reason", "until"];
    private static readonly string[] Needed = ["customer", "tag"];

    /// <summary>What is wrong with a header, as a sentence, or null.</summary>
    public static string? WrongHeader(IReadOnlyList<string> header) =>
        Needed.FirstOrDefault(column => !header.Contains(column)) is { } missing ? $"There is no column {missing}: write it into the first row."
        : header.FirstOrDefault(column => !Columns.Contains(column)) is { } unknown
            ? $"There is no column \"{unknown}\" here: take it out, or use one of {string.Join(", ", Columns)}."
        : header.Distinct().Count() != header.Count ? "A column stands twice in the first row: take one out."
        : null;

    /// <summary>Each row, or what is wrong with it.</summary>
    public async IAsyncEnumerable<(AssignmentRow? Row, RowFault? Fault)> JsonAsync(TextReader file)
    {
        for (var row = 1L; await file.ReadLineAsync() is { } line; row++)
        {
            if (!string.IsNullOrWhiteSpace(line))
                yield return OfJson(row, line);
        }
    }

    /// <inheritdoc cref="JsonAsync"/>
    /// <exception cref="InvalidDataException">The header is wrong.</exception>
    public async IAsyncEnumerable<(AssignmentRow? Row, RowFault? Fault)> CsvAsync(TextReader file)
    {
        var isBad = false;
        var rules = new CsvConfiguration(CultureInfo.InvariantCulture) { HasHeaderRecord = false, IgnoreBlankLines = false, BadDataFound = _ => isBad = true };
        using var parser = new CsvParser(file, rules);
        var header = await parser.ReadAsync() ? parser.Record!.Select(name => name.Trim().ToLowerInvariant()).ToList() : [];
        if (WrongHeader(header) is { } wrong)
            throw new InvalidDataException(wrong);
        for (isBad = false; await parser.ReadAsync(); isBad = false)
        {
            var (row, cells) = ((long)parser.Row, parser.Record!);
            if (cells is [""])
                continue;
            if (isBad)
                yield return (null, new(row, "", "The quotes of this row are wrong; put quotes around a text with commas, quotes or line ends."));
            else if (cells.Length != header.Count)
                yield return (null, new(row, "", $"This row has {cells.Length} cells and the header has {header.Count}."));
            else
                yield return Of(row, column => header.IndexOf(column) is var at and >= 0 && cells[at].Trim() is { Length: > 0 } cell ? cell : null);
        }
    }

    private (AssignmentRow? Row, RowFault? Fault) OfJson(long row, string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return (null, new(row, "", "A row must be an object in braces."));
            var faults = new DocumentFaults();
            var from = new DocumentObject(document.RootElement, "", faults);
            var texts = Columns.ToDictionary(column => column, column => from.Text(column, text => text.Length > 0, "This must be a text."));
            from.Done();
            return faults.Found is [var fault, ..] ? (null, new(row, fault.Path.TrimStart('/'), fault.Detail)) : Of(row, column => texts[column]);
        }
        catch (JsonException)
        {
            return (null, new(row, "", "This is not JSON that can be taken."));
        }
    }

    private (AssignmentRow? Row, RowFault? Fault) Of(long row, Func<string, string?> cell)
    {
        (AssignmentRow?, RowFault?) Wrong(string column, string why) => (null, new(row, column, why));
        if (!Guid.TryParseExact(cell("customer"), "D", out var customer))
            return Wrong("customer", "This must be the id of a customer, such as 0b6f7a52-5f0e-7000-8000-000000000001.");
        if (cell("tag") is not { } tag || !PutTaxonomyNode.IsId(tag))
            return Wrong("tag", "This must be the id of a tag, such as content/topics/styling.");
        if (cell("action") is not (null or "add" or "remove"))
            return Wrong("action", "This must be add, remove or empty, which adds.");
        var reason = cell("reason") ?? "";
        if (reason.Length > TagCustomer.ReasonMax)
            return Wrong("reason", $"This must be at most {TagCustomer.ReasonMax} characters.");
        if (cell("until") is not { } text)
            return (new(row, customer, tag, cell("action") == "remove", reason, null), null);
        return TagCustomer.Moment(text) is not { } until || TagCustomer.WrongUntil(until, now) is not null
            ? Wrong("until", "This must be a moment after now and within ten years, such as 2027-06-30T00:00:00Z.")
            : (new(row, customer, tag, cell("action") == "remove", reason, until), null);
    }
}
