using NUnit.Framework;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>The main flow over Kafka: on a real broker where there is one, and always on librdkafka's mock cluster.</summary>
[TestFixture(true)]
[TestFixture(false)]
[CancelAfter(120_000)]
internal sealed class KafkaFlowTests(bool isReal)
{
    private const int Partitions = 8;

    private KafkaMockCluster? cluster;
    private string bootstrap = null!;

    [OneTimeSetUp]
    public async Task FindBroker()
    {
        if (isReal)
        {
            var found = await KafkaBroker.BootstrapAsync();
            if (found is null)
            {
                Assert.That(KafkaBroker.IsRequired, Is.False, KafkaBroker.HowToGet);
                Assert.Ignore(KafkaBroker.HowToGet);
            }

            bootstrap = found!;
            return;
        }

        cluster = KafkaMockCluster.Start();
        cluster.CreateTopic("patron.incarnation", 1);
        bootstrap = cluster.Bootstrap;
    }

    [OneTimeTearDown]
    public void StopCluster() => cluster?.Dispose();

    [Test]
    public async Task What_one_service_commits_arrives_once_and_in_order_in_the_other(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var host = await StartAsync(NewTopic(), database, cancellation);
        var customers = Enumerable.Range(0, 50).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();

        foreach (var round in Enumerable.Range(21, 20))
            await host.Service("shop").ExecuteAsync([.. customers.Select(c => Shop.Sell(c, round))], cancellation);
        await host.DrainAsync(cancellation);

        foreach (var customer in customers)
        {
            var events = await host.Service("counter").ReadStreamAsync(customer, cancellation);
            Assert.That(events.Select(e => ((Sold)e.Event).Amount), Is.EqualTo(Enumerable.Range(21, 20)));
            Assert.That(await Receipts.CountAsync(host.Service("counter"), customer, cancellation), Is.EqualTo(20));
        }
    }

    [Test]
    public async Task A_restarted_host_goes_on_where_it_was(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var topic = NewTopic();
        var customer = Guid.CreateVersion7(TestHost.Start);
        foreach (var amount in new[] { 1, 2, 3 })
        {
            await using var host = await StartAsync(topic, database, cancellation);
            await host.Service("shop").ExecuteAsync(Shop.Sell(customer, amount), cancellation);
            await host.DrainAsync(cancellation);
        }

        await using var last = await StartAsync(topic, database, cancellation);
        Assert.That(await last.Service("counter").StateAsync(Till.Kind, customer, cancellation), Is.EqualTo(new Till(6, 3)));
    }

    [Test]
    public async Task What_was_published_twice_is_applied_once(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var topic = NewTopic();
        var customer = Guid.CreateVersion7(TestHost.Start);
        await using (var host = await StartAsync(topic, database, cancellation))
        {
            await host.Service("shop").ExecuteAsync([Shop.Sell(customer, 1), Shop.Sell(customer, 2)], cancellation);
            await host.DrainAsync(cancellation);
        }

        // As after a crash between publishing and the checkpoint.
        await using (var source = Npgsql.NpgsqlDataSource.Create(database.ConnectionString))
        {
            await using var forget = source.CreateCommand("update shop.relay set position = 0, previous = 0");
            await forget.ExecuteNonQueryAsync(cancellation);
        }

        await using var again = await StartAsync(topic, database, cancellation);
        await again.Service("shop").ExecuteAsync(Shop.Sell(customer, 3), cancellation);
        await again.DrainAsync(cancellation);

        Assert.That(await again.ReadTopicAsync(topic, cancellation), Has.Count.EqualTo(5));
        Assert.That(await again.Service("counter").StateAsync(Till.Kind, customer, cancellation), Is.EqualTo(new Till(6, 3)));
    }

    /// <summary>A broker that was there before keeps the topics of earlier runs.</summary>
    private Topic NewTopic()
    {
        var topic = new Topic($"test.shop.{Guid.CreateVersion7():N}");
        cluster?.CreateTopic(topic.Name, Partitions);
        return topic;
    }

    private Task<TestHost> StartAsync(Topic topic, TestDatabase database, CancellationToken cancellation) => TestHost.StartAsync(
        builder =>
        {
            Shop.Add(builder, topic: topic);
            Shop.AddCounter(builder, topic: topic);
        },
        _ => { },
        cancellation,
        database,
        new Dictionary<string, string>
        {
            ["Log:Adapter"] = "kafka",
            ["Log:Bootstrap"] = bootstrap,
            ["Log:ReplicationFactor"] = "1",
            ["Runtime:Partitions"] = $"{Partitions}",
        });
}
