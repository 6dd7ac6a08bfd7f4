using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>What operators do with records that could not be applied.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class ParkedTests
{
    [Test]
    public async Task A_replay_applies_parked_records_in_order_with_their_rows_and_opens_the_customer_again(
        [Values(13, 666)] int poison, CancellationToken cancellation)
    {
        var healed = false;
        await using var host = await StartAsync(cancellation, isHealed: () => healed);
        var counter = host.Service("counter");
        var sick = await SellAsync(host, [1, poison, 3, 4], cancellation);
        Assert.That(await Receipts.CountAsync(counter, sick, cancellation), Is.EqualTo(1));

        healed = true;
        var outcome = await counter.ReplayParkedAsync(sick, cancellation);

        Assert.That(outcome, Is.EqualTo(new ReplayOutcome(3, null, null)));
        Assert.That(await AmountsAsync(host, sick, cancellation), Is.EqualTo(new[] { 1, poison, 3, 4 }));
        Assert.That(await Receipts.CountAsync(counter, sick, cancellation), Is.EqualTo(4));
        Assert.That(await counter.ParkedAsync(null, 10, cancellation), Is.Empty);
        Assert.That((await counter.ExecuteAsync(Shop.Sell(sick, 1), cancellation)).Accepted, Is.True);
        await host.Service("shop").ExecuteAsync(Shop.Sell(sick, 5), cancellation);
        await host.DrainAsync(cancellation);
        Assert.That(await AmountsAsync(host, sick, cancellation), Is.EqualTo(new[] { 1, poison, 3, 4, 1, 5 }));
    }

    [Test]
    public async Task A_replay_stops_at_the_first_record_that_fails_again_and_says_why([Values(13, 666)] int poison, CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var counter = host.Service("counter");
        var sick = await SellAsync(host, [1, poison, 3], cancellation);

        var outcome = await counter.ReplayParkedAsync(sick, cancellation);

        Assert.That(outcome.Applied, Is.Zero);
        Assert.That(outcome.StoppedAt!.Reason, Does.Contain(poison == 13 ? "13 cannot be read." : "666"));
        Assert.That(await counter.ParkedAsync(sick, 10, cancellation), Has.Count.EqualTo(2));
        Assert.That(await AmountsAsync(host, sick, cancellation), Is.EqualTo(new[] { 1 }));
        Assert.That((await counter.ExecuteAsync(Shop.Sell(sick, 1), cancellation)).Refusal, Is.InstanceOf<CustomerParked>());
    }

    [Test]
    public async Task Records_that_arrive_while_a_replay_goes_on_keep_their_order(CancellationToken cancellation)
    {
        var healed = false;
        await using var host = await StartAsync(cancellation, isHealed: () => Volatile.Read(ref healed));
        var sick = await SellAsync(host, [.. Enumerable.Range(13, 400)], cancellation);

        Volatile.Write(ref healed, true);
        var replay = host.Service("counter").ReplayParkedAsync(sick, cancellation);
        foreach (var amount in Enumerable.Range(413, 100))
            await host.Service("shop").ExecuteAsync(Shop.Sell(sick, amount), cancellation);
        await replay;
        await host.DrainAsync(cancellation);

        Assert.That(await AmountsAsync(host, sick, cancellation), Is.EqualTo(Enumerable.Range(13, 500)));
    }

    [Test]
    public async Task A_parked_record_is_corrected_or_discarded_over_HTTP(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var sick = await SellAsync(host, [1, 13, 13, 4], cancellation);
        var listed = (await host.Http.GetFromJsonAsync<JsonArray>($"/v1/counter/parked?customer={sick}", cancellation))!;
        var ids = listed.Select(p => p!["id"]!.GetValue<long>()).ToList();
        Assert.That(listed[0]!["type"]!.GetValue<string>(), Is.EqualTo("google.protobuf.Int32Value"));

        using var corrected = await host.Http.PutAsJsonAsync(
            $"/v1/counter/parked/records/{ids[0]}", new { value = new Int32Value { Value = 14 }.ToByteArray() }, cancellation);
        using var stopped = await host.Http.PostAsync($"/v1/counter/parked/{sick}/replay", null, cancellation);
        using var unsaid = await host.Http.DeleteAsync($"/v1/counter/parked/records/{ids[1]}", cancellation);
        using var discarded = await host.Http.DeleteAsync($"/v1/counter/parked/records/{ids[1]}?reason=a+till%27s+test+sale", cancellation);
        using var gone = await host.Http.DeleteAsync($"/v1/counter/parked/records/{ids[1]}?reason=again", cancellation);
        using var replayed = await host.Http.PostAsync($"/v1/counter/parked/{sick}/replay", null, cancellation);

        Assert.That(
            new[] { corrected, stopped, unsaid, discarded, gone, replayed }.Select(r => (int)r.StatusCode), Is.EqualTo(new[] { 204, 200, 400, 204, 404, 200 }));
        Assert.That((await stopped.Content.ReadFromJsonAsync<JsonNode>(cancellation))!["stoppedAt"]!["id"]!.GetValue<long>(), Is.EqualTo(ids[1]));
        Assert.That(await AmountsAsync(host, sick, cancellation), Is.EqualTo(new[] { 1, 14, 4 }));
        await using var kept = host.Service("counter").Database.CreateCommand("select who || ': ' || why from discarded");
        Assert.That(await kept.ExecuteScalarAsync(cancellation), Is.EqualTo("test: a till's test sale"));
    }

    [Test]
    public async Task Parked_timers_of_the_same_moment_fire_again_after_the_replay(CancellationToken cancellation)
    {
        var broken = true;
        await using var host = await StartAsync(cancellation, remindingIsBroken: () => broken);
        var shop = host.Service("shop");
        var customers = Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();
        await shop.ExecuteAsync([.. customers.Select(c => Shop.Sell(c, 5))], cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(3), cancellation);
        Assert.That((await shop.ParkedAsync(null, 10, cancellation)).Select(p => p.Customer), Is.EquivalentTo(customers));

        broken = false;
        foreach (var customer in customers)
            Assert.That((await shop.ReplayParkedAsync(customer, cancellation)).Applied, Is.EqualTo(1));
        await host.DrainAsync(cancellation);

        foreach (var customer in customers)
            Assert.That(
                (await shop.ReadStreamAsync(customer, cancellation)).Select(e => e.Event), Is.EqualTo(new DomainEvent[] { new Sold(5), new Reminded(5) }));
    }

    [Test]
    public async Task Only_the_owner_replays_and_every_instance_refuses_commands(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var owner = await StartAsync(cancellation, database: database);
        var sick = await SellAsync(owner, [1, 13, 3], cancellation);
        await using var other = await StartAsync(cancellation, database: database);
        TestHost[] hosts = [owner, other];

        var outcomes = new List<ReplayOutcome>();
        foreach (var host in hosts)
        {
            outcomes.Add(await host.Service("counter").ReplayParkedAsync(sick, cancellation));
            var refused = await host.Service("counter").ExecuteAsync(Shop.Sell(sick, 1), cancellation);
            Assert.That(refused.Refusal, Is.InstanceOf<CustomerParked>());
        }

        Assert.That(outcomes.Count(o => o.StoppedAt is not null), Is.EqualTo(1));
        Assert.That(outcomes.Count(o => o.Refusal is PartitionElsewhere), Is.EqualTo(1));
        using var elsewhere = await other.Http.PostAsync($"/v1/counter/parked/{sick}/replay", null, cancellation);
        Assert.That(elsewhere.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
    }

    private static async Task<Guid> SellAsync(TestHost host, IReadOnlyList<int> amounts, CancellationToken cancellation)
    {
        var customer = Guid.CreateVersion7(TestHost.Start);
        foreach (var amount in amounts)
            await host.Service("shop").ExecuteAsync(Shop.Sell(customer, amount), cancellation);
        await host.DrainAsync(cancellation);
        return customer;
    }

    private static async Task<IEnumerable<int>> AmountsAsync(TestHost host, Guid customer, CancellationToken cancellation) =>
        (await host.Service("counter").ReadStreamAsync(customer, cancellation)).Select(e => ((Sold)e.Event).Amount);

    private static Task<TestHost> StartAsync(
        CancellationToken cancellation, Func<bool>? isHealed = null, Func<bool>? remindingIsBroken = null, TestDatabase? database = null) =>
        TestHost.StartAsync(
            builder =>
            {
                Shop.Add(builder, remindingIsBroken);
                Shop.AddCounter(builder, isHealed: isHealed);
            },
            app => app.MapParked("counter"),
            cancellation,
            database,
            new Dictionary<string, string> { ["Runtime:LeaseDuration"] = "00:05:00" });
}
