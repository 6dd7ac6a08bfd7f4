using System.Text;

namespace Patron.Profile;

/// <summary>Writes cells of CSV (RFC 4180).</summary>
internal static class CellText
{
    /// <summary>A text, harmless in a spreadsheet; an import takes it back as it was.</summary>
    public static void Add(StringBuilder row, string? text, char delimiter = ',')
    {
        if (string.IsNullOrEmpty(text))
            return;
        var cell = Formula.Neutralised(text);
        if (cell.AsSpan().IndexOfAny(['"', '\n', '\r', delimiter]) < 0 && !char.IsWhiteSpace(cell[0]) && !char.IsWhiteSpace(cell[^1]))
            row.Append(cell);
        else
            row.Append('"').Append(cell.Replace("\"", "\"\"", StringComparison.Ordinal)).Append('"');
    }

    /// <summary>A whole row of texts with its line end.</summary>
    public static void AddRow(StringBuilder row, IEnumerable<string?> cells, char delimiter = ',')
    {
        var isFirst = true;
        foreach (var cell in cells)
        {
            if (!isFirst)
                row.Append(delimiter);
            Add(row, cell, delimiter);
            isFirst = false;
        }
        row.Append('\n');
    }
}
