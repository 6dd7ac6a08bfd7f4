using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;
using CsvHelper.Configuration;

namespace Patron.Profile;

/// <summary>The rows of a block, one after the other.</summary>
internal abstract class Rows : IDisposable
{
    /// <summary>What is wrong with the row as a whole; null when its columns can be read.</summary>
    public string? Fault { get; protected set; }

    /// <summary>A blank line.</summary>
    public bool IsBlank { get; protected set; }

    public abstract bool Next();

    /// <summary>The text of a column, null when the row lacks it. May add a <see cref="Fault"/>.</summary>
    public abstract string? Value(int column);

    public abstract void Dispose();

    public static Rows Of(RecordBlock block, RowFormat format, IReadOnlyList<string> columns) =>
        format.IsCsv ? new CsvRows(block.Rented, block.Bytes.Length, format.Delimiter, columns.Count) : new JsonRows(block, columns);
}

/// <summary>Rows of CSV by RFC 4180, parsed by CsvHelper.</summary>
internal sealed class CsvRows : Rows
{
    private readonly CsvParser parser;
    private readonly int columns;
    private bool isBad;

    /// <param name="utf8">Whole rows, in the first <paramref name="length"/> bytes.</param>
    /// <param name="length">Bytes of them.</param>
    /// <param name="delimiter">Between fields.</param>
    /// <param name="columns">How many fields a row has; 0 for any number.</param>
    public CsvRows(byte[] utf8, int length, byte delimiter, int columns)
    {
        this.columns = columns;
        var rules = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = ((char)delimiter).ToString(),
            HasHeaderRecord = false,
            IgnoreBlankLines = false,
            BadDataFound = _ => isBad = true,
        };
        parser = new CsvParser(new StreamReader(new MemoryStream(utf8, 0, length), Encoding.UTF8, detectEncodingFromByteOrderMarks: false), rules);
    }

    public override bool Next()
    {
        (isBad, Fault, IsBlank) = (false, null, false);
        if (!parser.Read())
            return false;
        IsBlank = parser.Count == 1 && parser[0].Length == 0;
        if (columns > 0 && parser.Count != columns && !IsBlank)
        {
            Fault = FormattableString.Invariant(
                $"The row has {parser.Count} fields and the header {columns}; put quotes around a text with delimiters.");
        }
        return true;
    }

    public override string? Value(int column)
    {
        if (column >= parser.Count)
            return null;
        var value = parser[column];
        if (isBad)
            Fault ??= "A quote stands within a field that does not begin with one; put quotes around the field and double those in it.";
        return Formula.Restored(value);
    }

    /// <summary>All cells of a row.</summary>
    public static IReadOnlyList<string> CellsOf(ReadOnlySpan<byte> row, byte delimiter)
    {
        using var rows = new CsvRows(row.ToArray(), row.Length, delimiter, 0);
        return rows.Next() && rows.parser.Record is { } cells && !rows.Next() ? cells : [Encoding.UTF8.GetString(row)];
    }

    public override void Dispose() => parser.Dispose();
}

/// <summary>Rows of NDJSON: an object a line, whose nested members are columns with dots in their names.</summary>
internal sealed class JsonRows(RecordBlock block, IReadOnlyList<string> columns) : Rows
{
    private readonly Dictionary<string, int> indexOf = columns.Index().ToDictionary(c => c.Item, c => c.Index);
    private readonly string?[] values = new string?[columns.Count];
    private int at = -1;

    public override bool Next()
    {
        if (++at >= block.Count)
            return false;
        Array.Clear(values);
        IsBlank = block[at].Trim(" \t"u8).IsEmpty;
        Fault = null;
        if (IsBlank)
            return true;
        if (Flatten(block[at]) is not { } members)
        {
            Fault = "This is not one JSON object in a line.";
            return true;
        }
        foreach (var (name, text) in members)
        {
            if (indexOf.TryGetValue(name, out var index))
                values[index] = text;
            else
                Fault ??= $"No row before had '{(name.Length > 64 ? name[..64] : name)}'; name the fields that count with a map.";
        }
        return true;
    }

    public override string? Value(int column) => values[column];

    public override void Dispose()
    {
    }

    /// <summary>Members and their texts, null for what is no object. Arrays and nulls are left out.</summary>
    internal static List<(string Name, string Text)>? Flatten(ReadOnlySpan<byte> line)
    {
        try
        {
            var reader = new Utf8JsonReader(line);
            using var json = JsonDocument.ParseValue(ref reader);
            if (json.RootElement.ValueKind != JsonValueKind.Object || reader.Read())
                return null;
            var members = new List<(string, string)>();
            Add(json.RootElement, "", members);
            return members;
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static void Add(JsonElement json, string prefix, List<(string, string)> members)
    {
        foreach (var member in json.EnumerateObject())
        {
            if (member.Value.ValueKind == JsonValueKind.Object)
                Add(member.Value, $"{prefix}{member.Name}.", members);
            else if (member.Value.ValueKind is JsonValueKind.String)
                members.Add((prefix + member.Name, member.Value.GetString()!));
            else if (member.Value.ValueKind is JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False)
                members.Add((prefix + member.Name, member.Value.GetRawText()));
        }
    }
}
