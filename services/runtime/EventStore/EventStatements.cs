using Npgsql;
using NpgsqlTypes;

namespace Patron.Runtime.EventStore;

/// <summary>Writes the events of a transaction with their partitions' heads and the states that they lead to.</summary>
internal static class EventStatements
{
    public static void Write(
        NpgsqlBatch batch,
        StoreContext store,
        List<(RecordedEvent Event, Guid? Key)> appended,
        IReadOnlyDictionary<int, long> heads,
        IReadOnlyDictionary<Guid, LoadedStream> streams)
    {
        HeadStatements.Move(batch, appended.Select(a => a.Event.Partition).ToHashSet(), heads);
        new RowColumns(appended.Count)
            .Add("position", "bigint", NpgsqlDbType.Bigint, Of(a => a.Event.Position))
            .Add("partition", "smallint", NpgsqlDbType.Smallint, Of(a => (short)a.Event.Partition))
            .Add("stream", "uuid", NpgsqlDbType.Uuid, Of(a => a.Event.Stream))
            .Add("customer", "uuid", NpgsqlDbType.Uuid, Of(a => a.Event.Customer))
            .Add("version", "int", NpgsqlDbType.Integer, Of(a => a.Event.Version))
            .Add("type", "text", NpgsqlDbType.Text, Of(a => store.Types.NameOf(a.Event.Event)))
            .Add("time", "timestamptz", NpgsqlDbType.TimestampTz, Of(a => a.Event.Time.UtcDateTime))
            .Add("data", "text", NpgsqlDbType.Text, Of(a => store.Types.Write(a.Event.Event)))
            .Add("metadata", "text", NpgsqlDbType.Text, Of(a => MetadataColumn.Write(a.Event.Metadata)))
            .Add("key", "uuid", NpgsqlDbType.Uuid, Of(a => a.Key))
            .Insert(batch, "events");
        StreamStatements.Write(batch, store, appended.Select(a => a.Event.Stream).Distinct().Select(id => streams[id]));

        T[] Of<T>(Func<(RecordedEvent Event, Guid? Key), T> value) => [.. appended.Select(value)];
    }
}
