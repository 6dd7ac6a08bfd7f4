using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>One reason why a record was not taken: the same words as over HTTP.</summary>
internal sealed record Reason(string Pointer, string Detail);

/// <summary>A record of the log that could not be taken, without its body.</summary>
/// <param name="State"><c>waiting</c>, <c>replayed</c>, or <c>expired</c>: the body's key was destroyed.</param>
internal sealed record QuarantinedRecord(
    Guid Id, string Topic, int Partition, long Offset, DateTimeOffset TakenAt, string State, IReadOnlyList<Reason> Reasons);

/// <summary>A record to be put aside.</summary>
internal sealed record Misfit(int Partition, long Offset, LogRecord Record, IReadOnlyList<Reason> Reasons);

/// <summary>
/// Records that could not be taken, each with its reasons. Bodies are sealed with a key of their day, which is destroyed after some days of
/// business time: nobody knows whose data they hold, so no customer's key can protect them.
/// </summary>
internal sealed class QuarantineStore(NpgsqlDataSource database, IKeyWrapping wrapping, ProfileSettings settings, BusinessClock clock)
{
    private const string Columns = "id, topic, partition, record_offset, taken_at, state, reasons";
    private DayKey? today;

    /// <summary>Adds the statements that put records aside to a transaction.</summary>
    public async Task PutAsync(string topic, IReadOnlyList<Misfit> misfits, NpgsqlBatch transaction, CancellationToken cancellation)
    {
        if (misfits.Count == 0)
            return;
        var now = clock.GetUtcNow();
        var keyOfDay = await KeyOfAsync(DateOnly.FromDateTime(now.UtcDateTime), cancellation);
        var ids = misfits.Select(_ => Guid.CreateVersion7(now)).ToList();
        Statements.Add(
            transaction,
            """
            insert into quarantine (id, topic, partition, record_offset, taken_at, key_day, reasons, sealed)
            select u.id, $1, u.partition, u.record_offset, $2, $3, u.reasons, u.sealed
            from unnest($4::uuid[], $5::smallint[], $6::bigint[], $7::text[], $8::bytea[]) u (id, partition, record_offset, reasons, sealed)
            """,
            new NpgsqlParameter<string> { TypedValue = topic },
            new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz },
            new NpgsqlParameter<DateOnly> { TypedValue = keyOfDay.Day },
            Statements.Uuids(ids),
            Statements.Smallints(misfits.Select(m => m.Partition)),
            Statements.Bigints(misfits.Select(m => m.Offset)),
            Statements.Texts(misfits.Select(m => JsonSerializer.Serialize(m.Reasons, ProfileJson.Default.IReadOnlyListReason))),
            Statements.Bytes(misfits.Select((m, i) => (byte[]?)SealedBox.Seal(keyOfDay.Key, RecordCodec.Write(m.Record), ids[i].ToByteArray()))));
    }

    /// <summary>Newest first, at most <paramref name="countMax"/>, older than <paramref name="before"/> if that is given.</summary>
    public async Task<IReadOnlyList<QuarantinedRecord>> ListAsync(Guid? before, int countMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Columns} from quarantine where $1::uuid is null or id < $1 order by id desc limit $2");
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)before ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = countMax });
        var records = new List<QuarantinedRecord>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            records.Add(Read(row));
        return records;
    }

    /// <summary>A record, and its body while that can be read; null when there is no such record.</summary>
    public async Task<(QuarantinedRecord Record, LogRecord? Body)?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            $"select {Columns}, q.sealed, k.wrapped, q.key_day from quarantine q left join quarantine_keys k on k.day = q.key_day where id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation))
            return null;
        var record = Read(row);
        if (row.IsDBNull(7) || row.IsDBNull(8))
            return (record, null);
        var (sealedBody, wrapped, day) = (row.GetFieldValue<byte[]>(7), row.GetFieldValue<byte[]>(8), row.GetFieldValue<DateOnly>(9));
        var key = await OpenAsync(wrapped, day, cancellation);
        return (record, RecordCodec.Read(SealedBox.Open(key, sealedBody, id.ToByteArray())));
    }

    /// <summary>The record was taken after all; its body is no longer needed. A retry is safe.</summary>
    public async Task SettleAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "update quarantine set state = 'replayed', sealed = null, settled_at = $2 where id = $1 and state = 'waiting'");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = clock.GetUtcNow().UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Destroys the keys whose time is over. Cheap, safe to repeat.</summary>
    public async Task ExpireAsync(CancellationToken cancellation)
    {
        var oldest = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime).AddDays(-settings.QuarantineDaysMax);
        await using var batch = database.CreateBatch();
        Statements.Add(batch, "delete from quarantine_keys where day < $1", new NpgsqlParameter<DateOnly> { TypedValue = oldest });
        Statements.Add(
            batch, "update quarantine set state = 'expired', sealed = null where state = 'waiting' and key_day < $1",
            new NpgsqlParameter<DateOnly> { TypedValue = oldest });
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<DayKey> KeyOfAsync(DateOnly day, CancellationToken cancellation)
    {
        if (today is { } known && known.Day == day)
            return known;
        // Several may make the key of a day at once: the one that is stored counts.
        await using var batch = database.CreateBatch();
        var made = await wrapping.WrapAsync([new OwnedKey(RandomNumberGenerator.GetBytes(SealedBox.KeyBytes), OwnerOf(day))], cancellation);
        Statements.Add(
            batch, "insert into quarantine_keys (day, wrapped) values ($1, $2) on conflict (day) do nothing",
            new NpgsqlParameter<DateOnly> { TypedValue = day }, new NpgsqlParameter<byte[]> { TypedValue = made[0] });
        Statements.Add(batch, "select wrapped from quarantine_keys where day = $1", new NpgsqlParameter<DateOnly> { TypedValue = day });
        var wrapped = (byte[])(await batch.ExecuteScalarAsync(cancellation))!;
        return today = new DayKey(day, await OpenAsync(wrapped, day, cancellation));
    }

    private async ValueTask<byte[]> OpenAsync(byte[] wrapped, DateOnly day, CancellationToken cancellation) =>
        (await wrapping.UnwrapAsync([new OwnedKey(wrapped, OwnerOf(day))], cancellation))[0];

    internal static string OwnerOf(DateOnly day) => string.Create(CultureInfo.InvariantCulture, $"quarantine/{day:yyyy-MM-dd}");

    private static QuarantinedRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetInt16(2), row.GetInt64(3), new DateTimeOffset(row.GetDateTime(4), TimeSpan.Zero), row.GetString(5),
        JsonSerializer.Deserialize(row.GetString(6), ProfileJson.Default.IReadOnlyListReason)!);

    private sealed record DayKey(DateOnly Day, byte[] Key);
}

/// <summary>A record of the log as bytes: key, headers, value, each with its length before it; a length of -1 stands for none.</summary>
internal static class RecordCodec
{
    public static byte[] Write(LogRecord record)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        Put(writer, record.Key is null ? null : Encoding.UTF8.GetBytes(record.Key));
        writer.Write(record.Headers.Count);
        foreach (var header in record.Headers)
        {
            Put(writer, Encoding.UTF8.GetBytes(header.Name));
            Put(writer, header.Value);
        }
        Put(writer, record.Value);
        writer.Flush();
        return bytes.ToArray();
    }

    public static LogRecord Read(byte[] bytes)
    {
        using var reader = new BinaryReader(new MemoryStream(bytes), Encoding.UTF8);
        var key = Take(reader);
        var headers = new LogHeader[reader.ReadInt32()];
        for (var i = 0; i < headers.Length; i++)
            headers[i] = new LogHeader(Encoding.UTF8.GetString(Take(reader)!), Take(reader)!);
        var value = Take(reader);
        return new LogRecord(key is null ? null : Encoding.UTF8.GetString(key), headers, value is null ? null : new ReadOnlyMemory<byte>(value));
    }

    private static void Put(BinaryWriter writer, ReadOnlyMemory<byte>? bytes)
    {
        writer.Write(bytes?.Length ?? -1);
        if (bytes is { } some)
            writer.Write(some.Span);
    }

    private static byte[]? Take(BinaryReader reader) => reader.ReadInt32() is var length && length < 0 ? null : reader.ReadBytes(length);
}
