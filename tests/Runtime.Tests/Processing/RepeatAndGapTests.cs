using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>What a reader does with records that come twice, not at all, from another life of their store, or too early.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class RepeatAndGapTests
{
    private static readonly Guid Anna = new("0197f7a0-0000-7000-8000-00000000a001");
    private static readonly Guid Epoch = new("0197f7a0-0000-7000-8000-000000000001");
    private static readonly Guid OtherEpoch = new("0197f7a0-0000-7000-8000-000000000002");
    private static readonly Topic Late = new("test.late");

    [Test]
    public async Task A_fact_that_was_published_again_is_skipped(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        foreach (var position in new[] { 1, 2, 1, 2, 2, 3 })
            await PublishAsync(host, Shop.Topic, position, position - 1, cancellation);
        await host.DrainAsync(cancellation);

        var applied = await host.Service("counter").ReadStreamAsync(Anna, cancellation);
        Assert.That(applied.Select(e => e.Event), Is.EqualTo(new[] { new Sold(1), new Sold(2), new Sold(3) }));
    }

    [Test]
    public async Task A_lost_fact_stops_the_partition_and_says_from_where_to_resend(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await PublishAsync(host, Shop.Topic, 1, 0, cancellation);
        await PublishAsync(host, Shop.Topic, 5, 4, cancellation);

        await StopsAsync(
            host,
            "follows position 4 and 1 was applied last: a record was lost on the way. Have the relay of /patron/shop resend from position 1.",
            cancellation);
    }

    [Test]
    public async Task A_fact_of_another_life_of_its_store_stops_the_partition(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await PublishAsync(host, Shop.Topic, 1, 0, cancellation);
        await PublishAsync(host, Shop.Topic, 2, 1, cancellation, epoch: OtherEpoch);

        await StopsAsync(host, $"comes from store epoch {OtherEpoch} and {Epoch} was read before", cancellation);
    }

    [Test]
    public async Task A_fact_of_an_unknown_type_stops_the_partition(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await PublishAsync(host, Shop.Topic, 1, 0, cancellation);
        await PublishAsync(host, Shop.Topic, 2, 1, cancellation, fact: new StringValue { Value = "new" });

        await StopsAsync(host, "The fact type 'google.protobuf.StringValue' on topic 'test.shop' is not known to this build.", cancellation);
    }

    [Test]
    public async Task A_fact_waits_for_the_position_of_another_topic_that_its_producer_had_seen(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await PublishAsync(host, Late, 1, 0, cancellation, watermarks: new() { [Shop.Topic.Name] = 2 }, fact: new Int32Value { Value = 100 });
        await PublishAsync(host, Shop.Topic, 1, 0, cancellation);
        Assert.That(async () => await AmountsAsync(host, cancellation), Is.EqualTo(new[] { 1 }).After(10_000, 10));
        Assert.That(host.Service("counter").IsIdle, Is.False, "business time must not move on while a fact waits");

        await PublishAsync(host, Shop.Topic, 2, 1, cancellation);
        await PublishAsync(host, Late, 2, 1, cancellation, fact: new Int32Value { Value = 200 });
        await host.DrainAsync(cancellation);

        Assert.That(await AmountsAsync(host, cancellation), Is.EqualTo(new[] { 1, 2, 100, 200 }));
    }

    private static async Task StopsAsync(TestHost host, string reason, CancellationToken cancellation)
    {
        var service = host.Service("counter");
        Assert.That(() => service.Troubles, Has.Some.Contains(reason).After(10_000, 10));
        Assert.That(async () => await AmountsAsync(host, cancellation), Is.EqualTo(new[] { 1 }).After(10_000, 10));
        Assert.That(async () => await host.DrainAsync(cancellation), Throws.InvalidOperationException);
    }

    private static async Task<IEnumerable<int>> AmountsAsync(TestHost host, CancellationToken cancellation) =>
        (await host.Service("counter").ReadStreamAsync(Anna, cancellation)).Select(e => ((Sold)e.Event).Amount);

    /// <summary>Publishes the position itself as the amount, unless told otherwise.</summary>
    private static async Task PublishAsync(
        TestHost host,
        Topic topic,
        int position,
        int previous,
        CancellationToken cancellation,
        Guid? epoch = null,
        IMessage? fact = null,
        Dictionary<string, long>? watermarks = null)
    {
        fact ??= new Int32Value { Value = position };
        var partition = CustomerPartition.Of(Anna, host.Log.Partitions);
        var envelope = new Envelope
        {
            Id = $"{partition}-{position}",
            Source = "/patron/shop",
            Type = fact.Descriptor.FullName,
            Time = host.Clock.GetUtcNow(),
            StoreEpoch = epoch ?? Epoch,
            Position = position,
            Previous = previous,
            Watermarks = watermarks ?? [],
        };
        var record = new LogRecord(Anna.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
        await host.Log.PublishAsync(topic, [new PartitionRecords(partition, [record])], cancellation);
    }

    private static Task<TestHost> StartAsync(CancellationToken cancellation) => TestHost.StartAsync(
        builder => Shop.AddCounter(builder, also: new Subscription(Late).On(Int32Value.Parser, (fact, context) =>
            [Till.Kind.Command(context.Customer, context.Customer, _ => new Sold(fact.Value))])),
        _ => { },
        cancellation);
}
