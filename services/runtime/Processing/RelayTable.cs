using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>The relay's table: how far each partition is published, fenced by the lease epoch.</summary>
internal sealed class RelayTable(NpgsqlDataSource database)
{
    public readonly record struct Row(int Partition, long Position, long Previous, long Epoch);

    /// <summary>
    /// Claims partitions under newer epochs; answers those claimed with the head of the store. A log that was wiped has nothing: all of
    /// the store is published again.
    /// </summary>
    public async Task<IReadOnlyList<(Row Row, long Head)>> ClaimAsync(
        IReadOnlyDictionary<int, long> owned, Guid incarnation, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update relay r set epoch = u.epoch, incarnation = $3,
              position = case when r.incarnation <> $3 then 0 else r.position end,
              previous = case when r.incarnation <> $3 then 0 else r.previous end
            from unnest($1::smallint[], $2::bigint[]) u (partition, epoch), heads h
            where r.partition = u.partition and h.partition = u.partition and r.epoch <= u.epoch
            returning r.partition, r.position, r.previous, r.epoch, h.position
            """);
        command.Parameters.Add(Statements.Smallints(owned.Keys));
        command.Parameters.Add(Statements.Bigints(owned.Values));
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = incarnation });
        var claimed = new List<(Row, long)>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            claimed.Add((new Row(row.GetInt16(0), row.GetInt64(1), row.GetInt64(2), row.GetInt64(3)), row.GetInt64(4)));
        return claimed;
    }

    /// <summary>Saves rows whose epoch is still the table's; answers the partitions saved. The others belong to another instance.</summary>
    public async Task<IReadOnlySet<int>> SaveAsync(IReadOnlyList<Row> rows, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update relay r set position = u.position, previous = u.previous
            from unnest($1::smallint[], $2::bigint[], $3::bigint[], $4::bigint[]) u (partition, position, previous, epoch)
            where r.partition = u.partition and r.epoch = u.epoch
            returning r.partition
            """);
        command.Parameters.Add(Statements.Smallints(rows.Select(r => r.Partition)));
        command.Parameters.Add(Statements.Bigints(rows.Select(r => r.Position)));
        command.Parameters.Add(Statements.Bigints(rows.Select(r => r.Previous)));
        command.Parameters.Add(Statements.Bigints(rows.Select(r => r.Epoch)));
        var saved = new HashSet<int>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            saved.Add(row.GetInt16(0));
        return saved;
    }

    /// <summary>The last committed position of every partition.</summary>
    public async Task<IReadOnlyDictionary<int, long>> HeadsAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select partition, position from heads");
        var heads = new Dictionary<int, long>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            heads.Add(row.GetInt16(0), row.GetInt64(1));
        return heads;
    }
}
