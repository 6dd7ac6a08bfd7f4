using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>Moves the readers' places of a transaction in one statement; a single refused move ends the transaction.</summary>
internal static class OffsetStatements
{
    public static void Write(NpgsqlBatch batch, IReadOnlyList<OffsetMove> moves)
    {
        if (moves.Count == 0)
            return;
        var owned = PlantedBug.Is(Bug.ReaderEpochIgnored) ? "" : "and o.reader_epoch = u.reader_epoch";
        Statements.Add(
            batch,
            $"""
            with moved as (
              update offsets o set next_offset = u.next_offset, store_epoch = u.store_epoch, position = u.position
              from unnest($1::text[], $2::smallint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::uuid[], $7::bigint[])
                u (topic, partition, reader_epoch, expected, next_offset, store_epoch, position)
              where o.topic = u.topic and o.partition = u.partition {owned} and o.next_offset = u.expected
              returning 1)
            select fenced_unless((select count(*) from moved), $8)
            """,
            Statements.Texts(moves.Select(m => m.Topic)),
            Statements.Smallints(moves.Select(m => m.Partition)),
            Statements.Bigints(moves.Select(m => m.ReaderEpoch)),
            Statements.Bigints(moves.Select(m => m.ExpectedOffset)),
            Statements.Bigints(moves.Select(m => m.NextOffset)),
            Statements.NullableUuids(moves.Select(m => m.StoreEpoch)),
            Statements.Bigints(moves.Select(m => m.Position)),
            new NpgsqlParameter<long> { TypedValue = moves.Count });
    }
}
