using System.Globalization;
using Npgsql;
using NpgsqlTypes;

namespace Patron.Runtime.EventStore;

/// <summary>
/// The columns of rows that one statement writes: an array a column, or a single value where all rows have the same, which the server then
/// neither takes apart nor holds once a row. A column that is equal to another one shares its array.
/// </summary>
internal sealed class RowColumns(int rows)
{
    private readonly List<string> names = [];
    private readonly List<string> unnested = [];
    private readonly List<string> selected = [];
    private readonly List<NpgsqlParameter> parameters = [];
    private readonly List<(Array Values, string Selected)> arrays = [];

    /// <summary>Adds a column; <paramref name="type"/> is the name of <paramref name="dbType"/> in SQL.</summary>
    public RowColumns Add<T>(string name, string type, NpgsqlDbType dbType, T[] values)
    {
        var number = (parameters.Count + 1).ToString(CultureInfo.InvariantCulture);
        names.Add(name);

        // One column at least must say how many rows there are.
        if (unnested.Count > 0 && rows > 1 && values.AsSpan().Count(values[0]) == rows)
        {
            selected.Add($"${number}::{type}");
            parameters.Add(values[0] is { } value
                ? new NpgsqlParameter<T> { TypedValue = value, NpgsqlDbType = dbType }
                : new NpgsqlParameter { Value = DBNull.Value, NpgsqlDbType = dbType });
        }
        else if (arrays.Find(a => a.Values is T[] other && values.AsSpan().SequenceEqual(other)).Selected is { } same)
        {
            selected.Add(same);
        }
        else
        {
            unnested.Add($"${number}::{type}[]");
            selected.Add($"u.c{unnested.Count.ToString(CultureInfo.InvariantCulture)}");
            arrays.Add((values, selected[^1]));
            parameters.Add(new NpgsqlParameter<T[]> { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | dbType });
        }

        return this;
    }

    public void Insert(NpgsqlBatch batch, string table) =>
        Statements.Add(batch, $"insert into {table} ({string.Join(", ", names)}) {Rows}", [.. parameters]);

    /// <summary>Sets all columns but the first, which finds the row.</summary>
    public void Update(NpgsqlBatch batch, string table) => Statements.Add(
        batch,
        $"update {table} t set {string.Join(", ", names.Skip(1).Select(n => $"{n} = n.{n}"))} from ({Rows}) n ({string.Join(", ", names)}) "
            + $"where t.{names[0]} = n.{names[0]}",
        [.. parameters]);

    private string Rows => $"select {string.Join(", ", selected)} from unnest({string.Join(", ", unnested)}) u "
        + $"({string.Join(", ", Enumerable.Range(1, unnested.Count).Select(i => string.Create(CultureInfo.InvariantCulture, $"c{i}")))})";
}
