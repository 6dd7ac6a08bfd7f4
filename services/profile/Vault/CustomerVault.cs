using System.Security.Cryptography;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// The customers' data keys, wrapped by the master key, in a schema of their own: its backups are short-lived, so that a destroyed key is
/// soon gone from everywhere.
/// </summary>
internal sealed class CustomerVault(NpgsqlDataSource database, IKeyWrapping wrapping, BoundedCache<Guid, CustomerKey> held) : ICustomerKeys
{
    /// <inheritdoc/>
    public async ValueTask<IReadOnlyDictionary<Guid, CustomerKey>> GetAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        var (found, missing) = Held(customers);
        if (missing.Count > 0)
            await LoadAsync(missing, found, cancellation);
        return found;
    }

    /// <summary>The keys of these customers, made now for those that never had one; one that is missing was destroyed. A retry is safe.</summary>
    public async Task<IReadOnlyDictionary<Guid, CustomerKey>> EnsureAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        var (found, missing) = Held(customers);
        if (missing.Count == 0)
            return found;
        missing.ExceptWith(await LoadAsync(missing, found, cancellation));
        if (missing.Count == 0)
            return found;
        await CreateAsync(missing, found, cancellation);
        // Another call may have made some of them at the same moment; its keys count.
        missing.ExceptWith(found.Keys);
        if (missing.Count > 0)
            await LoadAsync(missing, found, cancellation);
        return found;
    }

    /// <summary>A key that was read together with what it opens; null when there is none or it was destroyed.</summary>
    public async ValueTask<CustomerKey?> OpenAsync(Guid customer, byte[]? wrapped, CancellationToken cancellation)
    {
        if (wrapped is null)
            return null;
        if (held.TryGet(customer, out var known))
            return known;
        var key = new CustomerKey(customer, (await wrapping.UnwrapAsync([new OwnedKey(wrapped, OwnerOf(customer))], cancellation))[0]);
        held.Set(customer, key);
        return key;
    }

    /// <summary>
    /// Makes everything sealed for the customers unreadable for ever; other instances follow when they forget the keys. A customer who has no key
    /// yet gets none. A retry is safe.
    /// </summary>
    public async Task DestroyAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into vault.customer_keys as k (customer, destroyed_at) select unnest($1::uuid[]), now()
            on conflict (customer) do update set wrapped = null, destroyed_at = now() where k.wrapped is not null
            """);
        command.Parameters.Add(Statements.Uuids(customers.Order()));
        await command.ExecuteNonQueryAsync(cancellation);
        foreach (var customer in customers)
            held.Remove(customer);
    }

    /// <summary>Those of the customers whose key still exists.</summary>
    public async Task<IReadOnlyList<Guid>> AliveAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select u.customer from unnest($1::uuid[]) u (customer)
            where not exists (select from vault.customer_keys k where k.customer = u.customer and k.wrapped is null)
            """);
        command.Parameters.Add(Statements.Uuids(customers));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var alive = new List<Guid>();
        while (await row.ReadAsync(cancellation))
            alive.Add(row.GetGuid(0));
        return alive;
    }

    /// <inheritdoc/>
    public void Forget(Guid customer) => held.Remove(customer);

    private (Dictionary<Guid, CustomerKey> Found, HashSet<Guid> Missing) Held(IReadOnlyCollection<Guid> customers)
    {
        var found = new Dictionary<Guid, CustomerKey>(customers.Count);
        var missing = new HashSet<Guid>();
        foreach (var customer in customers)
        {
            if (held.TryGet(customer, out var key))
                found[customer] = key;
            else
                missing.Add(customer);
        }
        return (found, missing);
    }

    // Answers the customers that have a row, destroyed ones too.
    private async Task<List<Guid>> LoadAsync(HashSet<Guid> customers, Dictionary<Guid, CustomerKey> found, CancellationToken cancellation)
    {
        var existing = new List<Guid>();
        var wrapped = new List<(Guid Customer, byte[] Key)>();
        await using (var command = database.CreateCommand("select customer, wrapped from vault.customer_keys where customer = any($1)"))
        {
            command.Parameters.Add(Statements.Uuids(customers));
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                existing.Add(row.GetGuid(0));
                if (!row.IsDBNull(1))
                    wrapped.Add((row.GetGuid(0), row.GetFieldValue<byte[]>(1)));
            }
        }

        var opened = await wrapping.UnwrapAsync(wrapped.ConvertAll(w => new OwnedKey(w.Key, OwnerOf(w.Customer))), cancellation);
        foreach (var (key, of) in opened.Zip(wrapped))
            Keep(new CustomerKey(of.Customer, key), found);
        return existing;
    }

    private async Task CreateAsync(HashSet<Guid> customers, Dictionary<Guid, CustomerKey> found, CancellationToken cancellation)
    {
        // In one order for all, so that calls which make the same keys wait for each other instead of locking each other out.
        var made = customers.Order().Select(c => new CustomerKey(c, RandomNumberGenerator.GetBytes(CustomerKey.KeyBytes))).ToList();
        var wrapped = await wrapping.WrapAsync(made.ConvertAll(k => new OwnedKey(k.Export(), OwnerOf(k.Customer))), cancellation);
        await using var command = database.CreateCommand(
            """
            insert into vault.customer_keys (customer, wrapped) select * from unnest($1::uuid[], $2::bytea[])
            on conflict (customer) do nothing returning customer
            """);
        command.Parameters.Add(Statements.Uuids(made.Select(k => k.Customer)));
        command.Parameters.Add(Statements.Bytes(wrapped));
        var byCustomer = made.ToDictionary(k => k.Customer);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            Keep(byCustomer[row.GetGuid(0)], found);
    }

    /// <summary>What a customer's wrapped key is bound to.</summary>
    internal static string OwnerOf(Guid customer) => customer.ToString("D");

    private void Keep(CustomerKey key, Dictionary<Guid, CustomerKey> found)
    {
        found[key.Customer] = key;
        held.Set(key.Customer, key);
    }
}
