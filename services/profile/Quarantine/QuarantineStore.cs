using System.Globalization;
using System.Security.Cryptography;
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

/// <summary>A record that could not be taken, without its body.</summary>
/// <param name="State"><c>waiting</c>, <c>replayed</c>, or <c>expired</c>: the body's key was destroyed.</param>
/// <param name="Type">The event's type, if that is one that Patron knew when the record was put aside.</param>
internal sealed record QuarantinedRecord(
    Guid Id, string Topic, int Partition, long Offset, DateTimeOffset TakenAt, string State, IReadOnlyList<Reason> Reasons, string? Type,
    DateTimeOffset? CorrectedAt, string? CorrectedBy, DateTimeOffset? SettledAt, string? SettledBy);

/// <summary>A record to be put aside.</summary>
internal sealed record Misfit(int Partition, long Offset, LogRecord Record, IReadOnlyList<Reason> Reasons)
{
    public string? Type { get; init; }

    /// <summary>A record with the fingerprint of one that was put aside before is not put aside again; null where nothing can come twice.</summary>
    public Guid? Fingerprint { get; init; }
}

/// <summary>A record with its body as it is to be replayed: corrected, if somebody did; null once the body is gone.</summary>
internal sealed record OpenedQuarantine(QuarantinedRecord Record, LogRecord? Body);

/// <summary>
/// Records that could not be taken, each with its reasons. Bodies are sealed with a key of their day, which is destroyed after some days of
/// business time: nobody knows whose data they hold, so no customer's key can protect them.
/// </summary>
internal sealed class QuarantineStore(NpgsqlDataSource database, IKeyWrapping wrapping, ProfileSettings settings, BusinessClock clock)
{
    private const string Columns =
        "q.id, q.topic, q.partition, q.record_offset, q.taken_at, q.state, q.reasons, q.type, q.corrected_at, q.corrected_by, q.settled_at, q.settled_by";

    private const string Opened = $"{Columns}, q.sealed, q.corrected, k.wrapped, q.key_day from quarantine q left join quarantine_keys k on k.day = q.key_day";

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
            insert into quarantine (id, topic, partition, record_offset, taken_at, key_day, reasons, sealed, type, fingerprint)
            select u.id, $1, u.partition, u.record_offset, $2, $3, u.reasons, u.sealed, u.type, u.fingerprint
            from unnest($4::uuid[], $5::smallint[], $6::bigint[], $7::text[], $8::bytea[], $9::text[], $10::uuid[])
              u (id, partition, record_offset, reasons, sealed, type, fingerprint)
            on conflict (fingerprint) where fingerprint is not null do nothing
            """,
            new NpgsqlParameter<string> { TypedValue = topic },
            TimeOf(now),
            new NpgsqlParameter<DateOnly> { TypedValue = keyOfDay.Day },
            Statements.Uuids(ids),
            Statements.Smallints(misfits.Select(m => m.Partition)),
            Statements.Bigints(misfits.Select(m => m.Offset)),
            Statements.Texts(misfits.Select(m => Written(m.Reasons))),
            Statements.Bytes(misfits.Select((m, i) => (byte[]?)SealedBox.Seal(keyOfDay.Key, RecordCodec.Write(m.Record), ids[i].ToByteArray()))),
            Statements.Texts(misfits.Select(m => m.Type)),
            Statements.NullableUuids(misfits.Select(m => m.Fingerprint)));
    }

    /// <summary>Newest first, at most <paramref name="countMax"/>.</summary>
    public async Task<IReadOnlyList<QuarantinedRecord>> ListAsync(QuarantineFilter filter, int countMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Columns} from quarantine q where {QuarantineFilter.Condition} order by q.id desc limit $7");
        command.Parameters.AddRange(filter.Parameters());
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = countMax });
        var records = new List<QuarantinedRecord>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            records.Add(Read(row));
        return records;
    }

    /// <summary>Oldest first, at most <paramref name="countMax"/>, with their bodies.</summary>
    public async Task<IReadOnlyList<OpenedQuarantine>> OpenAsync(QuarantineFilter filter, int countMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Opened} where {QuarantineFilter.Condition} order by q.id limit $7");
        command.Parameters.AddRange(filter.Parameters());
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = countMax });
        return await OpenAsync(command, cancellation);
    }

    /// <summary>A record, and its body while that can be read; null when there is no such record.</summary>
    public async Task<OpenedQuarantine?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Opened} where q.id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        return (await OpenAsync(command, cancellation)).SingleOrDefault();
    }

    /// <summary>Keeps what is to be replayed in place of the record, under the key of the record's own day. False when it waits no more.</summary>
    public async Task<bool> CorrectAsync(Guid id, LogRecord corrected, string who, CancellationToken cancellation)
    {
        if (await FindKeyAsync(id, cancellation) is not { } key)
            return false;
        await using var command = database.CreateCommand(
            "update quarantine set corrected = $2, corrected_at = $3, corrected_by = $4 where id = $1 and state = 'waiting'");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = SealedBox.Seal(key, RecordCodec.Write(corrected), id.ToByteArray()) });
        command.Parameters.Add(TimeOf(clock.GetUtcNow()));
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = who });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    /// <summary>
    /// What became of replayed records: those that were taken need their bodies no longer, the others have the reasons of today. A retry is safe.
    /// </summary>
    public async Task SettleAsync(
        IReadOnlyCollection<Guid> taken, IReadOnlyCollection<(Guid Id, IReadOnlyList<Reason> Reasons)> wrong, string who, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        Statements.Add(
            batch,
            """
            update quarantine set state = 'replayed', sealed = null, corrected = null, settled_at = $2, settled_by = $3
            where id = any($1) and state = 'waiting'
            """,
            Statements.Uuids(taken), TimeOf(clock.GetUtcNow()), new NpgsqlParameter<string> { TypedValue = who });
        Statements.Add(
            batch,
            "update quarantine q set reasons = u.reasons from unnest($1::uuid[], $2::text[]) u (id, reasons) where q.id = u.id and q.state = 'waiting'",
            Statements.Uuids(wrong.Select(w => w.Id)), Statements.Texts(wrong.Select(w => Written(w.Reasons))));
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Destroys the keys whose time is over. Cheap, safe to repeat.</summary>
    public async Task ExpireAsync(CancellationToken cancellation)
    {
        var oldest = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime).AddDays(-settings.QuarantineDaysMax);
        await using var batch = database.CreateBatch();
        Statements.Add(batch, "delete from quarantine_keys where day < $1", new NpgsqlParameter<DateOnly> { TypedValue = oldest });
        Statements.Add(
            batch, "update quarantine set state = 'expired', sealed = null, corrected = null where state = 'waiting' and key_day < $1",
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

    private async Task<byte[]?> FindKeyAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select k.day, k.wrapped from quarantine q join quarantine_keys k on k.day = q.key_day where q.id = $1 and q.state = 'waiting'");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation) ? await OpenAsync(row.GetFieldValue<byte[]>(1), row.GetFieldValue<DateOnly>(0), cancellation) : null;
    }

    private async Task<IReadOnlyList<OpenedQuarantine>> OpenAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        var found = new List<(QuarantinedRecord Record, byte[]? Box, byte[]? Wrapped, DateOnly Day)>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                found.Add((Read(row), Bytes(row, 13) ?? Bytes(row, 12), Bytes(row, 14), row.GetFieldValue<DateOnly>(15)));
        }
        var keys = await OpenAsync(found.Where(f => f.Wrapped is not null).Select(f => (f.Day, f.Wrapped!)), cancellation);
        return found.ConvertAll(f => new OpenedQuarantine(
            f.Record, f.Box is { } box && keys.TryGetValue(f.Day, out var key) ? RecordCodec.Read(SealedBox.Open(key, box, f.Record.Id.ToByteArray())) : null));
    }

    private async ValueTask<Dictionary<DateOnly, byte[]>> OpenAsync(IEnumerable<(DateOnly Day, byte[] Wrapped)> keys, CancellationToken cancellation)
    {
        var ofDays = keys.DistinctBy(k => k.Day).ToList();
        if (ofDays.Count == 0)
            return [];
        var opened = await wrapping.UnwrapAsync(ofDays.ConvertAll(k => new OwnedKey(k.Wrapped, OwnerOf(k.Day))), cancellation);
        return ofDays.Zip(opened).ToDictionary(k => k.First.Day, k => k.Second);
    }

    private static QuarantinedRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetInt16(2), row.GetInt64(3), Time(row, 4)!.Value, row.GetString(5),
        JsonSerializer.Deserialize(row.GetString(6), ProfileJson.Default.IReadOnlyListReason)!, Text(row, 7), Time(row, 8), Text(row, 9), Time(row, 10),
        Text(row, 11));

    private static string? Text(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetString(column);

    private static byte[]? Bytes(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<byte[]>(column);

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) =>
        row.IsDBNull(column) ? null : new DateTimeOffset(row.GetDateTime(column), TimeSpan.Zero);

    private static NpgsqlParameter<DateTime> TimeOf(DateTimeOffset time) =>
        new() { TypedValue = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz };

    private static string Written(IReadOnlyList<Reason> reasons) => JsonSerializer.Serialize(reasons, ProfileJson.Default.IReadOnlyListReason);

    private sealed record DayKey(DateOnly Day, byte[] Key);
}
