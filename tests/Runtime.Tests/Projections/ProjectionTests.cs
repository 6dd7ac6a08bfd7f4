using Npgsql;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Projections;

/// <summary>Views that follow a store or a log, and are rebuilt beside themselves.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ProjectionTests
{
    private static readonly IReadOnlyList<Guid> Customers = [.. Enumerable.Range(1, 20).Select(i => new Guid(i, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 0))];

    [Test]
    [CancelAfter(60_000)]
    public async Task A_rebuild_while_commands_flow_never_shows_less_and_ends_as_a_fresh_fold(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation, projection: SalesView.OfStore());
        var shop = host.Service("shop");
        await SellAsync(host, rounds: 50, cancellation);
        await host.DrainAsync(cancellation);
        using var enough = new CancellationTokenSource();

        var selling = SellUntilAsync(host, enough.Token);
        var watching = WatchAsync(shop, enough.Token);
        foreach (var number in new[] { 2, 3, 4 })
        {
            var begun = await shop.RebuildAsync(SalesView.Name, cancellation);
            Assert.That(begun, Is.EqualTo(new Generation(number, 1, GenerationState.Building)));
            await SalesView.UntilOnlyAsync(shop, number, cancellation);
        }

        await enough.CancelAsync();
        await selling;
        Assert.That(await watching, Is.GreaterThan(10), "looks at the view");
        await host.DrainAsync(cancellation);
        await IsAsFoldedAsync(host, cancellation);
        var caughtUp = new ReaderLag(SalesView.Name, "store", 4, await Measured.EventsAsync(shop, cancellation), 0);
        Assert.That(shop.Lag.Single(l => l.Reader == SalesView.Name), Is.EqualTo(caughtUp));
        Assert.That(await Measured.SchemasAsync(shop, cancellation), Is.EqualTo(new[] { "shop_sales_g4" }));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_half_built_view_is_invisible_and_the_next_process_goes_on_where_the_last_one_ended(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using (var before = await StartAsync(cancellation, database))
            await SellAsync(before, rounds: 20, cancellation);

        var applied = 0;
        var dying = SalesView.OfStore(before: (events, _) =>
            applied = applied < 200 ? applied + events.Count : throw new InvalidOperationException("The end."));
        await using (var dies = await StartAsync(cancellation, database, dying))
        {
            var shop = dies.Service("shop");
            await SalesView.UntilAsync(() => Task.FromResult(shop.Troubles.Count > 0), "the build stopped", cancellation);
            Assert.That(shop.Troubles[0], Does.Contain("The end."));
            Generation[] half = [new(1, 1, GenerationState.Building)];
            Assert.That(await shop.GenerationsAsync(SalesView.Name, cancellation), Is.EqualTo(half));
            Assert.That(
                async () => await SalesView.ReadAsync(shop, cancellation),
                Throws.TypeOf<PostgresException>().With.Property("SqlState").EqualTo(PostgresErrorCodes.UndefinedTable));
        }

        var appliedLater = 0;
        await using var lives = await StartAsync(cancellation, database, SalesView.OfStore(before: (events, _) => appliedLater += events.Count));
        await lives.DrainAsync(cancellation);
        Assert.That(applied + appliedLater, Is.EqualTo(20 * Customers.Count), "events applied by both");
        await IsAsFoldedAsync(lives, cancellation);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_connection_that_breaks_within_a_transaction_loses_and_doubles_nothing(CancellationToken cancellation)
    {
        var steps = 0;
        await using var host = await StartAsync(cancellation, projection: SalesView.OfStore(before: (_, transaction) =>
        {
            if (++steps is 2 or 5)
                Statements.Add(transaction, "select pg_terminate_backend(pg_backend_pid())");
        }));

        await SellAsync(host, rounds: 20, cancellation);
        await host.DrainAsync(cancellation);
        await host.Service("shop").RebuildAsync(SalesView.Name, cancellation);
        await host.DrainAsync(cancellation);

        Assert.That(steps, Is.GreaterThan(5));
        await IsAsFoldedAsync(host, cancellation);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_raised_version_builds_other_tables_while_the_old_are_served_and_an_older_build_leaves_them_alone(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using (var first = await StartAsync(cancellation, database, SalesView.OfStore()))
        {
            await SellAsync(first, rounds: 5, cancellation);
            await first.DrainAsync(cancellation);
        }

        using var gate = new ManualResetEventSlim();
        var raised = SalesView.OfStore(
            version: 2,
            before: (_, _) => gate.Wait(cancellation),
            tables: "create table sales (customer uuid primary key, currency text not null default 'GBP', amount bigint not null)");
        await using (var second = await StartAsync(cancellation, database, raised))
        {
            var shop = second.Service("shop");
            await SalesView.UntilAsync(
                async () => (await shop.GenerationsAsync(SalesView.Name, cancellation)).Count == 2, "the second generation began", cancellation);
            await IsAsFoldedAsync(second, cancellation);
            gate.Set();
            await SalesView.UntilOnlyAsync(shop, 2, cancellation);
            await IsAsFoldedAsync(second, cancellation);
        }

        await using var older = await StartAsync(cancellation, database, SalesView.OfStore());
        await older.DrainAsync(cancellation);
        var left = older.Service("shop");
        Assert.That(await left.GenerationsAsync(SalesView.Name, cancellation), Is.EqualTo(new[] { new Generation(2, 2, GenerationState.Live) }));
        Assert.That(
            async () => await left.RebuildAsync(SalesView.Name, cancellation), Throws.InvalidOperationException.With.Message.Contains("newer build"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_zombie_neither_writes_nor_swaps_nor_drops(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation, projection: SalesView.OfStore());
        var database = host.Service("shop").Database;
        var view = Projection.OfStore("other", 1, "create table other (n int)", (_, _) => { });
        var zombie = new ProjectionRegistry(database, "shop", view, new Guid(1, 0, 0, new byte[8]), TimeSpan.Zero);
        var owner = new ProjectionRegistry(database, "shop", view, new Guid(2, 0, 0, new byte[8]), TimeSpan.FromMinutes(1));
        var offset = zombie.OffsetName(1, "store");
        var insert = new Slice([], 1, null, batch => Statements.Add(batch, "insert into other values (1)"));

        var old = (await zombie.TakeAsync(cancellation))!.Value;
        await zombie.CreateAsync(cancellation);
        await ClaimAsync(database, offset, old, cancellation);
        await zombie.ApplyAsync(1, insert, [new OffsetMove(offset, 0, old, 0, 1, null, 1)], cancellation);
        var now = (await owner.TakeAsync(cancellation))!.Value;
        await ClaimAsync(database, offset, now, cancellation);

        OffsetMove[] late = [new(offset, 0, old, 1, 2, null, 2)], stale = [new(offset, 0, now, 0, 1, null, 1)];
        Assert.That(await zombie.TakeAsync(cancellation), Is.Null, "the lease of another");
        Assert.That(await zombie.RenewAsync(old, cancellation), Is.False);
        Assert.That(async () => await zombie.ApplyAsync(1, insert, late, cancellation), Throws.TypeOf<FencedException>());
        Assert.That(async () => await zombie.SwapAsync(null, 1, old, cancellation), Throws.TypeOf<FencedException>());
        Assert.That(async () => await zombie.DropAsync(1, old, cancellation), Throws.TypeOf<FencedException>());
        Assert.That(async () => await owner.ApplyAsync(1, insert, stale, cancellation), Throws.TypeOf<FencedException>(), "a stale place");
        await owner.SwapAsync(null, 1, now, cancellation);
        await using var rows = database.CreateCommand("select count(*) from other");
        Assert.That(await rows.ExecuteScalarAsync(cancellation), Is.EqualTo(1));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Of_two_instances_one_builds_and_the_other_takes_over(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var settings = new Dictionary<string, string> { ["Runtime:LeaseDuration"] = "00:00:01" };
        int ofFirst = 0, ofSecond = 0;
        await using var second = await StartSecondAsync();
        Assert.That(ofSecond, Is.Zero);
        await SellAsync(second, rounds: 5, cancellation);
        await SalesView.UntilAsync(() => Task.FromResult(ofSecond == 5 * Customers.Count), "the second instance went on", cancellation);

        await second.DrainAsync(cancellation);
        Assert.That(ofFirst, Is.EqualTo(5 * Customers.Count));
        await IsAsFoldedAsync(second, cancellation);

        async Task<TestHost> StartSecondAsync()
        {
            await using var first = await StartAsync(cancellation, database, SalesView.OfStore(before: (events, _) => ofFirst += events.Count), settings);
            await first.DrainAsync(cancellation);
            var started = await StartAsync(cancellation, database, SalesView.OfStore(before: (events, _) => ofSecond += events.Count), settings);
            await SellAsync(started, rounds: 5, cancellation);

            // The checkpoint moves after the commit; what is not committed when the first one ends is written by the second.
            await SalesView.UntilAsync(
                () => Task.FromResult(first.Service("shop").Lag.Any(l => l.Reader == SalesView.Name && l.Checkpoint == 5 * Customers.Count)),
                "the first wrote what the second committed",
                cancellation);
            return started;
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_view_of_another_services_topic_is_built_and_rebuilt_from_the_log(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(
            builder =>
            {
                Shop.Add(builder);
                Shop.AddBoard(builder, SalesView.OfTopic());
            },
            _ => { },
            cancellation);
        await SellAsync(host, rounds: 10, cancellation);
        await host.DrainAsync(cancellation);
        var fold = await SalesView.FoldAsync(host, Customers, cancellation);
        Assert.That(await SalesView.ReadAsync(host.Service("board"), cancellation), Is.EquivalentTo(fold));

        await host.Service("board").RebuildAsync(SalesView.Name, cancellation);
        await host.DrainAsync(cancellation);

        Assert.That(await SalesView.ReadAsync(host.Service("board"), cancellation), Is.EquivalentTo(fold));
        Assert.That(host.Service("board").Lag, Does.Contain(new ReaderLag(SalesView.Name, Shop.Topic.Name, 2, 10 * Customers.Count, 0)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Lag_of_relay_consumer_and_projection_is_measured_and_goes_to_zero(CancellationToken cancellation)
    {
        using var gate = new ManualResetEventSlim();
        await using var host = await TestHost.StartAsync(
            builder =>
            {
                Shop.Add(builder, view: SalesView.OfStore(before: (_, _) => gate.Wait(cancellation)));
                Shop.AddCounter(builder);
            },
            _ => { },
            cancellation);
        await SellAsync(host, rounds: 3, cancellation);
        var shop = host.Service("shop");
        await SalesView.UntilAsync(() => Task.FromResult(shop.Lag.Any(l => l is { Reader: SalesView.Name, Behind: > 0 })), "the view is behind", cancellation);
        gate.Set();
        await host.DrainAsync(cancellation);

        var events = 3L * Customers.Count;
        ReaderLag[] caughtUp = [new("relay", "store", null, events, 0), new(SalesView.Name, "store", 1, events, 0)];
        Assert.That(shop.Lag, Is.EqualTo(caughtUp));
        Assert.That(host.Service("counter").Lag, Does.Contain(new ReaderLag("consumer", Shop.Topic.Name, null, events, 0)));
        Assert.That(Measured.Gauges(), Does.Contain(
            $"patron.reader.lag patron.service=counter patron.reader=consumer messaging.destination.name={Shop.Topic.Name}"));
        Assert.That(Measured.Gauges(), Does.Contain("patron.reader.checkpoint patron.service=shop patron.reader=sales patron.projection.generation=1"));
    }

    private static async Task IsAsFoldedAsync(TestHost host, CancellationToken cancellation)
    {
        var fold = await SalesView.FoldAsync(host, Customers, cancellation);
        Assert.That(await SalesView.ReadAsync(host.Service("shop"), cancellation), Is.EquivalentTo(fold));
    }

    private static async Task<int> WatchAsync(ServiceRuntime shop, CancellationToken enough)
    {
        var looks = 0;
        for (var seen = 0L; !enough.IsCancellationRequested; looks++)
        {
            var now = await SalesView.TotalAsync(shop, CancellationToken.None);
            Assert.That(now, Is.GreaterThanOrEqualTo(seen), "the view went back");
            seen = now;
        }

        return looks;
    }

    private static async Task SellUntilAsync(TestHost host, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
            await SellAsync(host, rounds: 1, CancellationToken.None);
    }

    private static async Task SellAsync(TestHost host, int rounds, CancellationToken cancellation)
    {
        for (var round = 0; round < rounds; round++)
            await host.Service("shop").ExecuteAsync([.. Customers.Select((c, i) => Shop.Sell(c, 20 + i))], cancellation);
    }

    private static async Task ClaimAsync(NpgsqlDataSource database, string offset, long epoch, CancellationToken cancellation) =>
        Assert.That(
            await new OffsetTable(database, [offset]).ClaimAsync(new Dictionary<int, long> { [0] = epoch }, Guid.Empty, cancellation), Has.Count.EqualTo(1));

    private static Task<TestHost> StartAsync(
        CancellationToken cancellation, TestDatabase? database = null, Projection? projection = null, IReadOnlyDictionary<string, string>? settings = null) =>
        TestHost.StartAsync(builder => Shop.Add(builder, view: projection), _ => { }, cancellation, database, settings);
}
