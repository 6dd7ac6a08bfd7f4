using System.Net;
using System.Net.Http.Json;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>Business time of hosts that share nothing but the log, moved over HTTP.</summary>
[CancelAfter(60_000)]
internal sealed class RemoteBusinessTimeTests
{
    private static readonly Guid Customer = new("0197f7a0-0000-7000-8000-00000000beef");

    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabaseAsync() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabaseAsync() => await database.DisposeAsync();

    [Test]
    public async Task A_step_ends_when_what_a_timer_led_to_in_one_host_is_read_in_the_other(CancellationToken cancellation)
    {
        await using var shop = await StartAsync(b => Shop.Add(b), cancellation);
        await using var counter = await StartAsync(b => Shop.AddCounter(b), cancellation);
        var time = new RemoteBusinessTime([shop.Http, counter.Http]);
        await time.BeginAsync(TestHost.Start, cancellation);

        await shop.Service("shop").ExecuteAsync(Shop.Sell(Customer, 5), cancellation);
        await time.AdvanceToAsync(TestHost.Start.AddDays(3), cancellation);

        var sold = await shop.Service("shop").ReadStreamAsync(Customer, cancellation);
        Assert.That(sold.Select(e => (e.Event, e.Time)), Is.EqualTo(new (DomainEvent, DateTimeOffset)[]
        {
            (new Sold(5), TestHost.Start), (new Reminded(5), TestHost.Start.AddDays(2)),
        }));
        Assert.That(await counter.Service("counter").StateAsync(Till.Kind, Customer, cancellation), Is.EqualTo(new Till(5, 1)));
        Assert.That((shop.Clock.GetUtcNow(), counter.Clock.GetUtcNow()), Is.EqualTo((TestHost.Start.AddDays(3), TestHost.Start.AddDays(3))));
    }

    [Test]
    public async Task A_timer_set_by_an_instance_that_does_not_own_its_partition_fires_when_it_is_due(CancellationToken cancellation)
    {
        await using var owner = await StartAsync(b => Shop.Add(b), cancellation);
        var time = new RemoteBusinessTime([owner.Http]);
        await time.BeginAsync(TestHost.Start, cancellation);
        await time.AdvanceToAsync(TestHost.Start.AddHours(1), cancellation);
        await using var other = await StartAsync(b => Shop.Add(b), cancellation, ("Runtime:LeaseDuration", "00:05:00"));
        var both = new RemoteBusinessTime([owner.Http, other.Http]);
        await both.BeginAsync(TestHost.Start, cancellation);

        await other.Service("shop").ExecuteAsync(Shop.Sell(Customer, 5), cancellation);
        await both.AdvanceToAsync(TestHost.Start.AddDays(3), cancellation);

        var sold = await owner.Service("shop").ReadStreamAsync(Customer, cancellation);
        Assert.That(sold.Select(e => e.Time), Is.EqualTo(new[] { TestHost.Start.AddHours(1), TestHost.Start.AddHours(1).AddDays(2) }));
    }

    [Test]
    public async Task Nothing_is_read_before_it_is_known_what_time_it_is(CancellationToken cancellation)
    {
        await using var shop = await StartAsync(b => Shop.Add(b), cancellation);
        await new RemoteBusinessTime([shop.Http]).BeginAsync(TestHost.Start, cancellation);
        await shop.Service("shop").ExecuteAsync(Shop.Sell(Customer, 5), cancellation);
        await shop.DrainAsync(cancellation);
        await using var counter = await StartAsync(b => Shop.AddCounter(b), cancellation);
        var both = new RemoteBusinessTime([shop.Http, counter.Http]);

        Assert.That(await counter.Service("counter").StateAsync(Till.Kind, Customer, cancellation), Is.Null);
        await both.BeginAsync(TestHost.Start.AddYears(-1), cancellation);
        await both.DrainAsync(cancellation);
        var counted = await counter.Service("counter").ReadStreamAsync(Customer, cancellation);
        Assert.That(counted.Select(e => e.Time), Is.EqualTo(new[] { TestHost.Start }), "the other host knew the time");
    }

    [Test]
    public async Task Business_time_never_goes_back(CancellationToken cancellation)
    {
        await using var shop = await StartAsync(b => Shop.Add(b), cancellation);
        await new RemoteBusinessTime([shop.Http]).BeginAsync(TestHost.Start, cancellation);
        using var refused = await shop.Http.PutAsJsonAsync("/v1/time", new TimeMove(TestHost.Start.AddDays(-1), false), cancellation);
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
    }

    [Test]
    public async Task Where_time_is_real_nobody_can_move_it(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(b => Shop.Add(b), _ => { }, cancellation, database);
        using var answer = await host.Http.GetAsync(new Uri("/v1/time", UriKind.Relative), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private Task<TestHost> StartAsync(
        Action<Microsoft.AspNetCore.Builder.WebApplicationBuilder> add, CancellationToken cancellation, params (string Name, string Value)[] also) =>
        TestHost.StartAsync(
            add, _ => { }, cancellation, database,
            new Dictionary<string, string> { ["Time:Simulated"] = "true", ["Runtime:LeaseDuration"] = "00:05:00" }
                .Concat(also.Select(s => KeyValuePair.Create(s.Name, s.Value))).DistinctBy(s => s.Key).ToDictionary());
}
