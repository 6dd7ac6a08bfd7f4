using System.Text.Json;
using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>An erasure that a service has applied.</summary>
/// <param name="Removed">Rows deleted, by table; commands that it led to are events of the customer's streams.</param>
public sealed record AppliedErasure(Guid Customer, DateTimeOffset At, IReadOnlyDictionary<string, int> Removed);

/// <summary>
/// What erased customers leave in a service: one row that says so. It is written, and the customers' other rows are deleted, in the transaction
/// that moves the offset past the fact of the erasure.
/// </summary>
internal sealed class ErasedCustomers
{
    private const string Parked = "parked";
    private const string Timers = "timers";
    private readonly string delete;

    public ErasedCustomers(IReadOnlyList<CustomerTable> tables)
    {
        // Names come from the services' definitions, never from a request.
        var deleted = tables.Where(t => t.KeptBecause is null && !t.OfProjection).ToList();
        var deletes = deleted.Select(t => $"of_{t.Name} as (delete from {t.Name} where {t.Key} = any($1) returning {t.Key} as customer)");
        var counts = deleted.Select(t => t.Name).Append(Parked).Append(Timers)
            .Select(name => $"'{name}', (select nullif(count(*), 0) from of_{name} o where o.customer = g.customer)");
        delete = $"""
            with {string.Concat(deletes.Select(d => d + ", "))}of_{Parked} as (
              delete from parked where partition = any($2) and customer = any($1) returning customer),
            of_{Timers} as (
              delete from timers where stream = any($1)
                or stream in (select stream from streams where customer = any($1) and stream <> customer) returning customer),
            of_discarded as (update discarded set reason = '', why = '' where customer = any($1))
            insert into erased (customer, partition, removed)
            select g.customer, g.partition, json_strip_nulls(json_build_object({string.Join(", ", counts)}))::text
            from unnest($1::uuid[], $2::smallint[]) g (customer, partition) on conflict (customer) do nothing
            """;
    }

    /// <summary>Adds the statement after all others of the transaction, so that it finds what they wrote.</summary>
    public void Write(NpgsqlBatch transaction, int partition, IReadOnlyCollection<Guid> customers)
    {
        if (customers.Count == 0)
            return;
        Statements.Add(transaction, delete, Statements.Uuids(customers), Statements.Smallints(customers.Select(_ => partition)));
        ParkedRecords.ReleaseOthers(transaction, customers);
    }

    /// <summary>The erased customers of these partitions: they are held in memory, at some 40 bytes each.</summary>
    public static async Task<IReadOnlyList<(int Partition, Guid Customer)>> OfAsync(
        NpgsqlDataSource database, IEnumerable<int> partitions, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select partition, customer from erased where partition = any($1)");
        command.Parameters.Add(Statements.Smallints(partitions));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var customers = new List<(int, Guid)>();
        while (await row.ReadAsync(cancellation))
            customers.Add((row.GetInt16(0), row.GetGuid(1)));
        return customers;
    }

    public static async Task<IReadOnlyList<AppliedErasure>> FindAsync(
        NpgsqlDataSource database, IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select customer, erased_at, removed from erased where customer = any($1)");
        command.Parameters.Add(Statements.Uuids(customers));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var applied = new List<AppliedErasure>();
        while (await row.ReadAsync(cancellation))
        {
            applied.Add(new AppliedErasure(
                row.GetGuid(0), new DateTimeOffset(row.GetDateTime(1), TimeSpan.Zero),
                JsonSerializer.Deserialize(row.GetString(2), PersonalDataJson.Default.IReadOnlyDictionaryStringInt32)!));
        }

        return applied;
    }
}
