using Google.Protobuf;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests;

/// <summary>
/// Publishes facts as their owning services would, with dense positions that go on when a test starts its host again.
/// </summary>
internal sealed class FactWriter
{
    private readonly Dictionary<(string Topic, int Partition), long> positions = [];
    private LogRecord? last;

    public async Task WriteAsync(TestHost host, string topicName, IReadOnlyList<(Guid Customer, IMessage Fact)> facts)
    {
        var topic = new Topic(topicName, Compacted: topicName == Topics.ProfileCustomers);
        await host.Log.OpenAsync([topic], CancellationToken.None);
        var batches = facts.GroupBy(fact => CustomerPartition.Of(fact.Customer, host.Log.Partitions))
            .Select(group => new PartitionRecords(group.Key, [.. group.Select(fact => Record(host, topic, group.Key, fact.Customer, fact.Fact))]));
        await host.Log.PublishAsync(topic, [.. batches], CancellationToken.None);
    }

    public Task WriteAsync(TestHost host, string topic, Guid customer, IMessage fact) => WriteAsync(host, topic, [(customer, fact)]);

    /// <summary>Publishes the latest record once more, as a relay does after a crash.</summary>
    public Task RepeatAsync(TestHost host, string topic) => host.Log.PublishAsync(
        new Topic(topic), [new PartitionRecords(CustomerPartition.Of(last!.Key!, host.Log.Partitions), [last])], CancellationToken.None);

    private LogRecord Record(TestHost host, Topic topic, int partition, Guid customer, IMessage fact)
    {
        var previous = positions.GetValueOrDefault((topic.Name, partition));
        positions[(topic.Name, partition)] = previous + 1;
        var envelope = new Envelope
        {
            Id = $"{partition}-{previous + 1}",
            Source = "/patron/test",
            Type = fact.Descriptor.FullName,
            Time = host.Clock.GetUtcNow(),
            StoreEpoch = new Guid("0197f7a0-0000-7000-8000-000000000001"),
            Position = previous + 1,
            Previous = previous,
        };
        return last = new LogRecord(customer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
    }
}
