using System.Text.Json;

namespace Patron.Profile;

/// <summary>Which column of a file fills which field; a name in single quotes is a text that fills it in every row.</summary>
internal sealed record ColumnMap(IReadOnlyList<(string Column, string Field)> Pairs)
{
    /// <summary>Columns that are called like fields fill these; all others are left out.</summary>
    public static ColumnMap Same(IEnumerable<string> columns, RowKind kind) => new([.. columns.Where(c => kind.Find(c) is not null).Select(c => (c, c))]);

    /// <summary><c>E-mail=email,First name=givenName</c>, or a JSON object of such pairs.</summary>
    /// <exception cref="FormatException">It is neither.</exception>
    public static ColumnMap Parse(string text)
    {
        if (text.TrimStart().StartsWith('{'))
            return FromJson(text);
        var pairs = new List<(string, string)>();
        foreach (var pair in text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var equals = pair.LastIndexOf('=');
            if (equals < 1 || equals == pair.Length - 1)
                throw new FormatException($"'{pair}' does not map a column to a field; write column=field, such as E-mail=email.");
            pairs.Add((pair[..equals].Trim(), pair[(equals + 1)..].Trim()));
        }
        return new ColumnMap(pairs);
    }

    public override string ToString() => string.Join(',', Pairs.Select(p => $"{p.Column}={p.Field}"));

    private static ColumnMap FromJson(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return new ColumnMap([.. json.RootElement.EnumerateObject().Select(p => (p.Name, p.Value.GetString()!))]);
        }
        catch (Exception wrong) when (wrong is JsonException or InvalidOperationException)
        {
            throw new FormatException("A map in JSON is one object of texts, such as {\"E-mail\": \"email\"}.", wrong);
        }
    }
}

/// <summary>A map bound to the columns that a file has.</summary>
internal sealed class BoundMap
{
    private readonly List<(int Index, string Text, ImportField Field)> fields = [];
    private readonly Dictionary<string, string> columnOf = [];

    /// <exception cref="FormatException">A field does not exist, or the file lacks a column; the message says which.</exception>
    public BoundMap(ColumnMap map, IReadOnlyList<string> columns, RowKind kind)
    {
        Columns = columns;
        foreach (var (column, name) in map.Pairs)
        {
            var field = kind.Find(name) ?? throw new FormatException($"There is no field '{name}'; {kind.Name} have {kind.Names}.");
            var isText = column.Length > 1 && column[0] == '\'' && column[^1] == '\'';
            var index = isText ? -1 : columns.ToList().IndexOf(column);
            if (index < 0 && !isText)
                throw new FormatException($"The file has no column '{column}'; it has {string.Join(", ", columns)}.");
            fields.Add((index, isText ? column[1..^1] : column, field));
            columnOf.TryAdd(field.Pointer, column);
        }
        if (fields.Count == 0)
            throw new FormatException($"No column is called like a field of {kind.Name}, which are {kind.Names}; name them with a map.");
    }

    public IReadOnlyList<string> Columns { get; }

    public bool HasAttributes => fields.Exists(f => f.Field.Pointer.StartsWith(CustomerRows.AttributesPointer, StringComparison.Ordinal));

    public bool HasTime => fields.Exists(f => f.Field.Pointer == "/time");

    /// <summary>The columns that tell which rows belong together.</summary>
    public IReadOnlyList<int> KeyColumns => [.. fields.Where(f => f.Field.IsKey && f.Index >= 0).Select(f => f.Index)];

    /// <summary>Fills a draft from a row; null stands for a column that the row lacks.</summary>
    public void Fill(ImportDraft draft, Func<int, string?> value, FieldErrors errors)
    {
        foreach (var (index, text, field) in fields)
        {
            var told = index < 0 ? text : value(index);
            if (!string.IsNullOrEmpty(told))
                field.Set(draft, told, errors);
        }
    }

    /// <summary>The column that a pointer of an error stands for.</summary>
    public string ColumnOf(string pointer)
    {
        for (var at = pointer; at.Length > 0; at = at[..at.LastIndexOf('/')])
        {
            if (columnOf.TryGetValue(at, out var column))
                return column;
        }
        return pointer.TrimStart('/').Replace('/', '.');
    }
}
