using System.Security.Cryptography;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// The customers' data keys, wrapped by the master key, in a schema of their own: its backups are short-lived, so that a destroyed key is
/// soon gone from everywhere.
/// </summary>
internal sealed class CustomerVault(NpgsqlDataSource database, MasterKeys masters, BoundedCache<Guid, CustomerKey> held) : ICustomerKeys
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
    public CustomerKey? Open(Guid customer, byte[]? wrapped) =>
        wrapped is null ? null : new CustomerKey(customer, masters.Unwrap(wrapped, customer.ToString("D")));

    /// <summary>Makes everything sealed for the customer unreadable for ever; other instances follow when they forget the key. A retry is safe.</summary>
    public async Task DestroyAsync(Guid customer, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "update vault.customer_keys set wrapped = null, destroyed_at = now() where customer = $1 and wrapped is not null");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        await command.ExecuteNonQueryAsync(cancellation);
        held.Remove(customer);
    }

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
        await using var command = database.CreateCommand("select customer, wrapped from vault.customer_keys where customer = any($1)");
        command.Parameters.Add(Statements.Uuids(customers));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var customer = row.GetGuid(0);
            existing.Add(customer);
            if (!row.IsDBNull(1))
                Keep(new CustomerKey(customer, masters.Unwrap(row.GetFieldValue<byte[]>(1), customer.ToString("D"))), found);
        }
        return existing;
    }

    private async Task CreateAsync(HashSet<Guid> customers, Dictionary<Guid, CustomerKey> found, CancellationToken cancellation)
    {
        // In one order for all, so that calls which make the same keys wait for each other instead of locking each other out.
        var made = customers.Order().Select(c => new CustomerKey(c, RandomNumberGenerator.GetBytes(CustomerKey.KeyBytes))).ToList();
        await using var command = database.CreateCommand(
            """
            insert into vault.customer_keys (customer, wrapped) select * from unnest($1::uuid[], $2::bytea[])
            on conflict (customer) do nothing returning customer
            """);
        command.Parameters.Add(Statements.Uuids(made.Select(k => k.Customer)));
        command.Parameters.Add(Statements.Bytes(made.Select(k => masters.Wrap(k.Export(), k.Customer.ToString("D")))));
        var byCustomer = made.ToDictionary(k => k.Customer);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            Keep(byCustomer[row.GetGuid(0)], found);
    }

    private void Keep(CustomerKey key, Dictionary<Guid, CustomerKey> found)
    {
        found[key.Customer] = key;
        held.Set(key.Customer, key);
    }
}
