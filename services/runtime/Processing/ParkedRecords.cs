using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>A record that could not be applied, or that waits behind one of the same customer.</summary>
/// <param name="Id">Names the row; a customer's records are applied in the order of it.</param>
/// <param name="Topic">The topic it came from; <c>timers</c> for a timer of the service's own.</param>
public sealed record ParkedRecord(
    long Id, string Topic, int Partition, long Offset, Guid Customer, string Reason, DateTimeOffset ParkedAt, LogRecord Record)
{
    internal bool IsOf(string type) => Envelope.TryRead(Record.Headers, out var envelope, out _) && envelope.Type == type;
}

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
            select r.topic, r.partition, r.record_offset, r.customer, r.record, r.reason
            from unnest($1::text[], $2::smallint[], $3::bigint[], $4::uuid[], $5::bytea[], $6::text[])
              with ordinality r (topic, partition, record_offset, customer, record, reason, place)
            order by r.place
            """,
            Statements.Texts(records.Select(r => r.Topic)),
            Statements.Smallints(records.Select(r => r.Partition)),
            Statements.Bigints(records.Select(r => r.Read.Offset)),
            Statements.Uuids(records.Select(r => r.Customer)),
            Statements.Bytes(records.Select(r => Pack(r.Read.Record))),
            Statements.Texts(records.Select(r => r.Reason)));
    }

    /// <summary>The row that keeps requests and timers of the other customer waiting; records of theirs go on.</summary>
    public static (string Topic, int Partition, ReadRecord Read, Guid Customer, string Reason) Waiting(LinkChange change, int partition) => (
        LinkStatements.ParkedTopic, partition, new ReadRecord(change.Version, OfMerge(change.Customer)), change.Other,
        $"{(change.IsMerge ? "The merge" : "The split")} with customer {change.Customer:D} waits for that one's parked records.");

    /// <summary>Nothing of the customer is parked any more: whoever waited for that waits no longer.</summary>
    public static async Task ReleaseOthersAsync(NpgsqlDataSource database, Guid customer, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("delete from parked where topic = $1 and record = $2");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = LinkStatements.ParkedTopic });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = Pack(OfMerge(customer)) });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The same in a transaction, for customers whose parked records go with it.</summary>
    public static void ReleaseOthers(NpgsqlBatch transaction, IEnumerable<Guid> customers) => Statements.Add(
        transaction,
        "delete from parked where topic = $1 and record = any($2)",
        new NpgsqlParameter<string> { TypedValue = LinkStatements.ParkedTopic },
        new NpgsqlParameter<byte[][]> { TypedValue = [.. customers.Select(customer => Pack(OfMerge(customer)))] });

    private static LogRecord OfMerge(Guid customer) => new(customer.ToString("D"), [], null);

    public static async Task<IReadOnlyList<ParkedRecord>> ListAsync(NpgsqlDataSource database, Guid? customer, int recordsMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select id, topic, partition, record_offset, customer, reason, parked_at, record from parked
            where $1::uuid is null or customer = $1 order by id limit $2
            """);
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)customer ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = recordsMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var records = new List<ParkedRecord>();
        while (await row.ReadAsync(cancellation))
        {
            records.Add(new ParkedRecord(
                row.GetInt64(0), row.GetString(1), row.GetInt16(2), row.GetInt64(3), row.GetGuid(4), row.GetString(5),
                new DateTimeOffset(row.GetDateTime(6), TimeSpan.Zero), Unpack(row.GetFieldValue<byte[]>(7))));
        }

        return records;
    }

    public static async Task<IReadOnlyList<(int Partition, Guid Customer)>> CustomersAsync(
        NpgsqlDataSource database, IEnumerable<int> partitions, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select distinct partition, customer from parked where partition = any($1) and topic <> $2");
        command.Parameters.Add(Statements.Smallints(partitions));
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = LinkStatements.ParkedTopic });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var customers = new List<(int, Guid)>();
        while (await row.ReadAsync(cancellation))
            customers.Add((row.GetInt16(0), row.GetGuid(1)));
        return customers;
    }

    /// <summary>
    /// Deletes the row in a transaction that applies its record, and ends that transaction when the partition is not owned under
    /// <paramref name="readerEpoch"/> any more or the row is not as it was read.
    /// </summary>
    public static void Delete(NpgsqlBatch transaction, ParkedRecord record, long readerEpoch, IReadOnlyCollection<string> topics)
    {
        // Whoever takes the partition over claims its offsets before it looks which customers are parked: the lock orders the two.
        Statements.Add(
            transaction,
            """
            select fenced_unless((select count(*) from (
              select 1 from offsets where partition = $1 and reader_epoch = $2 and topic = any($3) for update) held), $4)
            """,
            new NpgsqlParameter<short> { TypedValue = (short)record.Partition },
            new NpgsqlParameter<long> { TypedValue = readerEpoch },
            Statements.Texts(topics),
            new NpgsqlParameter<long> { TypedValue = topics.Count });
        Statements.Add(
            transaction,
            "with gone as (delete from parked where id = $1 and record = $2 returning 1) select fenced_unless((select count(*) from gone), 1)",
            new NpgsqlParameter<long> { TypedValue = record.Id },
            new NpgsqlParameter<byte[]> { TypedValue = Pack(record.Record) });
    }

    /// <summary>Keeps why a record could not be applied when it was tried again.</summary>
    public static async Task ExplainAsync(NpgsqlDataSource database, long id, string reason, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update parked set reason = $2 where id = $1");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = reason });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Replaces the value of a fact; false when there is no such row, or it is a timer, which has no value.</summary>
    public static async Task<bool> CorrectAsync(NpgsqlDataSource database, long id, ReadOnlyMemory<byte> value, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var read = new NpgsqlCommand("select record from parked where id = $1 and topic <> all($2) for update", connection, transaction);
        read.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
        read.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [TimerRunner.TopicOfTimers, LinkStatements.ParkedTopic] });
        if (await read.ExecuteScalarAsync(cancellation) is not byte[] packed)
            return false;
        await using var write = new NpgsqlCommand("update parked set record = $2 where id = $1", connection, transaction);
        write.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
        write.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = Pack(Unpack(packed) with { Value = value }) });
        await write.ExecuteNonQueryAsync(cancellation);
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>Deletes a row and keeps who gave it up and why; false when there is no such row.</summary>
    public static async Task<bool> DiscardAsync(NpgsqlDataSource database, long id, string who, string why, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with gone as (delete from parked where id = $1 returning id, topic, partition, record_offset, customer, reason)
            insert into discarded (id, topic, partition, record_offset, customer, reason, who, why)
            select g.id, g.topic, g.partition, g.record_offset, g.customer, g.reason, $2, $3 from gone g
            """);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = who });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = why });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

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
