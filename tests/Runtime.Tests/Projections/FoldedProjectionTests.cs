using Google.Protobuf.WellKnownTypes;
using Npgsql;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Projections;

/// <summary>Views whose rows follow from what they were: read, folded and written in one step.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class FoldedProjectionTests
{
    private const string Tables = "create table sales (customer uuid primary key, amount bigint not null check (amount >= 0))";
    private static readonly IReadOnlyList<Guid> Customers = [.. Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7(TestHost.Start))];

    [TestCase(1)]
    [TestCase(7)]
    [TestCase(10_000)]
    public async Task Rows_follow_from_what_they_were_however_records_fall_into_steps_and_a_rebuild_shows_the_same(
        int recordsPerStep, CancellationToken cancellation)
    {
        await using var host = await StartAsync(View(recordsPerStep), cancellation);
        var shop = host.Service("shop");
        for (var round = 1; round <= 12; round++)
            await shop.ExecuteAsync([.. Customers.Select((c, i) => Shop.Sell(c, round + i))], cancellation);
        await host.DrainAsync(cancellation);

        var folded = Customers.Index().ToDictionary(c => c.Item, c => Enumerable.Range(1, 12).Aggregate(0L, (amount, round) => Next(amount, round + c.Index)));
        Assert.That(await SalesView.ReadAsync(host.Service("board"), cancellation), Is.EquivalentTo(folded));
        await host.Service("board").RebuildAsync(SalesView.Name, cancellation);
        await SalesView.UntilOnlyAsync(host.Service("board"), 2, cancellation);
        await host.DrainAsync(cancellation);
        Assert.That(await SalesView.ReadAsync(host.Service("board"), cancellation), Is.EquivalentTo(folded));
    }

    [Test]
    public async Task What_comes_after_a_pause_is_shown_before_the_time_between_steps_is_over(CancellationToken cancellation)
    {
        var view = View(10_000);
        view.StepEvery = TimeSpan.FromMinutes(10);
        await using var host = await StartAsync(view, cancellation);
        for (var amount = 1; amount <= 3; amount++)
        {
            await host.Service("shop").ExecuteAsync(Shop.Sell(Customers[0], amount), cancellation);
            await host.DrainAsync(cancellation);
        }

        Assert.That((await SalesView.ReadAsync(host.Service("board"), cancellation))[Customers[0]], Is.EqualTo(Next(Next(Next(0, 1), 2), 3)));
    }

    [Test]
    public async Task What_a_refused_step_had_folded_is_forgotten(CancellationToken cancellation)
    {
        var anna = Customers[0];
        await using var host = await StartAsync(View(10_000), cancellation);
        var board = host.Service("board");
        await host.DrainAsync(cancellation);
        await host.Service("shop").ExecuteAsync([.. new[] { 10, 20, -1_000_000, 30 }.Select(amount => Shop.Sell(anna, amount))], cancellation);
        await SalesView.UntilAsync(() => Task.FromResult(board.Troubles.Count > 0), "the view stopped", cancellation);
        Assert.That(await ReadOneAsync(), Is.EqualTo(Next(Next(0, 10), 20)));

        using var skipped = await host.Http.PostAsync("/v1/board/projections/sales/skip?reason=a+test+sale", null, cancellation);

        await host.DrainAsync(cancellation);
        Assert.That(await ReadOneAsync(), Is.EqualTo(Next(Next(Next(0, 10), 20), 30)));

        async Task<long> ReadOneAsync() => (await SalesView.ReadAsync(board, cancellation))[anna];
    }

    // Tells orders apart, which a sum does not.
    private static long Next(long amount, int sold) => ((amount * 31) + sold) % 1_000_003;

    private static Task<TestHost> StartAsync(Projection view, CancellationToken cancellation) => TestHost.StartAsync(
        builder =>
        {
            Shop.Add(builder);
            Shop.AddBoard(builder, view);
        }, app => app.MapProjections("board"), cancellation);

    private static Projection View(int recordsPerStep)
    {
        var view = Projection.OfTopics(SalesView.Name, 1, Tables, [Shop.Topic], static () => new Fold());
        view.RecordsPerStepMax = recordsPerStep;
        return view;
    }

    /// <summary>Remembers every amount that it has folded, as a view may.</summary>
    private sealed class Fold : IFactFold
    {
        private readonly Dictionary<Guid, long> remembered = [];

        public async Task<Action<NpgsqlBatch>> FoldAsync(
            IReadOnlyList<ConsumedFact> facts, NpgsqlConnection connection, CancellationToken cancellation)
        {
            var amounts = facts.Select(f => f.Context.Customer).Distinct().ToDictionary(c => c, _ => 0L);
            await using (var command = new NpgsqlCommand("select customer, amount from sales where customer = any($1)", connection))
            {
                command.Parameters.Add(Statements.Uuids(amounts.Keys));
                await using var row = await command.ExecuteReaderAsync(cancellation);
                while (await row.ReadAsync(cancellation))
                    amounts[row.GetGuid(0)] = row.GetInt64(1);
            }
            foreach (var customer in amounts.Keys.Intersect(remembered.Keys).ToList())
                amounts[customer] = remembered[customer];
            foreach (var fact in facts)
                amounts[fact.Context.Customer] = Next(amounts[fact.Context.Customer], Int32Value.Parser.ParseFrom(fact.Value!.Value.Span).Value);
            foreach (var (customer, amount) in amounts)
                remembered[customer] = amount;
            return batch => Statements.Add(
                batch,
                """
                insert into sales (customer, amount) select * from unnest($1::uuid[], $2::bigint[])
                on conflict (customer) do update set amount = excluded.amount
                """,
                Statements.Uuids(amounts.Keys), Statements.Bigints(amounts.Values));
        }
    }
}
