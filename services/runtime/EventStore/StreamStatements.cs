using Npgsql;
using NpgsqlTypes;

namespace Patron.Runtime.EventStore;

/// <summary>
/// Writes the states that a transaction's events lead to. A known stream is updated and a new one inserted: an upsert would lock and log
/// every row twice.
/// </summary>
internal static class StreamStatements
{
    public static void Write(NpgsqlBatch batch, StoreContext store, IEnumerable<LoadedStream> changed)
    {
        // In the order of the index, so that neighbours are found on the same pages.
        var inOrder = changed.OrderBy(s => s.Id).ToLookup(s => s.IsKept);
        var kept = inOrder[true].ToList();
        if (kept.Count > 0)
            States(kept).Update(batch, "streams");

        var added = inOrder[false].ToList();
        if (added.Count == 0)
            return;
        States(added)
            .Add("customer", "uuid", NpgsqlDbType.Uuid, [.. added.Select(s => s.Customer)])
            .Add("partition", "smallint", NpgsqlDbType.Smallint, [.. added.Select(s => (short)store.PartitionOf(s.Customer))])
            .Add("kind", "text", NpgsqlDbType.Text, [.. added.Select(s => s.Kind.Name)])
            .Insert(batch, "streams");
    }

    private static RowColumns States(List<LoadedStream> streams) => new RowColumns(streams.Count)
        .Add("stream", "uuid", NpgsqlDbType.Uuid, [.. streams.Select(s => s.Id)])
        .Add("version", "int", NpgsqlDbType.Integer, [.. streams.Select(s => s.Version)])
        .Add("shape", "int", NpgsqlDbType.Integer, [.. streams.Select(s => s.Kind.Shape)])
        .Add("state", "text", NpgsqlDbType.Text, [.. streams.Select(Write)]);

    private static string Write(LoadedStream stream)
    {
        var text = stream.Kind.Write(stream.State);
        stream.Size = text.Length;
        return text;
    }
}
