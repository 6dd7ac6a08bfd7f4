using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// Finds the bodies in quarantine that name a person: nobody knows whose they are, so each is opened and looked at. They are kept for some days
/// only, which bounds it.
/// </summary>
internal sealed class QuarantineSearch(NpgsqlDataSource database, IKeyWrapping wrapping)
{
    private const int RecordsPerPage = 200;

    /// <summary>The records that wait and name the person, as they came or as they were corrected, with the body that does.</summary>
    public async IAsyncEnumerable<(Guid Id, LogRecord Body)> FindAsync(PersonTraces traces, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var keys = await KeysAsync(cancellation);
        var after = Guid.Empty;
        while (await PageAsync(after, cancellation) is { Count: > 0 } page)
        {
            foreach (var (id, day, boxes) in page)
            {
                if (!keys.TryGetValue(day, out var key))
                    continue;
                var bodies = boxes.Select(box => Open(key, box, id));
                if (bodies.FirstOrDefault(b => b is not null && traces.IsIn(b)) is { } body)
                    yield return (id, body);
            }

            after = page[^1].Id;
        }
    }

    /// <summary>Deletes the bodies, and the reasons, which can name a field that a touchpoint made up. A retry is safe.</summary>
    public async Task<int> EraseAsync(IReadOnlyCollection<Guid> ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "update quarantine set state = 'erased', sealed = null, corrected = null, reasons = '[]' where id = any($1) and sealed is not null");
        command.Parameters.Add(Statements.Uuids(ids));
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    private static LogRecord? Open(byte[] key, byte[] box, Guid id)
    {
        try
        {
            return RecordCodec.Read(SealedBox.Open(key, box, id.ToByteArray()));
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private async Task<Dictionary<DateOnly, byte[]>> KeysAsync(CancellationToken cancellation)
    {
        var wrapped = new List<(DateOnly Day, byte[] Key)>();
        await using (var command = database.CreateCommand("select day, wrapped from quarantine_keys"))
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                wrapped.Add((row.GetFieldValue<DateOnly>(0), row.GetFieldValue<byte[]>(1)));
        }

        var opened = await wrapping.UnwrapAsync(wrapped.ConvertAll(w => new OwnedKey(w.Key, QuarantineStore.OwnerOf(w.Day))), cancellation);
        return wrapped.Zip(opened).ToDictionary(w => w.First.Day, w => w.Second);
    }

    private async Task<List<(Guid Id, DateOnly Day, byte[][] Boxes)>> PageAsync(Guid after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select id, key_day, array_remove(array[corrected, sealed], null) from quarantine where id > $1 and sealed is not null order by id limit $2");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = RecordsPerPage });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var page = new List<(Guid, DateOnly, byte[][])>();
        while (await row.ReadAsync(cancellation))
            page.Add((row.GetGuid(0), row.GetFieldValue<DateOnly>(1), row.GetFieldValue<byte[][]>(2)));
        return page;
    }
}
