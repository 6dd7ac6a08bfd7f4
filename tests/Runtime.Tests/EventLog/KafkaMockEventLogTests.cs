using NUnit.Framework;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Kafka;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventLog;

[TestFixture]
public sealed class KafkaMockEventLogTests : EventLogContract
{
    private KafkaMockCluster cluster = null!;

    protected override bool Compacts => false;

    protected override bool Forgets => false;

    [OneTimeSetUp]
    public void StartCluster()
    {
        TestContext.Progress.WriteLine("Event log contract: Kafka protocol on librdkafka's mock cluster (cannot compact, keeps nothing)");
        cluster = KafkaMockCluster.Start();
        cluster.CreateTopic("patron.incarnation", 1);
    }

    [OneTimeTearDown]
    public void StopCluster() => cluster.Dispose();

    [Test]
    public async Task A_publish_waits_for_a_broker_that_is_away_and_loses_nothing()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(0, Records(0, 1))], Cancellation);
        cluster.SetDown();
        var publishing = log.PublishAsync(topic, [new(0, Records(1, 5))], Cancellation);
        Assert.That(publishing.IsCompleted, Is.False);
        cluster.SetUp();
        await publishing;

        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        Assert.That((await ReadAsync(reader, 6)).Select(r => r.Record.Key), Is.EqualTo(Enumerable.Range(0, 6).Select(Key)));
    }

    [Test]
    public async Task Opening_a_log_that_nobody_answers_for_is_an_event_log_failure()
    {
        var log = Track(new KafkaEventLog(new() { Bootstrap = "127.0.0.1:1", Partitions = Partitions, RequestTimeout = TimeSpan.FromSeconds(1) }));
        var failure = await Assert.ThrowsAsync<EventLogException>(() => log.OpenAsync([new Topic("any")], Cancellation));
        Assert.That(failure!.Message, Does.Contain("127.0.0.1:1"));
    }

    [Test]
    public async Task Reading_from_a_broker_that_is_away_is_an_event_log_failure()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(0, Records(0, 1))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        await ReadAsync(reader, 1);

        cluster.SetDown();
        try
        {
            await Assert.ThrowsAsync<EventLogException>(async () => await reader.ReadAsync(1, TimeSpan.FromSeconds(20), Cancellation));
        }
        finally
        {
            cluster.SetUp();
        }

        await log.PublishAsync(topic, [new(0, Records(1, 1))], Cancellation);
        Assert.That((await ReadOnAsync(reader)).Offset, Is.EqualTo(1));
    }

    protected override IEventLog Connect(int partitions) => new KafkaEventLog(new() { Bootstrap = cluster.Bootstrap, Partitions = partitions });

    protected override void Prepare(Topic topic) => cluster.CreateTopic(topic.Name, Partitions);

    private static async Task<ReadRecord> ReadOnAsync(ILogReader reader)
    {
        while (true)
        {
            try
            {
                return (await ReadAsync(reader, 1))[0];
            }
            catch (EventLogException)
            {
                // The client is still on its way back to the broker; the test's time limit ends this.
            }
        }
    }
}
