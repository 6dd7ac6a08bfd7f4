using System.Security.Cryptography;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>An upload, in numbers.</summary>
/// <param name="State"><c>running</c>, <c>finished</c>, or <c>stopped</c>: see the detail; sending the file again goes on.</param>
/// <param name="Rows">Read so far, the wrong ones too; without the header.</param>
/// <param name="Repeated">Events that were there before.</param>
/// <param name="Failed">Rows that did not go in; listed under errors.</param>
/// <param name="Bytes">Read so far, as UTF-8.</param>
internal sealed record ImportView(
    Guid Id, string Kind, string Source, string State, long Rows, long Accepted, long Repeated, long Failed, long Bytes, string? Detail,
    DateTimeOffset StartedAt, DateTimeOffset UpdatedAt);

/// <summary>
/// Keeps what is known of uploads. Cells of wrong rows are sealed with a key of their upload, which goes after as many days of business time
/// as quarantined bodies are kept.
/// </summary>
internal sealed class ImportStore(NpgsqlDataSource database, IKeyWrapping wrapping, ProfileSettings settings, BusinessClock clock)
{
    private const string Columns = "id, kind, source, state, rows, accepted, repeated, failed, bytes, detail, started_at, updated_at";

    /// <summary>Registers an upload and answers the key that seals its wrong rows; forgets the keys of those that are too old.</summary>
    public async Task<byte[]> StartAsync(ImportView import, IReadOnlyList<string> header, CancellationToken cancellation)
    {
        var key = RandomNumberGenerator.GetBytes(SealedBox.KeyBytes);
        var wrapped = await wrapping.WrapAsync([new OwnedKey(key, OwnerOf(import.Id))], cancellation);
        await using var batch = database.CreateBatch();
        var oldest = Time(import.StartedAt.AddDays(-settings.QuarantineDaysMax));
        Statements.Add(
            batch,
            """
            with old as (update imports set wrapped_key = null, header = null where wrapped_key is not null and started_at < $1 returning id)
            update import_errors e set sealed = null from old where e.import = old.id
            """, oldest);
        Statements.Add(
            batch,
            """
            insert into imports (id, kind, source, state, started_at, updated_at, wrapped_key, header) values ($1, $2, $3, 'running', $4, $4, $5, $6)
            """,
            Id(import.Id), new NpgsqlParameter<string> { TypedValue = import.Kind }, new NpgsqlParameter<string> { TypedValue = import.Source },
            Time(import.StartedAt), new NpgsqlParameter<byte[]> { TypedValue = wrapped[0] },
            new NpgsqlParameter<byte[]> { TypedValue = SealCells(key, import.Id, header) });
        await batch.ExecuteNonQueryAsync(cancellation);
        return key;
    }

    /// <summary>Keeps the numbers and the wrong rows of a block in one transaction.</summary>
    public async Task KeepAsync(ImportView import, byte[] key, IReadOnlyList<RowFault> faults, CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        Statements.Add(
            batch,
            """
            update imports set state = $2, rows = $3, accepted = $4, repeated = $5, failed = $6, bytes = $7, detail = $8, updated_at = $9 where id = $1
            """,
            Id(import.Id), new NpgsqlParameter<string> { TypedValue = import.State }, Number(import.Rows), Number(import.Accepted), Number(import.Repeated),
            Number(import.Failed), Number(import.Bytes),
            new NpgsqlParameter { Value = (object?)import.Detail ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text }, Time(clock.GetUtcNow()));
        if (faults.Count > 0)
        {
            Statements.Add(
                batch,
                """
                insert into import_errors (import, row, column_name, reason, sealed)
                select $1, u.* from unnest($2::bigint[], $3::text[], $4::text[], $5::bytea[]) u on conflict (import, row) do nothing
                """,
                Id(import.Id), Statements.Bigints(faults.Select(f => f.Row)), Statements.Texts(faults.Select(f => f.Column)),
                Statements.Texts(faults.Select(f => f.Reason)), Statements.Bytes(faults.Select(f => SealCells(key, import.Id, f.Cells))));
        }
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    public async Task<ImportView?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Columns} from imports where id = $1");
        command.Parameters.Add(Id(id));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation))
            return null;
        return new ImportView(
            row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetInt64(5), row.GetInt64(6), row.GetInt64(7),
            row.GetInt64(8), row.IsDBNull(9) ? null : row.GetString(9), new DateTimeOffset(row.GetDateTime(10), TimeSpan.Zero),
            new DateTimeOffset(row.GetDateTime(11), TimeSpan.Zero));
    }

    /// <summary>The header of an upload, then its wrong rows in their order; cells are empty when their key is gone.</summary>
    public async IAsyncEnumerable<RowFault> ErrorsAsync(
        Guid id, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select i.wrapped_key, 0, '', '', i.header from imports i where i.id = $1
            union all
            select i.wrapped_key, e.row, e.column_name, e.reason, e.sealed from import_errors e join imports i on i.id = e.import where e.import = $1
            order by 2
            """);
        command.Parameters.Add(Id(id));
        byte[]? key = null;
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            if (key is null && !row.IsDBNull(0))
                key = (await wrapping.UnwrapAsync([new OwnedKey(row.GetFieldValue<byte[]>(0), OwnerOf(id))], cancellation))[0];
            IReadOnlyList<string> cells = key is null || row.IsDBNull(4) ? [] : OpenCells(key, id, row.GetFieldValue<byte[]>(4));
            yield return new RowFault(row.GetInt64(1), row.GetString(2), row.GetString(3), cells);
        }
    }

    private static byte[] SealCells(byte[] key, Guid import, IReadOnlyList<string> cells) =>
        SealedBox.Seal(key, JsonSerializer.SerializeToUtf8Bytes(cells, ProfileJson.Default.IReadOnlyListString), import.ToByteArray());

    internal static IReadOnlyList<string> OpenCells(byte[] key, Guid import, byte[] box) =>
        JsonSerializer.Deserialize(SealedBox.Open(key, box, import.ToByteArray()), ProfileJson.Default.IReadOnlyListString)!;

    internal static string OwnerOf(Guid import) => $"import/{import:D}";

    private static NpgsqlParameter<Guid> Id(Guid id) => new() { TypedValue = id };

    private static NpgsqlParameter<long> Number(long number) => new() { TypedValue = number };

    private static NpgsqlParameter<DateTime> Time(DateTimeOffset time) => new() { TypedValue = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz };
}
