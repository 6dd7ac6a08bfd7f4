using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>How far each topic is applied, in the service's own database. A claim raises the reader epoch and so fences the earlier owner.</summary>
internal sealed class OffsetTable(NpgsqlDataSource database, IReadOnlyList<string> topics)
{
    public async Task<IReadOnlyList<OwnedPartition>> ClaimAsync(
        IReadOnlyDictionary<int, long> gained, Guid incarnation, CancellationToken cancellation)
    {
        // In another life of the log offsets start again at 0; the positions that were applied still tell repeats.
        await using var command = database.CreateCommand(
            """
            insert into offsets as o (topic, partition, reader_epoch, incarnation)
            select t.topic, p.partition, p.epoch, $4 from unnest($1::text[]) t (topic), unnest($2::smallint[], $3::bigint[]) p (partition, epoch)
            on conflict (topic, partition) do update set
              reader_epoch = excluded.reader_epoch,
              next_offset = case when o.incarnation = excluded.incarnation then o.next_offset else 0 end,
              incarnation = excluded.incarnation
            where o.reader_epoch <= excluded.reader_epoch
            returning topic, partition, next_offset, store_epoch, position
            """);
        command.Parameters.Add(Statements.Texts(topics));
        command.Parameters.Add(Statements.Smallints(gained.Keys));
        command.Parameters.Add(Statements.Bigints(gained.Values));
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = incarnation });
        var partitions = gained.ToDictionary(g => g.Key, g => new OwnedPartition(g.Key, g.Value));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            partitions[row.GetInt16(1)].Save(new Dictionary<string, TopicPlace> { [row.GetString(0)] = Place(row, 2) });
        return [.. partitions.Values.Where(p => p.Places.Count == topics.Count)];
    }

    /// <summary>The committed places, or null when another instance has claimed the partition.</summary>
    public async Task<IReadOnlyDictionary<string, TopicPlace>?> ReadAsync(int partition, long epoch, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select topic, next_offset, store_epoch, position from offsets where partition = $1 and reader_epoch = $2 and topic = any($3)");
        command.Parameters.Add(new NpgsqlParameter<short> { TypedValue = (short)partition });
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = epoch });
        command.Parameters.Add(Statements.Texts(topics));
        var places = new Dictionary<string, TopicPlace>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            places.Add(row.GetString(0), Place(row, 1));
        return places.Count == topics.Count ? places : null;
    }

    private static TopicPlace Place(NpgsqlDataReader row, int first) =>
        new(row.GetInt64(first), row.IsDBNull(first + 1) ? null : row.GetGuid(first + 1), row.GetInt64(first + 2));
}
