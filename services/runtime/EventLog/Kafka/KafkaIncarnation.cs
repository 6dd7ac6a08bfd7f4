using System.Buffers.Text;
using System.Text;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>The log's id: the first record of a topic that is kept without end. Of several processes that write one at once, the first wins.</summary>
internal static class KafkaIncarnation
{
    private static readonly Topic Home = new(KafkaTopics.IncarnationTopic);

    public static async Task<Guid> ReadOrWriteAsync(KafkaOptions options, KafkaPublisher publisher, KafkaTopics topics, CancellationToken cancellation)
    {
        var ends = await topics.EndOffsetsAsync(Home.Name, 1, cancellation);
        if (ends[0] == 0)
        {
            var id = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("D");
            LogRecord record = new("incarnation", [], Encoding.ASCII.GetBytes(id));
            await publisher.PublishAsync(new OpenTopic(Home, 1), [new(0, [record])], cancellation);
        }

        await using var log = new KafkaEventLog(options with { Partitions = 1 });
        return await FirstAsync(log, options.RequestTimeout, cancellation);
    }

    private static async Task<Guid> FirstAsync(KafkaEventLog log, TimeSpan timeout, CancellationToken cancellation)
    {
        await using var reader = log.OpenReaderOf(Home);
        var batches = await reader.ReadAsync(1, timeout, cancellation);
        if (batches.Count == 0)
            throw new EventLogException($"Kafka did not return the first record of {Home.Name} in time; try again.");
        var value = batches[0].Records[0].Record.Value ?? default;
        return Utf8Parser.TryParse(value.Span, out Guid id, out _)
            ? id
            : throw new EventLogException($"The first record of {Home.Name} is not an id; delete that topic to give the log a new one.");
    }
}
