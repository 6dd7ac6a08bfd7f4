namespace Patron.Runtime.EventLog.Kafka;

/// <summary>How a <see cref="KafkaEventLog"/> reaches its brokers.</summary>
public sealed record KafkaOptions
{
    /// <summary><c>host:port</c>, several separated by commas.</summary>
    public required string Bootstrap { get; init; }

    /// <summary>Stands before the name of every topic, such as <c>brand-a.</c>, where several deployments use the same brokers.</summary>
    public string TopicPrefix { get; init; } = "";

    /// <summary>Partitions of every topic, from 1 to 1,024; fixed when the log is created.</summary>
    public int Partitions { get; init; } = 64;

    /// <summary>Copies of each partition of a topic that is created here; −1 for the brokers' default.</summary>
    public short ReplicationFactor { get; init; } = -1;

    /// <summary>none, lz4, zstd, snappy or gzip; what producers send.</summary>
    public string Compression { get; init; } = "lz4";

    /// <summary>How long a producer gathers records for one request.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromMilliseconds(2);

    /// <summary>How long opening and asking for end offsets may take.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>What one reader fetches ahead, at most, in KiB.</summary>
    public int ReadAheadKibibytesMax { get; init; } = 16 * 1024;

    /// <summary>
    /// Further client properties of librdkafka, such as <c>security.protocol</c> and <c>sasl.mechanism</c>. They cannot weaken what the
    /// port promises: idempotence, acknowledgement by all replicas, and no deadline on a record are set after them.
    /// </summary>
    public IReadOnlyDictionary<string, string> Properties { get; init; } = new Dictionary<string, string>();

    /// <summary>What the brokers call a topic.</summary>
    internal string NameOf(string topic) => TopicPrefix + topic;
}
