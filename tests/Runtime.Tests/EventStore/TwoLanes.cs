using Microsoft.Extensions.Logging.Abstractions;
using Patron.Runtime.EventStore;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventStore;

/// <summary>
/// Two writer lanes over one store, of one process or of two, and nobody else who writes: the one that sells remembers what it sold, the other
/// one carries out merges and splits.
/// </summary>
internal sealed class TwoLanes : IAsyncDisposable
{
    private const int Partitions = 4;
    private const int UnitsMax = 100;
    private const int StateBytesMax = 1 << 20;

    private readonly TestDatabase database;
    private readonly List<ServiceDatabase> connections = [];
    private readonly StoreContext store;
    private readonly WriterLane selling;
    private readonly WriterLane linking;
    private readonly Task running;
    private int versions;

    private TwoLanes(TestDatabase database, bool isOneProcess, HandoverRules handovers)
    {
        this.database = database;
        store = NewStore(handovers);
        (selling, linking) = (NewLane(store), NewLane(isOneProcess ? store : NewStore(handovers)));
        running = Task.WhenAll(selling.RunAsync(CancellationToken.None), linking.RunAsync(CancellationToken.None));
    }

    /// <summary>Whose till a sale was decided on, and what was in it: each time that it was decided.</summary>
    public List<(Guid Whose, int Total)> Decided { get; } = [];

    public static async Task<TwoLanes> StartAsync(bool isOneProcess, HandoverRules handovers, CancellationToken cancellation)
    {
        var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using (var schema = new ServiceDatabase(database.ConnectionString, Store.Name))
            await Migrations.ApplyAsync(schema.Any, Store.Name, Partitions, [], cancellation);
        return new TwoLanes(database, isOneProcess, handovers);
    }

    /// <summary>A customer in this partition.</summary>
    public Guid CustomerIn(int partition)
    {
        while (true)
        {
            var customer = Guid.CreateVersion7(TestHost.Start);
            if (store.PartitionOf(customer) == partition)
                return customer;
        }
    }

    public Task<RecordedEvent> SellAsync(Guid customer, CancellationToken cancellation) => SellAsync(selling, customer, cancellation);

    /// <summary>The sale follows from a record of the customer, and not from a request.</summary>
    public async Task<Exception?> SellByRecordAsync(Guid customer, CancellationToken cancellation)
    {
        var unit = new UnitOfWork([Sale(customer)]) { Customer = customer, FaultsParkCustomer = true };
        await RunAsync(selling, unit, cancellation);
        return unit.Fault;
    }

    public Task MergeAsync(Guid away, Guid into, CancellationToken cancellation) => LinkAsync(linking, away, into, isMerge: true, cancellation);

    public Task SplitAsync(Guid away, Guid from, CancellationToken cancellation) => LinkAsync(linking, away, from, isMerge: false, cancellation);

    /// <summary>Hands a merge and a sale to one and the same lane without waiting in between.</summary>
    public async Task<RecordedEvent> MergeAndSellAsync(Guid away, Guid into, CancellationToken cancellation)
    {
        var merging = LinkAsync(selling, away, into, isMerge: true, cancellation);
        var sold = SellAsync(selling, away, cancellation);
        await merging;
        return await sold;
    }

    public async Task ParkAsync(Guid customer, CancellationToken cancellation) => await Store.RunAsync(
        database,
        $"insert into parked (topic, partition, record_offset, customer, record, reason) values ('t', {store.PartitionOf(customer)}, 1, '{customer}', '', 'r')",
        cancellation);

    public async Task<int> SalesAsync(Guid customer, CancellationToken cancellation) => (await store.Reader.StreamAsync(customer, cancellation)).Count;

    public async ValueTask DisposeAsync()
    {
        selling.Close();
        linking.Close();
        await running;
        selling.Dispose();
        linking.Dispose();
        foreach (var connection in connections)
            await connection.DisposeAsync();
        await database.DisposeAsync();
    }

    private async Task<RecordedEvent> SellAsync(WriterLane lane, Guid customer, CancellationToken cancellation)
    {
        var unit = new UnitOfWork([Sale(customer)]) { AsksParked = true };
        await RunAsync(lane, unit, cancellation);
        return unit.Results[0].Events[0];
    }

    private Command Sale(Guid customer) => Till.Kind.Command(customer, customer, (till, whose) =>
    {
        Decided.Add((whose, till.Total));
        return new Sold(1);
    });

    private async Task LinkAsync(WriterLane lane, Guid customer, Guid other, bool isMerge, CancellationToken cancellation)
    {
        var change = new LinkChange(customer, other, Guid.CreateVersion7(TestHost.Start), ++versions, isMerge, TestHost.Start);
        var unit = new UnitOfWork([]) { Customer = customer, FaultsParkCustomer = true, Link = change };
        await RunAsync(lane, unit, cancellation);
        if (unit.Fault is { } fault)
            throw new InvalidOperationException("The link was not carried out.", fault);
    }

    private static async Task RunAsync(WriterLane lane, UnitOfWork unit, CancellationToken cancellation)
    {
        var item = new WorkItem([unit]);
        await lane.EnqueueAsync(item, cancellation);
        await item.Done.WaitAsync(cancellation);
    }

    private StoreContext NewStore(HandoverRules handovers)
    {
        connections.Add(new ServiceDatabase(database.ConnectionString, Store.Name));
        return new StoreContext(connections[^1], Store.Events(), [], null, handovers, Partitions, TimeProvider.System);
    }

    private static WriterLane NewLane(StoreContext store) => new(store, Store.Name, UnitsMax, StateBytesMax, NullLogger.Instance) { Told = _ => { } };
}
