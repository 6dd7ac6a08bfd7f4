using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// Who appends holds the locks of its partitions' heads until it commits, and takes them in ascending order: before it decides, or, where the
/// lane remembers all that the decision needs, afterwards, when it makes sure that the heads stand where it thought.
/// </summary>
internal static class HeadStatements
{
    /// <summary>SQLSTATE: a head does not stand where the lane remembers it, or customers of its partition were merged or split since.</summary>
    public const string Moved = "PT410";

    /// <summary>SQLSTATE: records are parked in a partition, so it has to be looked whose they are.</summary>
    public const string Parked = "PT423";

    /// <summary>Answers partition, position and how often its links changed.</summary>
    public static void Lock(NpgsqlBatch batch, IEnumerable<int> partitions) => Statements.Add(
        batch,
        "select partition, position, links from heads where partition = any($1) order by partition" + (PlantedBug.Is(Bug.HeadLockDropped) ? "" : " for update"),
        Statements.Smallints(partitions));

    /// <summary>Begins the transaction of what was decided from memory: locks the heads, or fails with <see cref="Moved"/> or <see cref="Parked"/>.</summary>
    public static void BeginUnmoved(
        NpgsqlBatch batch, SortedDictionary<int, long> remembered, IReadOnlyDictionary<int, long> links, bool asksParked)
    {
        batch.BatchCommands.Insert(0, new NpgsqlBatchCommand("begin"));
        if (PlantedBug.Is(Bug.HeadLockDropped))
            return;
        var check = new NpgsqlBatchCommand("select heads_unmoved($1, $2, $3, $4)");
        check.Parameters.Add(Statements.Smallints(remembered.Keys));
        check.Parameters.Add(Statements.Bigints(remembered.Values));
        check.Parameters.Add(Statements.Bigints(remembered.Keys.Select(p => links[p])));
        check.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = asksParked });
        batch.BatchCommands.Insert(1, check);
    }

    public static void Move(NpgsqlBatch batch, IReadOnlyCollection<int> touched, IReadOnlyDictionary<int, long> heads) => Statements.Add(
        batch,
        "update heads h set position = u.position from unnest($1::smallint[], $2::bigint[]) u (partition, position) where h.partition = u.partition",
        Statements.Smallints(touched),
        Statements.Bigints(touched.Select(p => heads[p])));
}
