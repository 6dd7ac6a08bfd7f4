using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>A wrong row of an upload that can still be read.</summary>
internal sealed record KeptRow(Guid Import, long Row, IReadOnlyList<string> Cells);

/// <summary>
/// Finds the wrong rows of uploads that name a person: each is opened and looked at. They can be read for some days only, which bounds it.
/// </summary>
internal sealed class ImportSearch(NpgsqlDataSource database, IKeyWrapping wrapping)
{
    private const int RowsPerPage = 500;

    /// <summary>The rows that name the person.</summary>
    public async IAsyncEnumerable<KeptRow> FindAsync(PersonTraces traces, [EnumeratorCancellation] CancellationToken cancellation)
    {
        foreach (var (import, key) in await KeysAsync(cancellation))
        {
            var after = -1L;
            while (await PageAsync(import, after, cancellation) is { Count: > 0 } page)
            {
                foreach (var (row, box) in page)
                {
                    if (Open(key, import, box) is { } cells && traces.IsIn(cells))
                        yield return new KeptRow(import, row, cells);
                }

                after = page[^1].Row;
            }
        }
    }

    /// <summary>Deletes the cells, and the reasons, which can name a field that was made up. A retry is safe.</summary>
    public async Task<int> EraseAsync(IReadOnlyCollection<KeptRow> rows, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update import_errors e set sealed = null, reason = '' from unnest($1::uuid[], $2::bigint[]) u (import, row)
            where e.import = u.import and e.row = u.row and e.sealed is not null
            """);
        command.Parameters.Add(Statements.Uuids(rows.Select(r => r.Import)));
        command.Parameters.Add(Statements.Bigints(rows.Select(r => r.Row)));
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static IReadOnlyList<string>? Open(byte[] key, Guid import, byte[] box)
    {
        try
        {
            return ImportStore.OpenCells(key, import, box);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private async Task<List<(Guid Import, byte[] Key)>> KeysAsync(CancellationToken cancellation)
    {
        var imports = new List<Guid>();
        var wrapped = new List<OwnedKey>();
        await using (var command = database.CreateCommand("select id, wrapped_key from imports where wrapped_key is not null and failed > 0"))
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
            {
                imports.Add(row.GetGuid(0));
                wrapped.Add(new OwnedKey(row.GetFieldValue<byte[]>(1), ImportStore.OwnerOf(row.GetGuid(0))));
            }
        }

        return imports.Count == 0 ? [] : [.. imports.Zip(await wrapping.UnwrapAsync(wrapped, cancellation))];
    }

    private async Task<List<(long Row, byte[] Box)>> PageAsync(Guid import, long after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select e.row, e.sealed from import_errors e where e.import = $1 and e.row > $2 and e.sealed is not null order by e.row limit $3");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = import });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = RowsPerPage });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var page = new List<(long, byte[])>();
        while (await row.ReadAsync(cancellation))
            page.Add((row.GetInt64(0), row.GetFieldValue<byte[]>(1)));
        return page;
    }
}
