using Npgsql;
using NpgsqlTypes;

namespace Patron.Runtime.EventStore;

/// <summary>Statements and array parameters of a pipelined batch. Public: inline views and effects of services write with it.</summary>
public static class Statements
{
    public static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<NpgsqlParameter> parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var parameter in parameters)
            command.Parameters.Add(parameter);
        batch.BatchCommands.Add(command);
    }

    public static NpgsqlParameter Smallints(IEnumerable<int> values) => Of(values.Select(v => (short)v).ToArray(), NpgsqlDbType.Smallint);

    public static NpgsqlParameter Ints(IEnumerable<int> values) => Of(values.ToArray(), NpgsqlDbType.Integer);

    public static NpgsqlParameter Bigints(IEnumerable<long> values) => Of(values.ToArray(), NpgsqlDbType.Bigint);

    public static NpgsqlParameter Texts(IEnumerable<string?> values) => Of(values.ToArray(), NpgsqlDbType.Text);

    public static NpgsqlParameter Uuids(IEnumerable<Guid> values) => Of(values.ToArray(), NpgsqlDbType.Uuid);

    public static NpgsqlParameter NullableUuids(IEnumerable<Guid?> values) => Of(values.ToArray(), NpgsqlDbType.Uuid);

    public static NpgsqlParameter Booleans(IEnumerable<bool> values) => Of(values.ToArray(), NpgsqlDbType.Boolean);

    public static NpgsqlParameter Bytes(IEnumerable<byte[]?> values) => Of(values.ToArray(), NpgsqlDbType.Bytea);

    /// <summary>Stored to the microsecond, in UTC.</summary>
    public static NpgsqlParameter Times(IEnumerable<DateTimeOffset> values) => Of(values.Select(v => v.UtcDateTime).ToArray(), NpgsqlDbType.TimestampTz);

    private static NpgsqlParameter<T[]> Of<T>(T[] values, NpgsqlDbType element) =>
        new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | element };
}
