using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Patron.Profile;

/// <summary>
/// Rows of an export. What is written is handed on as soon as there is enough of it, so that memory does not grow with the export.
/// </summary>
internal abstract class ExportRows(Stream stream) : IDisposable
{
    private const int HandOnBytes = 64 * 1024;

    protected ArrayBufferWriter<byte> Bytes { get; } = new(2 * HandOnBytes);

    public static ExportRows Open(Stream stream, bool isCsv, IReadOnlyList<string> columns) =>
        isCsv ? new CsvExport(stream, columns) : new JsonExport(stream, columns);

    /// <summary>The next column; nothing known leaves it empty.</summary>
    public abstract void Text(string? value);

    /// <summary>The next column.</summary>
    public abstract void Number(long value);

    public async ValueTask EndRowAsync(CancellationToken cancellation)
    {
        EndRow();
        if (Bytes.WrittenCount >= HandOnBytes)
            await HandOnAsync(cancellation);
    }

    public async ValueTask HandOnAsync(CancellationToken cancellation)
    {
        await stream.WriteAsync(Bytes.WrittenMemory, cancellation);
        await stream.FlushAsync(cancellation);
        Bytes.ResetWrittenCount();
    }

    public abstract void Dispose();

    protected abstract void EndRow();
}

/// <summary>CSV. Texts that a spreadsheet would run are neutralised, and come back whole by an import; numbers stay numbers.</summary>
internal sealed class CsvExport : ExportRows
{
    private readonly StringBuilder row = new();
    private bool isFirst = true;

    public CsvExport(Stream stream, IReadOnlyList<string> columns) : base(stream)
    {
        foreach (var column in columns)
            Text(column);
        EndRow();
    }

    public override void Text(string? value)
    {
        Part();
        CellText.Add(row, value);
    }

    public override void Number(long value)
    {
        Part();
        row.Append(CultureInfo.InvariantCulture, $"{value}");
    }

    public override void Dispose()
    {
    }

    protected override void EndRow()
    {
        row.Append('\n');
        Encoding.UTF8.GetBytes(row.ToString(), Bytes);
        row.Clear();
        isFirst = true;
    }

    private void Part()
    {
        if (!isFirst)
            row.Append(',');
        isFirst = false;
    }
}

/// <summary>NDJSON: an object a line, without members for what is not known.</summary>
internal sealed class JsonExport : ExportRows
{
    private readonly IReadOnlyList<string> columns;
    private readonly Utf8JsonWriter json;
    private int column;

    public JsonExport(Stream stream, IReadOnlyList<string> columns) : base(stream)
    {
        this.columns = columns;
        json = new Utf8JsonWriter(Bytes, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
    }

    public override void Text(string? value)
    {
        if (!string.IsNullOrEmpty(value))
            json.WriteString(columns[column], value);
        column++;
    }

    public override void Number(long value) => json.WriteNumber(columns[column++], value);

    public override void Dispose() => json.Dispose();

    protected override void EndRow()
    {
        json.WriteEndObject();
        json.Flush();
        Bytes.Write("\n"u8);
        json.Reset(Bytes);
        json.WriteStartObject();
        column = 0;
    }
}
