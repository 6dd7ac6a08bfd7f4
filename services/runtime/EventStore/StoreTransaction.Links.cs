using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>
/// Where commands go when customers are merged: decided by what this process remembers, and checked under the heads' locks, before a decision
/// or, where the lane decides first, after it.
/// </summary>
internal sealed partial class StoreTransaction
{
    private Guid RootOf(Command command) => command.IsExact ? command.Customer : roots.GetValueOrDefault(command.Customer, command.Customer);

    private Command Route(Command command) => RootOf(command) is var root && root != command.Customer ? command.To(root) : command;

    /// <summary>All heads on the way are locked: nobody in between can be merged or split off meanwhile.</summary>
    private void RouteAll(IEnumerable<Guid> customers)
    {
        routedAt = store.Links.Version;
        foreach (var customer in customers)
        {
            if (!roots.TryAdd(customer, customer))
                continue;
            heads.TryAdd(store.PartitionOf(customer), 0);
            if (!store.Links.IsAway(customer))
                continue;
            foreach (var step in store.Links.PathOf(customer))
            {
                heads.TryAdd(store.PartitionOf(step), 0);
                roots[customer] = step;
            }
        }
    }

    /// <summary>Whether, under the locks, everybody still goes where they were routed; another lane may have learned something meanwhile.</summary>
    private bool IsCurrent() => store.Links.Version == routedAt || roots.All(
        routed => store.Links.PathOf(routed.Key).ToList() is var path && path[^1] == routed.Value
            && path.TrueForAll(step => heads.ContainsKey(store.PartitionOf(step))));

    /// <summary>Whom a record's unit is about beside its key: by a merge, or because the record names them.</summary>
    private IEnumerable<Guid> Others(UnitOfWork unit)
    {
        if (unit.AsksParked || unit.Timer is not null)
            return [];
        var others = unit.Link is null ? unit.Commands.SelectMany(c => new[] { c.Customer, c.LapsesWhenMerged ? c.Customer : RootOf(c) }) : roots.Values;
        return others.Where(o => o != unit.Customer);
    }

    /// <summary>Whoever else's parked records the unit has to wait for; null for nobody.</summary>
    private Guid? Other(UnitOfWork unit) => behind.Count == 0 ? null : Others(unit).Where(behind.Contains).Select(o => (Guid?)o).FirstOrDefault();

    private void TakeHead(NpgsqlDataReader row)
    {
        var partition = row.GetInt16(0);
        heads[partition] = row.GetInt64(1);
        linksOf[partition] = row.GetInt64(2);
    }

    /// <summary>Reads what is not remembered of the links of the locked partitions; mostly nothing.</summary>
    private async Task LearnLinksAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        var missing = linksOf.Where(p => p.Value > store.Links.Known(p.Key)).ToList();
        if (missing.Count == 0)
            return;
        await using var command = new NpgsqlCommand(
            """
            select l.partition, l.customer, l.other, l.away from unnest($1::smallint[], $2::bigint[]) p (partition, known)
            join links l on l.partition = p.partition and l.change > p.known order by l.partition, l.change
            """,
            connection);
        command.Parameters.Add(Statements.Smallints(missing.Select(p => p.Key)));
        command.Parameters.Add(Statements.Bigints(missing.Select(p => store.Links.Known(p.Key))));
        var changes = new List<(int Partition, Guid Customer, Guid? Into)>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                changes.Add((row.GetInt16(0), row.GetGuid(1), row.GetBoolean(3) ? row.GetGuid(2) : null));
        }

        foreach (var (partition, change) in missing)
            store.Links.Learn(partition, change, changes.Where(c => c.Partition == partition).Select(c => (c.Customer, c.Into)));
    }

    /// <summary>Locks the customers of a link and makes the commands that follow from it: none when it is not newer than what is known.</summary>
    private async Task PrepareAsync(NpgsqlConnection connection, UnitOfWork unit, CancellationToken cancellation)
    {
        var change = unit.Link!;
        (link, refused) = (null, null);
        unit.Make([]);
        do
        {
            await RollBackAsync(connection, cancellation, isOpen: linksOf.Count > 0);
            RouteAll([change.Customer, change.Other]);
            await LockAsync(connection, cancellation);
            await LearnLinksAsync(connection, cancellation);
        }
        while (!IsCurrent());

        var (known, origins) = await KnownOfAsync(connection, change.Customer, cancellation);
        if (change.Version <= known)
            return;
        var partition = store.PartitionOf(change.Customer);
        link = new LinkRow(change, partition, linksOf[partition] + 1);
        var root = roots[change.IsMerge ? change.Other : change.Customer];
        var isAway = roots[change.Customer] != change.Customer;
        if (change.IsMerge && (isAway || root == change.Customer))
            refused = new InvalidOperationException($"Customer {change.Customer:D} cannot be merged into {change.Other:D}: they belong together already.");
        else if (change.IsMerge != isAway)
            Make(unit, new Handover(change.Customer, root, change.Link, change.Version, change.IsMerge, change.At, origins));
    }

    private async Task LockAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var batch = connection.CreateBatch();
        Statements.Add(batch, "begin");
        HeadStatements.Lock(batch, heads.Keys);
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            TakeHead(row);
    }

    private void Make(UnitOfWork unit, Handover handover)
    {
        try
        {
            unit.Make((handover.IsMerge ? store.Handovers.Merged : store.Handovers.Split)(handover).Select(c => c with { Metadata = unit.Metadata }));
        }
#pragma warning disable CA1031 // Whatever a service's mapping throws is the unit's fault, like what a decision throws.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            refused = fault;
        }
    }

    private static async Task<(long Version, HashSet<Guid> Origins)> KnownOfAsync(
        NpgsqlConnection connection, Guid customer, CancellationToken cancellation)
    {
        await using var batch = connection.CreateBatch();
        Statements.Add(batch, "select coalesce(max(version), 0) from links where customer = $1", new NpgsqlParameter<Guid> { TypedValue = customer });
        Statements.Add(batch, "select members_of($1)", new NpgsqlParameter<Guid> { TypedValue = customer });
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        var version = row.GetInt64(0);
        await row.NextResultAsync(cancellation);
        var origins = new HashSet<Guid>();
        while (await row.ReadAsync(cancellation))
            origins.Add(row.GetGuid(0));
        return (version, origins);
    }

    private async Task RollBackAsync(NpgsqlConnection connection, CancellationToken cancellation, bool isOpen = true)
    {
        if (isOpen)
        {
            await using var command = new NpgsqlCommand("rollback", connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }

        heads.Clear();
        linksOf.Clear();
        roots.Clear();
        streams.Clear();
        recalled.Clear();
        keys.Clear();
        timers.Clear();
        parked.Clear();
        behind.Clear();
    }
}

/// <summary>A link as it is to be kept.</summary>
/// <param name="Change">The number of the change in the customer's partition.</param>
internal sealed record LinkRow(LinkChange Link, int Partition, long Change);

internal static class LinkStatements
{
    /// <summary>Stands where a parked record has its topic, for a customer whose merge or split waits for the other one's parked records.</summary>
    public const string ParkedTopic = "merges";

    public static void Write(NpgsqlBatch batch, LinkRow row)
    {
        Statements.Add(
            batch,
            "update heads set links = $2 where partition = $1",
            new NpgsqlParameter<short> { TypedValue = (short)row.Partition },
            new NpgsqlParameter<long> { TypedValue = row.Change });
        Statements.Add(
            batch,
            "insert into links (customer, version, other, link, away, partition, change) values ($1, $2, $3, $4, $5, $6, $7)",
            new NpgsqlParameter<Guid> { TypedValue = row.Link.Customer },
            new NpgsqlParameter<long> { TypedValue = row.Link.Version },
            new NpgsqlParameter<Guid> { TypedValue = row.Link.Other },
            new NpgsqlParameter<Guid> { TypedValue = row.Link.Link },
            new NpgsqlParameter<bool> { TypedValue = row.Link.IsMerge },
            new NpgsqlParameter<short> { TypedValue = (short)row.Partition },
            new NpgsqlParameter<long> { TypedValue = row.Change });
    }
}
