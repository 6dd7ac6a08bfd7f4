using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>The tables of identifiers, of aliases, and of devices that nobody is known by: set-based, one round trip a question.</summary>
internal sealed class OwnerTable(NpgsqlDataSource database, MatchingRules rules)
{
    private readonly short[] weak = [.. rules.Kinds.Where(k => k.Strength == Strength.Weak).Select(k => (short)k.Kind)];

    /// <summary>Adds the owners of those identifiers that have one.</summary>
    public async Task FindAsync(
        IReadOnlyCollection<IdentifierHash> hashes, Dictionary<IdentifierHash, Owner> owners, CancellationToken cancellation)
    {
        var (kinds, values) = InOrder(hashes);
        await using var command = database.CreateCommand(
            """
            select i.kind, i.hash, i.customer, a.root, i.persons,
              case when i.kind = any($3) and a.root is null
                then exists (select from anonymous n where n.node = i.customer and n.taken_by is null) else false end
            from unnest($1::smallint[], $2::uuid[]) w (kind, hash)
            join identifiers i on i.kind = w.kind and i.hash = w.hash
            left join aliases a on a.node = case when i.merged then i.customer end
            """);
        command.Parameters.Add(Array(kinds, NpgsqlDbType.Smallint));
        command.Parameters.Add(Array(values, NpgsqlDbType.Uuid));
        command.Parameters.Add(Array(weak, NpgsqlDbType.Smallint));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var kind = (IdentifierKind)row.GetInt16(0);
            var node = row.GetGuid(2);
            var merged = !row.IsDBNull(3);
            owners[new IdentifierHash(kind, row.GetGuid(1))] = new Owner(
                node, merged ? row.GetGuid(3) : node, Anonymous: !merged && row.GetBoolean(5), Shared: rules.IsShared(kind, row.GetInt16(4)));
        }
    }

    /// <summary>
    /// All or none: who loses one identifier of a batch, or a device, to another call must match the batch anew, or one person would become two
    /// and two would become one.
    /// </summary>
    public async Task<bool> TryClaimAsync(Matches matches, CancellationToken cancellation)
    {
        // In one order for all, so that calls with the same identifiers wait for each other instead of locking each other out.
        var (kinds, values) = InOrder(matches.New.Keys);
        var nodes = kinds.Zip(values, (kind, hash) => matches.New[new IdentifierHash((IdentifierKind)kind, hash)].Node).ToArray();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection, transaction);
        Statements.Add(
            batch,
            """
            insert into identifiers (kind, hash, customer) select * from unnest($1::smallint[], $2::uuid[], $3::uuid[])
            on conflict (kind, hash) do nothing
            """,
            Array(kinds, NpgsqlDbType.Smallint), Array(values, NpgsqlDbType.Uuid), Array(nodes, NpgsqlDbType.Uuid));
        var expected = kinds.Length;
        var strangers = matches.New.Values.Where(o => o.Anonymous).Select(o => o.Node).Distinct().Order().ToArray();
        if (strangers.Length > 0)
            Statements.Add(batch, "insert into anonymous (node) select unnest($1) on conflict (node) do nothing", Array(strangers, NpgsqlDbType.Uuid));
        if (matches.BecameKnown.Count > 0)
            Take(batch, [.. matches.BecameKnown.Select(n => new Pair(n, n))]);
        await batch.ExecuteNonQueryAsync(cancellation);

        var taken = matches.BecameKnown.Count == 0 ? 0 : (int)batch.BatchCommands[^1].RecordsAffected;
        if ((int)batch.BatchCommands[0].RecordsAffected < expected || taken < matches.BecameKnown.Count)
            return false;
        await transaction.CommitAsync(cancellation);
        return true;
    }

    /// <summary>The second of each pair is a device's customer, whom the first takes over; answers those whom nobody else has taken.</summary>
    public async Task<IReadOnlySet<Guid>> TakeOverAsync(IReadOnlyCollection<Pair> devices, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var batch = new NpgsqlBatch(connection);
        Take(batch, devices);
        var taken = new HashSet<Guid>();
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            taken.Add(row.GetGuid(0));
        return taken;
    }

    public async Task<IReadOnlyDictionary<Guid, Guid>> RootsAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select node, root from aliases where node = any($1)");
        command.Parameters.Add(Statements.Uuids(customers));
        var roots = new Dictionary<Guid, Guid>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            roots.Add(row.GetGuid(0), row.GetGuid(1));
        return roots;
    }

    /// <summary>Marks those of these identifiers whose customer is merged, where a claim of the same moment as the merge did not.</summary>
    public async Task MarkMergedAsync(IReadOnlyCollection<IdentifierHash> hashes, CancellationToken cancellation)
    {
        var (kinds, values) = InOrder(hashes);
        await using var command = database.CreateCommand(
            """
            update identifiers i set merged = true from unnest($1::smallint[], $2::uuid[]) w (kind, hash)
            where i.kind = w.kind and i.hash = w.hash and not i.merged and exists (select from aliases a where a.node = i.customer)
            """);
        command.Parameters.Add(Array(kinds, NpgsqlDbType.Smallint));
        command.Parameters.Add(Array(values, NpgsqlDbType.Uuid));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Deletes the identifiers of these customers and of all who are merged into them; answers which.</summary>
    public async Task<IReadOnlyList<IdentifierHash>> EraseAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            delete from identifiers where customer = any($1) or customer in (select node from aliases where root = any($1))
            returning kind, hash
            """);
        command.Parameters.Add(Statements.Uuids(customers));
        var gone = new List<IdentifierHash>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            gone.Add(new IdentifierHash((IdentifierKind)row.GetInt16(0), row.GetGuid(1)));
        return gone;
    }

    // The rows are locked in one order before they are changed, for the same reason as above.
    private static void Take(NpgsqlBatch batch, IReadOnlyCollection<Pair> devices) => Statements.Add(
        batch,
        """
        with free as (
          select n.node, t.taken_by from unnest($1::uuid[], $2::uuid[]) t (taken_by, node) join anonymous n on n.node = t.node
          where n.taken_by is null or n.taken_by = t.taken_by order by n.node for update of n)
        update anonymous n set taken_by = free.taken_by from free where n.node = free.node returning n.node
        """,
        Statements.Uuids(devices.Select(d => d.One)),
        Statements.Uuids(devices.Select(d => d.Other)));

    private static (short[] Kinds, Guid[] Hashes) InOrder(IReadOnlyCollection<IdentifierHash> hashes)
    {
        var sorted = new IdentifierHash[hashes.Count];
        var i = 0;
        foreach (var hash in hashes)
            sorted[i++] = hash;
        System.Array.Sort(sorted, static (a, b) => a.Kind != b.Kind ? (int)a.Kind - (int)b.Kind : a.Hash.CompareTo(b.Hash));
        return (System.Array.ConvertAll(sorted, h => (short)h.Kind), System.Array.ConvertAll(sorted, h => h.Hash));
    }

    private static NpgsqlParameter<T[]> Array<T>(T[] values, NpgsqlDbType element) =>
        new() { TypedValue = values, NpgsqlDbType = NpgsqlDbType.Array | element };
}
