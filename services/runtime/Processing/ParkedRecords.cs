using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>A record that could not be applied, or that waits behind one of the same customer.</summary>
public sealed record ParkedRecord(string Topic, int Partition, long Offset, Guid Customer, string Reason, DateTimeOffset ParkedAt, LogRecord Record);

/// <summary>The parked table: rows are written in the transaction that moves the offset past their records.</summary>
internal static class ParkedRecords
{
    public static void Write(NpgsqlBatch transaction, IReadOnlyList<(string Topic, int Partition, ReadRecord Read, Guid Customer, string Reason)> records)
    {
        if (records.Count == 0)
            return;
        Statements.Add(
            transaction,
            """
            insert into parked (topic, partition, record_offset, customer, record, reason)
            select * from unnest($1::text[], $2::smallint[], $3::bigint[], $4::uuid[], $5::bytea[], $6::text[])
            on conflict (topic, partition, record_offset) do update set reason = excluded.reason, record = excluded.record
            """,
            Statements.Texts(records.Select(r => r.Topic)),
            Statements.Smallints(records.Select(r => r.Partition)),
            Statements.Bigints(records.Select(r => r.Read.Offset)),
            Statements.Uuids(records.Select(r => r.Customer)),
            Statements.Bytes(records.Select(r => Pack(r.Read.Record))),
            Statements.Texts(records.Select(r => r.Reason)));
    }

    public static async Task<IReadOnlyList<ParkedRecord>> ListAsync(NpgsqlDataSource database, Guid? customer, int recordsMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select topic, partition, record_offset, customer, reason, parked_at, record from parked
            where $1::uuid is null or customer = $1 order by parked_at, topic, record_offset limit $2
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)customer ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = recordsMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var records = new List<ParkedRecord>();
        while (await row.ReadAsync(cancellation))
        {
            records.Add(new ParkedRecord(
                row.GetString(0), row.GetInt16(1), row.GetInt64(2), row.GetGuid(3), row.GetString(4),
                new DateTimeOffset(row.GetDateTime(5), TimeSpan.Zero), Unpack(row.GetFieldValue<byte[]>(6))));
        }

        return records;
    }

    public static async Task<IReadOnlyList<(int Partition, Guid Customer)>> CustomersAsync(
        NpgsqlDataSource database, IEnumerable<int> partitions, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select distinct partition, customer from parked where partition = any($1)");
        command.Parameters.Add(Statements.Smallints(partitions));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var customers = new List<(int, Guid)>();
        while (await row.ReadAsync(cancellation))
            customers.Add((row.GetInt16(0), row.GetGuid(1)));
        return customers;
    }

    public static void Delete(NpgsqlBatch transaction, ParkedRecord record) => Statements.Add(
        transaction,
        "delete from parked where topic = $1 and partition = $2 and record_offset = $3",
        new NpgsqlParameter<string> { TypedValue = record.Topic },
        new NpgsqlParameter<short> { TypedValue = (short)record.Partition },
        new NpgsqlParameter<long> { TypedValue = record.Offset });

    private static byte[] Pack(LogRecord record)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(record.Key ?? "");
        writer.Write(record.Headers.Count);
        foreach (var header in record.Headers)
        {
            writer.Write(header.Name);
            writer.Write(header.Value.Length);
            writer.Write(header.Value.Span);
        }

        writer.Write(record.Value?.Length ?? -1);
        if (record.Value is { } value)
            writer.Write(value.Span);
        writer.Flush();
        return bytes.ToArray();
    }

    private static LogRecord Unpack(byte[] packed)
    {
        using var reader = new BinaryReader(new MemoryStream(packed));
        var key = reader.ReadString();
        var headers = new LogHeader[reader.ReadInt32()];
        for (var i = 0; i < headers.Length; i++)
            headers[i] = new LogHeader(reader.ReadString(), reader.ReadBytes(reader.ReadInt32()));
        var length = reader.ReadInt32();
        return new LogRecord(key.Length == 0 ? null : key, headers, length < 0 ? null : (ReadOnlyMemory<byte>?)reader.ReadBytes(length));
    }
}
