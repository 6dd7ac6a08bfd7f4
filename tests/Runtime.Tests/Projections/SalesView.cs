using Google.Protobuf.WellKnownTypes;
using Npgsql;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Projections;

/// <summary>What each customer bought for, as a projection of the shop's store or topic, in steps of few records.</summary>
internal static class SalesView
{
    public const string Name = "sales";

    private const string Tables = "create table sales (customer uuid primary key, amount bigint not null)";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <param name="version">See <see cref="Projection.Version"/>.</param>
    /// <param name="before">Sees every step before it is written.</param>
    /// <param name="tables">Other tables, which have at least the same columns.</param>
    public static Projection OfStore(int version = 1, Action<IReadOnlyList<RecordedEvent>, NpgsqlBatch>? before = null, string tables = Tables)
    {
        var view = Projection.OfStore(Name, version, tables, (events, transaction) =>
        {
            before?.Invoke(events, transaction);
            Write(transaction, [.. events.Where(e => e.Event is Sold).Select(e => (e.Customer, ((Sold)e.Event).Amount))]);
        });
        view.RecordsPerStepMax = 64;
        return view;
    }

    public static Projection OfTopic()
    {
        var view = Projection.OfTopics(Name, 1, Tables, [Shop.Topic], (facts, transaction) =>
            Write(transaction, [.. facts.Select(f => (f.Context.Customer, Int32Value.Parser.ParseFrom(f.Value!.Value.Span).Value))]));
        view.RecordsPerStepMax = 64;
        return view;
    }

    public static async Task<Dictionary<Guid, long>> ReadAsync(ServiceRuntime service, CancellationToken cancellation)
    {
        await using var command = service.Database.CreateCommand("select customer, amount from sales");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var sales = new Dictionary<Guid, long>();
        while (await row.ReadAsync(cancellation))
            sales.Add(row.GetGuid(0), row.GetInt64(1));
        return sales;
    }

    public static async Task<long> TotalAsync(ServiceRuntime service, CancellationToken cancellation) => (await ReadAsync(service, cancellation)).Values.Sum();

    /// <summary>The same, folded from the shop's events.</summary>
    public static async Task<Dictionary<Guid, long>> FoldAsync(TestHost host, IEnumerable<Guid> customers, CancellationToken cancellation)
    {
        var sales = new Dictionary<Guid, long>();
        foreach (var customer in customers)
            sales.Add(customer, (await host.Service("shop").ReadStreamAsync(customer, cancellation)).Sum(e => ((Sold)e.Event).Amount));
        return sales;
    }

    public static async Task UntilAsync(Func<Task<bool>> condition, string what, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(Patience);
        while (!await condition())
        {
            Assert.That(deadline.IsCancellationRequested, Is.False, $"In vain waited until {what}.");
            await Task.Delay(5, cancellation);
        }
    }

    /// <summary>Waits until this generation and no other one is left.</summary>
    public static Task UntilOnlyAsync(ServiceRuntime service, int generation, CancellationToken cancellation) => UntilAsync(
        async () => await service.GenerationsAsync(Name, cancellation) is [{ State: GenerationState.Live } live] && live.Number == generation,
        $"generation {generation} is the only one",
        cancellation);

    private static void Write(NpgsqlBatch transaction, IReadOnlyList<(Guid Customer, int Amount)> sold) => Statements.Add(
        transaction,
        """
        insert into sales as s (customer, amount) select customer, sum(amount) from unnest($1::uuid[], $2::int[]) u (customer, amount) group by customer
        on conflict (customer) do update set amount = s.amount + excluded.amount
        """,
        Statements.Uuids(sold.Select(s => s.Customer)),
        Statements.Ints(sold.Select(s => s.Amount)));
}
