using System.Globalization;
using Confluent.Kafka;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>The configurations of the three kinds of client.</summary>
internal static class KafkaClients
{
    public static ProducerConfig Producer(KafkaOptions options) => new(Common(options))
    {
        EnableIdempotence = true,
        Acks = Acks.All,
        // A record waits for its broker without end: giving up on one would let a later one of its partition overtake it.
        MessageTimeoutMs = 0,
        LingerMs = options.Linger.TotalMilliseconds,
        CompressionType = Enum.Parse<CompressionType>(options.Compression, ignoreCase: true),
        DeliveryReportFields = "none",
    };

    public static ConsumerConfig Consumer(KafkaOptions options) => new(Common(options))
    {
        // Required by the client, never joined: partitions are assigned, and offsets are kept by the reader.
        GroupId = "patron-unused",
        EnableAutoCommit = false,
        EnableAutoOffsetStore = false,
        AutoOffsetReset = AutoOffsetReset.Error,
        AllowAutoCreateTopics = false,
        QueuedMaxMessagesKbytes = options.ReadAheadKibibytesMax,
        FetchErrorBackoffMs = 100,
    };

    public static AdminClientConfig Admin(KafkaOptions options) => new(Common(options));

    public static IConsumer<string?, byte[]?> OpenConsumer(KafkaOptions options, Action<Error> onError) =>
        new ConsumerBuilder<string?, byte[]?>(Consumer(options))
            .SetKeyDeserializer(new KafkaRecords.KeyDeserializer())
            .SetValueDeserializer(new KafkaRecords.ValueDeserializer())
            .SetErrorHandler((_, error) => onError(error))
            .SetLogHandler((_, _) => { })
            .Build();

    private static Dictionary<string, string> Common(KafkaOptions options)
    {
        var properties = new Dictionary<string, string>(options.Properties, StringComparer.Ordinal)
        {
            ["bootstrap.servers"] = options.Bootstrap,
            ["client.id"] = "patron",
        };
        properties.TryAdd("reconnect.backoff.max.ms", 2_000.ToString(CultureInfo.InvariantCulture));
        return properties;
    }
}
