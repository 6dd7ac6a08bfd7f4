using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventStore;

/// <summary>A build reads what other builds have written, or stops; it never skips.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class EventHistoryTests
{
    private static readonly Guid Anna = new("0197f7a0-0000-7000-8000-00000000a001");

    // Counts every sale twice, and so differs from what the first build has kept.
    private static readonly StreamKind<Till> Reshaped = new(
        "till", new Till(0, 0), (till, happened) => happened is Sold sold ? new Till(till.Total + sold.Amount, till.Sales + 2) : till,
        ShopJson.Default.Till, shape: 2);

    [Test]
    public async Task An_event_stored_under_an_old_name_reads_as_the_new_one_also_through_two_upcasters(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await SellAsync(database, [5, 7], cancellation);
        await Store.RunAsync(
            database,
            """
            update events set type = 'store.took.v1', data = '{"Cents":500}' where version = 1;
            update events set type = 'store.took.v2', data = '{"Euros":7}' where version = 2
            """,
            cancellation);

        var events = Store.Events()
            .Upcast("store.took.v1", "store.took.v2", old => new JsonObject { ["Euros"] = old["Cents"]!.GetValue<int>() / 100 })
            .Upcast("store.took.v2", "shop.sold.v1", old => new JsonObject { ["Amount"] = old["Euros"]!.GetValue<int>() });
        await using var host = await Store.StartAsync(cancellation, database, events, Reshaped);

        var read = await host.Service(Store.Name).ReadStreamAsync(Anna, cancellation);
        Assert.That(read.Select(e => e.Event), Is.EqualTo(new[] { new Sold(5), new Sold(7) }));
        Assert.That(await host.Service(Store.Name).StateAsync(Reshaped, Anna, cancellation), Is.EqualTo(new Till(12, 4)));
    }

    [Test]
    public void An_upcaster_starts_at_no_current_name() =>
        Assert.That(() => Store.Events().Upcast("shop.sold.v1", "shop.sold.v2", old => old), Throws.ArgumentException.With.Message.Contains("shop.sold.v1"));

    [Test]
    public async Task An_unknown_event_stops_its_reader_and_the_relay_and_is_not_skipped(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await SellAsync(database, [5, 7, 9], cancellation);
        await Store.RunAsync(
            database, "update events set type = 'store.brand-new.v1' where version = 2; update relay set position = 0, previous = 0", cancellation);

        await using var host = await Store.StartAsync(cancellation, database);
        var service = host.Service(Store.Name);

        Assert.That(
            async () => await service.ReadStreamAsync(Anna, cancellation),
            Throws.InstanceOf<UnknownEventException>().With.Property(nameof(UnknownEventException.EventName)).EqualTo("store.brand-new.v1"));
        Assert.That(() => service.Troubles, Has.Some.Contains("The event 'store.brand-new.v1' is not known to this build.").After(10_000, 10));
        Assert.That(await host.ReadTopicAsync(Store.Topic, cancellation), Has.Count.EqualTo(3), "published by the first build, and nothing since");
    }

    [Test]
    public async Task A_state_of_another_shape_is_folded_anew_before_the_next_decision_and_then_kept(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await SellAsync(database, [5, 7], cancellation);

        await using var host = await Store.StartAsync(cancellation, database, kind: Reshaped);
        var service = host.Service(Store.Name);
        Till? decidedOn = null;
        await service.ExecuteAsync(
            Reshaped.Command(Anna, Anna, till =>
            {
                decidedOn = till;
                return new Sold(1);
            }),
            cancellation);

        Assert.That(decidedOn, Is.EqualTo(new Till(12, 4)));
        await using var kept = service.Database.CreateCommand("select shape || state from streams");
        Assert.That(await kept.ExecuteScalarAsync(cancellation), Is.EqualTo("""2{"Total":13,"Sales":6}"""));
    }

    [Test]
    public async Task Six_instances_bring_the_same_empty_database_up_to_date_at_once(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var hosts = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => Store.StartAsync(cancellation, database)));
        try
        {
            var results = await Task.WhenAll(hosts.Select(h => h.Service(Store.Name).ExecuteAsync(Shop.Sell(Anna, 1), cancellation)));

            Assert.That(results.Select(r => r.Version), Is.EquivalentTo(Enumerable.Range(1, 6)));
            Assert.That(hosts.Select(h => h.Service(Store.Name).StoreEpoch).Distinct().ToList(), Has.Count.EqualTo(1));
        }
        finally
        {
            foreach (var host in hosts)
                await host.DisposeAsync();
        }
    }

    [Test]
    public async Task Another_number_of_partitions_than_the_stores_own_is_refused(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await SellAsync(database, [1], cancellation);

        Assert.That(
            async () => await Store.StartAsync(cancellation, database, partitions: 8),
            Throws.InvalidOperationException.With.Message.EqualTo(
                "The store 'store' was created with 4 partitions and the configuration says 8. Partitions are chosen once: set Partitions to 4."));
    }

    private static async Task SellAsync(TestDatabase database, IReadOnlyList<int> amounts, CancellationToken cancellation)
    {
        await using var host = await Store.StartAsync(cancellation, database);
        await host.Service(Store.Name).ExecuteAsync([.. amounts.Select(amount => Shop.Sell(Anna, amount))], cancellation);
        await host.DrainAsync(cancellation);
    }
}
