using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>From a command through store, relay and log into another service's store.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class FlowTests
{
    [Test]
    [CancelAfter(60_000)]
    public async Task What_one_service_commits_arrives_once_and_in_order_in_the_other(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customers = Enumerable.Range(0, 50).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();

        foreach (var round in Enumerable.Range(21, 20))
            await host.Service("shop").ExecuteAsync([.. customers.Select(c => Shop.Sell(c, round))], cancellation);
        await host.DrainAsync(cancellation);

        foreach (var customer in customers)
        {
            var events = await host.Service("counter").ReadStreamAsync(customer, cancellation);
            Assert.That(events.Select(e => ((Sold)e.Event).Amount), Is.EqualTo(Enumerable.Range(21, 20)));
            Assert.That(events.Select(e => e.Version), Is.EqualTo(Enumerable.Range(1, 20)));
        }
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_restarted_host_goes_on_where_it_was(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);
        foreach (var amount in new[] { 1, 2, 3 })
        {
            await using var host = await StartAsync(cancellation, database);
            await host.Service("shop").ExecuteAsync(Shop.Sell(customer, amount), cancellation);
            await host.DrainAsync(cancellation);
        }

        await using var last = await StartAsync(cancellation, database);
        Assert.That(await last.Service("counter").StateAsync(Till.Kind, customer, cancellation), Is.EqualTo(new Till(6, 3)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_refused_command_leaves_nothing_and_does_not_fail_its_batch_mates(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);

        var results = await host.Service("shop").ExecuteAsync([Shop.Sell(customer, 5), Shop.Sell(customer, 5000), Shop.Sell(customer, 7)], cancellation);

        Assert.That(results.Select(r => r.Refusal), Is.EqualTo(new[] { null, new TooMuch(5000), null }));
        Assert.That(await host.Service("shop").StateAsync(Till.Kind, customer, cancellation), Is.EqualTo(new Till(12, 2)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_repeated_key_changes_nothing_for_ever_also_in_the_same_transaction(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);
        var keyed = Shop.Sell(customer, 5) with { IdempotencyKey = new Guid("0197f7a0-0000-7000-8000-00000000abcd") };

        var together = await host.Service("shop").ExecuteAsync([keyed, keyed], cancellation);
        var later = await host.Service("shop").ExecuteAsync(keyed with { ExpectedVersion = 0 }, cancellation);

        Assert.That(together.Select(r => r.Repeated), Is.EqualTo(new[] { false, true }));
        Assert.That(later.Repeated, Is.True);
        Assert.That(later.Events[0].Position, Is.EqualTo(together[0].Events[0].Position));
        Assert.That(await host.Service("shop").ReadStreamAsync(customer, cancellation), Has.Count.EqualTo(1));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_stale_expected_version_is_refused(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);

        var first = await host.Service("shop").ExecuteAsync(Shop.Sell(customer, 1) with { ExpectedVersion = 0 }, cancellation);
        var second = await host.Service("shop").ExecuteAsync(Shop.Sell(customer, 1) with { ExpectedVersion = 0 }, cancellation);

        Assert.That(first.Accepted, Is.True);
        Assert.That(second.Refusal, Is.EqualTo(new VersionConflict(0, 1)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_timer_fires_at_its_business_time_and_not_before_its_cause(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);
        await host.Service("shop").ExecuteAsync(Shop.Sell(customer, 5), cancellation);

        await host.AdvanceToAsync(TestHost.Start.AddDays(2).AddSeconds(-1), cancellation);
        Assert.That(await host.Service("shop").ReadStreamAsync(customer, cancellation), Has.Count.EqualTo(1));
        await host.AdvanceToAsync(TestHost.Start.AddDays(9), cancellation);

        var events = await host.Service("shop").ReadStreamAsync(customer, cancellation);
        Assert.That(events.Select(e => e.Event), Is.EqualTo(new DomainEvent[] { new Sold(5), new Reminded(5) }));
        Assert.That(events[1].Time, Is.EqualTo(TestHost.Start.AddDays(2)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Poison_parks_its_customer_in_order_and_nobody_else([Values(13, 666)] int poison, CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var sick = Guid.CreateVersion7(TestHost.Start);
        var others = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();
        foreach (var amount in new[] { 1, poison, 3 })
        {
            await host.Service("shop").ExecuteAsync(
                [Shop.Sell(sick, amount), .. others.Select(c => Shop.Sell(c, amount == poison ? 2 : amount))], cancellation);
        }

        await host.DrainAsync(cancellation);

        Assert.That(await host.Service("counter").StateAsync(Till.Kind, sick, cancellation), Is.EqualTo(new Till(1, 1)));
        foreach (var other in others)
            Assert.That(await host.Service("counter").StateAsync(Till.Kind, other, cancellation), Is.EqualTo(new Till(6, 3)));
        var parked = await host.Service("counter").ParkedAsync(null, 10, cancellation);
        Assert.That(parked.Select(p => p.Customer), Is.EqualTo(new[] { sick, sick }));
        Assert.That(parked[0].Reason, Does.Contain(poison == 13 ? "13 cannot be read." : "666"));
        var refused = await host.Service("counter").ExecuteAsync(Shop.Sell(sick, 1), cancellation);
        Assert.That(refused.Refusal, Is.InstanceOf<CustomerParked>());
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_bug_that_parks_many_customers_stops_the_partition_instead(CancellationToken cancellation)
    {
        var settings = new Dictionary<string, string> { ["Runtime:Partitions"] = "1", ["Runtime:NewlyParkedMax"] = "2" };
        await using var host = await StartAsync(cancellation, settings: settings);
        foreach (var _ in Enumerable.Range(0, 5))
            await host.Service("shop").ExecuteAsync(Shop.Sell(Guid.CreateVersion7(TestHost.Start), 13), cancellation);

        Assert.That(
            async () => await host.DrainAsync(cancellation),
            Throws.InvalidOperationException.With.Message.Contains("that is a bug, not a record"));
    }

    private static Task<TestHost> StartAsync(
        CancellationToken cancellation, TestDatabase? database = null, IReadOnlyDictionary<string, string>? settings = null) =>
        TestHost.StartAsync(
            builder =>
            {
                Shop.Add(builder);
                Shop.AddCounter(builder);
            },
            _ => { },
            cancellation,
            database,
            settings);
}
