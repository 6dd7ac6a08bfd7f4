using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Tests.Projections;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>A producer's store comes back from a backup that is older than what its readers have applied.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(90_000)]
internal sealed class RestoredStoreTests
{
    private static readonly IReadOnlyList<Guid> Customers = [.. Enumerable.Range(0, 24).Select(_ => Guid.CreateVersion7(TestHost.Start))];

    [Test]
    public async Task A_store_behind_the_log_does_not_start_until_the_restore_is_declared(CancellationToken cancellation)
    {
        await using var scene = await RestoredScene.PlayAsync(Customers, cancellation);

        var refused = await RefusedAsync(() => scene.StartAsync(scene.Backup, cancellation));

        Assert.That(refused, Has.One.Contains("The store of shop is one from a backup").And.One.Contains("--restored"));
        await using var whole = await scene.StartAsync(scene.Shop, cancellation);
        await whole.DrainAsync(cancellation);
    }

    [Test]
    public async Task Readers_stop_and_list_what_a_restored_store_no_longer_knows(CancellationToken cancellation)
    {
        await using var scene = await RestoredScene.PlayAsync(Customers, cancellation);
        await using var host = await scene.RestoreAsync(scene.Backup, cancellation);
        await host.Service("shop").ExecuteAsync(Shop.Sell(Customers[0], 7), cancellation);

        var affected = Customers.Select(c => CustomerPartition.Of(c, host.Log.Partitions)).Distinct().Count();
        Assert.That(() => host.Service("counter").Troubles.Count(t => t.Contains("was restored from a backup")), Is.EqualTo(affected).After(10_000, 10));
        var stopped = (await host.Http.GetFromJsonAsync<JsonNode>("/v1/counter/stopped", cancellation))!["restored"]!.AsArray();

        var partition = CustomerPartition.Of(Customers[0], host.Log.Partitions);
        Assert.That(stopped, Has.Count.EqualTo(affected), "also where nothing happened since");
        var there = stopped.Single(s => s!["partition"]!.GetValue<int>() == partition)!;
        var lost = Customers.Where(c => CustomerPartition.Of(c, host.Log.Partitions) == partition).ToList();
        Assert.That(there["facts"]!.AsArray().Select(f => f!["customer"]!.GetValue<Guid>()), Is.EquivalentTo(lost.Concat(lost)), "two rounds of sales");
        Assert.That(there["storeEpoch"]!.GetValue<Guid>(), Is.EqualTo(host.Service("shop").StoreEpoch));
        Assert.That(there["appliedPosition"]!.GetValue<long>() - there["sharedPosition"]!.GetValue<long>(), Is.EqualTo(2 * lost.Count));
        Assert.That(there["facts"]![0]!["type"]!.GetValue<string>(), Is.EqualTo("google.protobuf.Int32Value"));
    }

    [Test]
    public async Task Accepting_keeps_decisions_and_builds_views_without_what_is_lost(CancellationToken cancellation)
    {
        await using var scene = await RestoredScene.PlayAsync(Customers, cancellation);
        await using var host = await scene.RestoreAsync(scene.Backup, cancellation);
        await SellAsync(host, 7, cancellation);
        Assert.That(() => host.Service("counter").Troubles, Has.Some.Contains("was restored from a backup").After(10_000, 10));

        using var unsaid = await AcceptAsync(host, Shop.Topic.Name, null, cancellation);
        using var elsewhere = await AcceptAsync(host, "test.other", "lost disk", cancellation);
        using var accepted = await AcceptAsync(host, Shop.Topic.Name, "lost disk", cancellation);

        Assert.That(
            new[] { unsaid, elsewhere, accepted }.Select(r => r.StatusCode),
            Is.EqualTo(new[] { HttpStatusCode.BadRequest, HttpStatusCode.NotFound, HttpStatusCode.NoContent }));
        await SellAsync(host, 8, cancellation);
        foreach (var customer in Customers)
        {
            Assert.That(await AmountsAsync(host, "shop", customer, cancellation), Is.EqualTo(new[] { 1, 2, 7, 8 }));
            Assert.That(
                async () => await AmountsAsync(host, "counter", customer, cancellation), Is.EqualTo(new[] { 1, 2, 3, 4, 7, 8 }).After(20_000, 20));
        }

        await host.DrainAsync(cancellation);

        await UntilViewsAreFoldsAsync(host, cancellation);
    }

    [Test]
    public async Task Restoring_to_a_later_point_makes_all_well_again_by_itself(CancellationToken cancellation)
    {
        await using var scene = await RestoredScene.PlayAsync(Customers, cancellation);
        await using (var behind = await scene.RestoreAsync(scene.Backup, cancellation))
        {
            await SellAsync(behind, 7, cancellation);
            Assert.That(() => behind.Service("counter").Troubles, Has.Some.Contains("was restored from a backup").After(10_000, 10));
        }

        await using var host = await scene.RestoreAsync(scene.Shop, cancellation);
        await SellAsync(host, 8, cancellation);

        foreach (var customer in Customers)
        {
            Assert.That(await AmountsAsync(host, "shop", customer, cancellation), Is.EqualTo(new[] { 1, 2, 3, 4, 8 }));
            Assert.That(
                async () => await AmountsAsync(host, "counter", customer, cancellation), Is.EqualTo(new[] { 1, 2, 3, 4, 8 }).After(20_000, 20));
        }

        await host.DrainAsync(cancellation);

        await UntilViewsAreFoldsAsync(host, cancellation);
    }

    [Test]
    public async Task A_restore_that_lost_nothing_is_not_noticed_by_readers(CancellationToken cancellation)
    {
        await using var scene = await RestoredScene.PlayAsync(Customers, cancellation);
        await using var host = await scene.RestoreAsync(scene.Shop, cancellation);
        await SellAsync(host, 8, cancellation);
        await host.DrainAsync(cancellation);
        foreach (var customer in Customers)
            Assert.That(await AmountsAsync(host, "counter", customer, cancellation), Is.EqualTo(new[] { 1, 2, 3, 4, 8 }));
    }

    [Test]
    public async Task A_wiped_log_is_filled_again_from_the_stores_and_nothing_is_applied_twice(CancellationToken cancellation)
    {
        await using var scene = await RestoredScene.PlayAsync(Customers, cancellation);
        await scene.WipeLogAsync(cancellation);
        await using var host = await scene.StartAsync(scene.Shop, cancellation);
        await SellAsync(host, 5, cancellation);
        await host.DrainAsync(cancellation);

        Assert.That(await host.ReadTopicAsync(Shop.Topic, cancellation), Has.Count.EqualTo(5 * Customers.Count));
        foreach (var customer in Customers)
            Assert.That(await AmountsAsync(host, "counter", customer, cancellation), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
        await UntilViewsAreFoldsAsync(host, cancellation);
    }

    private static async Task UntilViewsAreFoldsAsync(TestHost host, CancellationToken cancellation)
    {
        var fold = await SalesView.FoldAsync(host, Customers, cancellation);
        foreach (var service in new[] { "shop", "board" })
        {
            Assert.That(
                async () => await SalesView.ReadAsync(host.Service(service), cancellation), Is.EquivalentTo(fold).After(20_000, 20), $"the view of {service}");
        }
    }

    private static Task<HttpResponseMessage> AcceptAsync(TestHost host, string topic, string? reason, CancellationToken cancellation) =>
        host.Http.PostAsJsonAsync("/v1/counter/stopped/accept", new { topic, storeEpoch = host.Service("shop").StoreEpoch, reason }, cancellation);

    private static async Task<IReadOnlyList<string>> RefusedAsync(Func<Task<TestHost>> start)
    {
        try
        {
            await using var started = await start();
            return [];
        }
        catch (StartRefusedException refused)
        {
            return refused.Sentences;
        }
    }

    private static async Task SellAsync(TestHost host, int amount, CancellationToken cancellation) =>
        await host.Service("shop").ExecuteAsync([.. Customers.Select(c => Shop.Sell(c, amount))], cancellation);

    private static async Task<IEnumerable<int>> AmountsAsync(TestHost host, string service, Guid customer, CancellationToken cancellation) =>
        (await host.Service(service).ReadStreamAsync(customer, cancellation)).Select(e => ((Sold)e.Event).Amount);
}
