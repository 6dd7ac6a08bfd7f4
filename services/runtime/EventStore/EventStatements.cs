using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>Writes the events of a transaction with their partitions' heads and the states that they lead to.</summary>
internal static class EventStatements
{
    public static void Write(
        NpgsqlBatch batch,
        StoreContext store,
        IReadOnlyCollection<(RecordedEvent Event, Guid? Key)> appended,
        IReadOnlyDictionary<int, long> heads,
        IReadOnlyDictionary<Guid, LoadedStream> streams)
    {
        var touched = appended.Select(a => a.Event.Partition).ToHashSet();
        HeadStatements.Move(batch, touched, heads);
        Statements.Add(
            batch,
            """
            insert into events (partition, position, stream, customer, version, type, time, data, metadata, key)
            select * from unnest($1::smallint[], $2::bigint[], $3::uuid[], $4::uuid[], $5::int[], $6::text[], $7::timestamptz[], $8::text[],
              $9::text[], $10::uuid[])
            """,
            Statements.Smallints(appended.Select(a => a.Event.Partition)),
            Statements.Bigints(appended.Select(a => a.Event.Position)),
            Statements.Uuids(appended.Select(a => a.Event.Stream)),
            Statements.Uuids(appended.Select(a => a.Event.Customer)),
            Statements.Ints(appended.Select(a => a.Event.Version)),
            Statements.Texts(appended.Select(a => store.Types.NameOf(a.Event.Event))),
            Statements.Times(appended.Select(a => a.Event.Time)),
            Statements.Texts(appended.Select(a => store.Types.Write(a.Event.Event))),
            Statements.Texts(appended.Select(a => MetadataColumn.Write(a.Event.Metadata))),
            Statements.NullableUuids(appended.Select(a => a.Key)));

        StreamStatements.Write(batch, store, appended.Select(a => a.Event.Stream).Distinct().Select(id => streams[id]));
    }
}
