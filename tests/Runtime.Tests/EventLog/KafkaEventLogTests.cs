using Confluent.Kafka;
using Confluent.Kafka.Admin;
using NUnit.Framework;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Kafka;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventLog;

[TestFixture]
public sealed class KafkaEventLogTests : EventLogContract
{
    private static readonly TimeSpan CompactionMax = TimeSpan.FromSeconds(60);

    private readonly string run = Guid.CreateVersion7().ToString("N");
    private string bootstrap = null!;

    // A broker that was there before keeps the topics of earlier runs.
    protected override string TopicPrefix => $"contract.{run}";

    [OneTimeSetUp]
    public async Task FindBroker()
    {
        var found = await KafkaBroker.BootstrapAsync();
        if (found is null)
        {
            TestContext.Progress.WriteLine(KafkaBroker.HowToGet);
            Assert.That(KafkaBroker.IsRequired, Is.False, KafkaBroker.HowToGet);
            Assert.Ignore(KafkaBroker.HowToGet);
        }

        TestContext.Progress.WriteLine($"Event log contract: real Apache Kafka at {found}");
        bootstrap = found!;
    }

    protected override IEventLog Connect(int partitions) => new KafkaEventLog(new() { Bootstrap = bootstrap, Partitions = partitions });

    // Kafka compacts closed segments only, and closes one when a record comes after its time.
    protected override async Task CompactAsync(IEventLog log, Topic topic)
    {
        using (var admin = new AdminClientBuilder(new AdminClientConfig { BootstrapServers = bootstrap }).Build())
        {
            await admin.AlterConfigsAsync(new()
            {
                [new ConfigResource { Type = ResourceType.Topic, Name = topic.Name }] =
                [
                    new() { Name = "cleanup.policy", Value = "compact" },
                    new() { Name = "segment.ms", Value = "100" },
                    new() { Name = "min.cleanable.dirty.ratio", Value = "0.01" },
                ],
            });
        }

        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(CompactionMax);
        while (!await IsCompactedAsync(log, topic, deadline.Token))
            await log.PublishAsync(topic, [new(0, [new LogRecord(Filler, [], "x"u8.ToArray())])], deadline.Token);
    }

    private static async Task<bool> IsCompactedAsync(IEventLog log, Topic topic, CancellationToken cancellation)
    {
        var end = (await log.EndOffsetsAsync(topic, cancellation))[0];
        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        var keys = new List<string>();
        for (long next = 0; next < end;)
        {
            foreach (var batch in await reader.ReadAsync(1_000, TimeSpan.FromMilliseconds(200), cancellation))
            {
                next = batch.NextOffset;
                keys.AddRange(batch.Records.Select(r => r.Record.Key!).Where(key => key != Filler));
            }
        }

        return keys.Count == keys.Distinct().Count();
    }
}
