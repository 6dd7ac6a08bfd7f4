using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// Finds the customers of a batch of events by their identifiers, and gives new identifiers an owner before any command runs. A mapping whose
/// command then fails does no harm: the first command that succeeds registers the customer.
/// </summary>
internal sealed class Identities(NpgsqlDataSource database, BoundedCache<IdentifierHash, Guid> known, BusinessClock clock)
{
    // Every round that is lost has found more owners than the one before; a batch that loses this often meets a fault.
    private const int RoundsMax = 50;

    /// <summary>Answers for each event whom it is about, null for an anonymous one. A retry is safe.</summary>
    public async Task<IReadOnlyList<Recognised?>> RecogniseAsync(IReadOnlyList<Told> events, CancellationToken cancellation)
    {
        var owners = new Dictionary<IdentifierHash, Guid>();
        var unknown = new HashSet<IdentifierHash>();
        foreach (var identifier in events.SelectMany(e => e.Identifiers))
        {
            if (known.TryGet(identifier.Hash, out var owner))
                owners[identifier.Hash] = owner;
            else
                unknown.Add(identifier.Hash);
        }

        if (unknown.Count > 0)
            await LookUpAsync(unknown, owners, cancellation);
        for (var round = 0; round < RoundsMax; round++)
        {
            var matches = Matching.Match(events, owners, () => Guid.CreateVersion7(clock.GetUtcNow()));
            if (matches.New.Count == 0 || await TryClaimAsync(matches.New, cancellation))
            {
                foreach (var (hash, customer) in matches.New)
                    known.Set(hash, customer);
                return matches.Who;
            }
            await LookUpAsync(matches.New.Keys, owners, cancellation);
        }
        throw new InvalidOperationException($"Identifiers of a batch were taken by others {RoundsMax} times in a row.");
    }

    /// <summary>The customer that an identifier belongs to, or null.</summary>
    public async Task<Guid?> FindAsync(IdentifierHash hash, CancellationToken cancellation)
    {
        var owners = new Dictionary<IdentifierHash, Guid>();
        await LookUpAsync([hash], owners, cancellation);
        return owners.TryGetValue(hash, out var owner) ? owner : null;
    }

    /// <summary>
    /// Takes all identifiers from these customers, who were erased: whoever names one of them again names somebody new. A retry is safe.
    /// </summary>
    /// <param name="named">Identifiers that may be remembered here as theirs.</param>
    public async Task<int> EraseAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation, params IEnumerable<IdentifierHash> named)
    {
        var gone = new List<IdentifierHash>();
        await using var command = database.CreateCommand("delete from identifiers where customer = any($1) returning kind, hash");
        command.Parameters.Add(Statements.Uuids(customers));
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                gone.Add(new IdentifierHash((IdentifierKind)row.GetInt16(0), row.GetGuid(1)));
        }

        foreach (var hash in gone.Concat(named))
            known.Remove(hash);
        return gone.Count;
    }

    private async Task LookUpAsync(IEnumerable<IdentifierHash> hashes, Dictionary<IdentifierHash, Guid> owners, CancellationToken cancellation)
    {
        var wanted = hashes.ToList();
        await using var command = database.CreateCommand(
            """
            select i.kind, i.hash, i.customer from identifiers i
            join unnest($1::smallint[], $2::uuid[]) w (kind, hash) on i.kind = w.kind and i.hash = w.hash
            """);
        command.Parameters.Add(Statements.Smallints(wanted.Select(w => (int)w.Kind)));
        command.Parameters.Add(Statements.Uuids(wanted.Select(w => w.Hash)));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var hash = new IdentifierHash((IdentifierKind)row.GetInt16(0), row.GetGuid(1));
            owners[hash] = row.GetGuid(2);
            known.Set(hash, row.GetGuid(2));
        }
    }

    // All or none: who loses one identifier of a batch to another call must match the batch anew, or one person would become two.
    private async Task<bool> TryClaimAsync(IReadOnlyDictionary<IdentifierHash, Guid> claims, CancellationToken cancellation)
    {
        // In one order for all, so that calls with the same identifiers wait for each other instead of locking each other out.
        var sorted = claims.OrderBy(c => c.Key.Kind).ThenBy(c => c.Key.Hash).ToList();
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            insert into identifiers (kind, hash, customer) select * from unnest($1::smallint[], $2::uuid[], $3::uuid[])
            on conflict (kind, hash) do nothing
            """, connection, transaction);
        command.Parameters.Add(Statements.Smallints(sorted.Select(c => (int)c.Key.Kind)));
        command.Parameters.Add(Statements.Uuids(sorted.Select(c => c.Key.Hash)));
        command.Parameters.Add(Statements.Uuids(sorted.Select(c => c.Value)));
        if (await command.ExecuteNonQueryAsync(cancellation) < sorted.Count)
            return false;
        await transaction.CommitAsync(cancellation);
        return true;
    }
}
