using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Patron.Profile;

namespace Patron.Tool.Import;

/// <summary>
/// The rows that did not go in, each with its number, column and reason before its own cells, under the header of the file: corrected, it can
/// be imported as it is. Readable by its owner only, since rows are personal.
/// </summary>
internal sealed class ErrorFile : IDisposable
{
    private static readonly string[] Columns = ["row", "column", "reason"];
    private readonly ImportSource source;
    private readonly FileStream file;
    private readonly StringBuilder text = new();

    /// <param name="path">Written anew, or from <paramref name="keptBytes"/> on.</param>
    /// <param name="keptBytes">What an interrupted run had written for sure.</param>
    /// <param name="source">The file that is imported.</param>
    /// <exception cref="InvalidDataException">Somebody shortened it meanwhile.</exception>
    public ErrorFile(string path, long keptBytes, ImportSource source)
    {
        this.source = source;
        file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        if (file.Length < keptBytes)
            throw new InvalidDataException($"{path} is shorter than the interrupted import had left it; start anew without --resume.");
        file.SetLength(keptBytes);
        file.Seek(0, SeekOrigin.End);
    }

    public long Length => file.Length;

    public void Write(IEnumerable<RowFault> faults)
    {
        foreach (var fault in faults)
        {
            if (file.Length == 0 && text.Length == 0 && source.Format.IsCsv)
                CellText.AddRow(text, Columns.Concat(source.Header), (char)source.Format.Delimiter);
            if (source.Format.IsCsv)
                CellText.AddRow(text, [Number(fault.Row), fault.Column, fault.Reason, .. fault.Cells], (char)source.Format.Delimiter);
            else
                AddJson(fault);
        }
        file.Write(Encoding.UTF8.GetBytes(text.ToString()));
        text.Clear();
    }

    public void Flush() => file.Flush(flushToDisk: true);

    public void Dispose() => file.Dispose();

    // The members of the row stay members, so that a corrected line can be taken.
    private void AddJson(RowFault fault)
    {
        text.Append(CultureInfo.InvariantCulture, $"{{\"row\":{fault.Row},\"column\":{Quoted(fault.Column)},\"reason\":{Quoted(fault.Reason)}");
        var row = fault.Cells[0].Trim();
        if (JsonRows.Flatten(Encoding.UTF8.GetBytes(row)) is { Count: > 0 })
            text.Append(',').Append(row.AsSpan(1)).Append('\n');
        else
            text.Append(CultureInfo.InvariantCulture, $",\"line\":{Quoted(row)}}}\n");
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Quoted(string text) => $"\"{JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(text)}\"";
}
