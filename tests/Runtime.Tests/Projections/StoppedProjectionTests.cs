using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.Projections;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Projections;

/// <summary>What operators do with a view that cannot apply a record.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class StoppedProjectionTests
{
    private const string Refusing = "create table sales (customer uuid primary key, amount bigint not null check (amount <> 666))";
    private static readonly IReadOnlyList<Guid> Customers = [.. Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7(TestHost.Start))];

    [Test]
    public async Task A_record_that_a_view_cannot_apply_is_named_and_left_out_on_request_in_every_generation(CancellationToken cancellation)
    {
        await using var host = await StartAsync(SalesView.OfStore(tables: Refusing), cancellation);
        var shop = host.Service("shop");
        foreach (var (index, customer) in Customers.Index())
            await shop.ExecuteAsync(Shop.Sell(customer, index == 7 ? 666 : 20), cancellation);
        var poison = (await shop.ReadStreamAsync(Customers[7], cancellation))[0];
        await SalesView.UntilAsync(() => Task.FromResult(shop.Troubles.Count > 0), "the view stopped", cancellation);
        Assert.That(shop.Troubles, Has.One.Contains($"stopped at store[{poison.Partition}] position {poison.Position}"));

        using var unsaid = await host.Http.PostAsync("/v1/shop/projections/sales/skip", null, cancellation);
        using var other = await host.Http.PostAsync("/v1/shop/projections/other/skip?reason=no", null, cancellation);
        using var skipped = await host.Http.PostAsync("/v1/shop/projections/sales/skip?reason=a+test+sale", null, cancellation);
        using var again = await host.Http.PostAsync("/v1/shop/projections/sales/skip?reason=again", null, cancellation);

        Assert.That(new[] { unsaid, other, skipped, again }.Select(r => (int)r.StatusCode), Is.EqualTo(new[] { 400, 404, 204, 404 }));
        await IsAllButAsync(host, poison.Customer, cancellation);
        using var rebuilt = await host.Http.PostAsync("/v1/shop/projections/sales/rebuild", null, cancellation);
        Assert.That(rebuilt.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await SalesView.UntilOnlyAsync(shop, 2, cancellation);
        await IsAllButAsync(host, poison.Customer, cancellation);
        await using var kept = shop.Database.CreateCommand("select who || ': ' || why from projection_skips");
        Assert.That(await kept.ExecuteScalarAsync(cancellation), Is.EqualTo("test: a test sale"));
    }

    [Test]
    public async Task A_view_goes_on_where_it_stopped_when_it_is_told_to_try_again(CancellationToken cancellation)
    {
        var broken = true;
        await using var host = await StartAsync(
            SalesView.OfStore(before: (_, _) =>
            {
                if (Volatile.Read(ref broken))
                    throw new InvalidOperationException("Not today.");
            }),
            cancellation);
        var shop = host.Service("shop");
        await shop.ExecuteAsync([.. Customers.Select(c => Shop.Sell(c, 20))], cancellation);
        await SalesView.UntilAsync(() => Task.FromResult(shop.Troubles.Count > 0), "the view stopped", cancellation);

        Volatile.Write(ref broken, false);
        using var retried = await host.Http.PostAsync("/v1/shop/projections/sales/retry", null, cancellation);

        Assert.That(retried.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await host.DrainAsync(cancellation);
        Assert.That(await SalesView.ReadAsync(shop, cancellation), Is.EquivalentTo(await SalesView.FoldAsync(host, Customers, cancellation)));
        var listed = await host.Http.GetFromJsonAsync<JsonArray>("/v1/shop/projections", cancellation);
        Assert.That(listed![0]!["generations"]![0]!["state"]!.GetValue<string>(), Is.EqualTo("Live"));
        Assert.That(listed[0]!["stopped"], Is.Null);
    }

    private static async Task IsAllButAsync(TestHost host, Guid customer, CancellationToken cancellation)
    {
        await host.DrainAsync(cancellation);
        var fold = await SalesView.FoldAsync(host, Customers, cancellation);
        fold.Remove(customer);
        Assert.That(await SalesView.ReadAsync(host.Service("shop"), cancellation), Is.EquivalentTo(fold));
    }

    private static Task<TestHost> StartAsync(Projection view, CancellationToken cancellation) =>
        TestHost.StartAsync(builder => Shop.Add(builder, view: view), app => app.MapProjections("shop"), cancellation);
}
