using Npgsql;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>Customers who were ever merged with another: their counters are in their streams.</summary>
internal static class LinkedRows
{
    public const string Schema = """
        create table linked_customers (
          customer uuid primary key,
          partition int not null
        );
        create index linked_customers_partition on linked_customers (partition);
        """;

    private static readonly HashSet<string> Linking =
        [MergedAway.Descriptor.FullName, Absorbed.Descriptor.FullName, SplitOff.Descriptor.FullName, GaveBack.Descriptor.FullName];

    public static void Apply(IReadOnlyList<ConsumedFact> facts, ActivityMemory memory, NpgsqlBatch transaction)
    {
        var linked = facts.Where(fact => Linking.Contains(fact.Context.Envelope.Type)).Select(fact => fact.Context).DistinctBy(c => c.Customer).ToList();
        if (linked.Count == 0)
            return;
        foreach (var context in linked)
            memory.Link(context.Partition, context.Customer, context.Envelope.Position);
        Statements.Add(
            transaction,
            "insert into linked_customers (customer, partition) select * from unnest($1::uuid[], $2::int[]) on conflict do nothing",
            Statements.Uuids(linked.Select(context => context.Customer)),
            Statements.Ints(linked.Select(context => context.Partition)));
    }

    public static async Task<IReadOnlyList<Guid>> ReadAsync(NpgsqlDataSource database, int partition, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select customer from linked_customers where partition = $1");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = partition });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var linked = new List<Guid>();
        while (await row.ReadAsync(cancellation))
            linked.Add(row.GetGuid(0));
        return linked;
    }
}
