using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// What profile itself does for an erasure, step by step. Each step is safe to repeat, and the key is destroyed last, since finding what names
/// the person needs it: a crash at any point leaves a step that is done again from the start.
/// </summary>
internal sealed class LocalErasure(
    ServiceRuntime profile, CustomerVault vault, Identities identities, QuarantineSearch quarantine, ImportSearch imports,
    ErasedRegister register)
{
    public async Task<IReadOnlyDictionary<string, int>> RunAsync(Erasure erasure, CancellationToken cancellation)
    {
        await CloseAsync(erasure, cancellation);
        await register.AddAsync(
            [.. erasure.Customers.Select(c => new ErasedId(c, erasure.Id, erasure.Customer, erasure.Reason, erasure.Reference, erasure.By))], cancellation);
        var (bodies, rows) = await EraseBodiesAsync(erasure.Customers, cancellation);
        var removed = await RemoveAsync(erasure.Customers, cancellation);
        return new Dictionary<string, int>
        {
            ["quarantine"] = bodies, ["import_errors"] = rows, ["identifiers"] = removed, ["keys"] = erasure.Customers.Count,
        };
    }

    /// <summary>
    /// What needs neither events nor keys: also what is done at once after a restore, before anybody is served. Answers how many identifiers
    /// went.
    /// </summary>
    public async Task<int> RemoveAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        var removed = await identities.EraseAsync(customers, cancellation);
        await ScrubAsync(customers, cancellation);
        await vault.DestroyAsync(customers, cancellation);
        return removed;
    }

    // Each customer has a partition of its own, and readers hear of an erasure by a fact in it.
    private async Task CloseAsync(Erasure erasure, CancellationToken cancellation)
    {
        var closed = new Erased(erasure.Id, [], erasure.Reason, erasure.Reference, erasure.By) { With = erasure.Customer };
        await profile.ExecuteAsync(
            [.. erasure.Aliases.Select(alias => CustomerProfile.Kind.Command(
                alias, alias, customer => customer.Erasure is null ? closed : Decision.Nothing))],
            cancellation);
    }

    private async Task<(int Bodies, int Rows)> EraseBodiesAsync(IReadOnlyList<Guid> customers, CancellationToken cancellation)
    {
        var keys = await vault.GetAsync(customers, cancellation);
        var traces = new PersonTraces();
        foreach (var (customer, key) in keys)
            traces.Learn(await profile.ReadCustomerAsync(customer, cancellation), key);
        var (bodies, rows) = (new List<Guid>(), new List<KeptRow>());
        if (keys.Count > 0)
        {
            await foreach (var (id, _) in quarantine.FindAsync(traces, cancellation))
                bodies.Add(id);
            await foreach (var row in imports.FindAsync(traces, cancellation))
                rows.Add(row);
        }

        return (await quarantine.EraseAsync(bodies, cancellation), await imports.EraseAsync(rows, cancellation));
    }

    /// <summary>
    /// What events hold in clear and no fact is made of: keyed hashes of identifiers, against which whoever has the key could still try an
    /// address, and names of wordings and forms, which a touchpoint chose. No decision needs them any more, and no state is made of them: a state
    /// that a lane or the table remembers follows from the event that closed the customer, and stays right.
    /// </summary>
    private async Task ScrubAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            update events set data = (case
              when type in ('profile.identifier-linked.v1', 'profile.identifier-conflict-found.v1')
              then data::jsonb || '{"hash": "00000000-0000-0000-0000-000000000000"}'
              when type = 'profile.customer-absorbed.v1' then data::jsonb || '{"identifiers": [], "conflicts": [], "consents": []}'
              when type = 'profile.customer-gave-back.v1' then data::jsonb || '{"identifiers": [], "conflicts": []}'
              when type = 'profile.telling-set-aside.v1' then data::jsonb || '{"consents": []}'
              when type = 'profile.consent-moved.v1'
              then jsonb_set(jsonb_set(data::jsonb, '{consent,wording}', '""') #- '{consent,optIns}', '{evidence,form}', '""')
              else jsonb_set(data::jsonb || '{"wording": ""}', '{evidence,form}', '""') end)::text
            where stream = any($1) and type in (
              'profile.identifier-linked.v1', 'profile.identifier-conflict-found.v1', 'profile.consent-changed.v1', 'profile.consent-changed.v2',
              'profile.opt-in-requested.v1', 'profile.customer-absorbed.v1', 'profile.customer-gave-back.v1', 'profile.telling-set-aside.v1',
              'profile.consent-moved.v1')
            """);
        command.Parameters.Add(Statements.Uuids(customers));
        await command.ExecuteNonQueryAsync(cancellation);
        await new PartedTraces(profile).EraseAsync(customers, cancellation);
    }
}
