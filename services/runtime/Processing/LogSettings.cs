using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>The section <c>Log</c>: which adapter carries the facts.</summary>
public sealed class LogSettings : ISettings
{
    private const int TopicPrefixCharsMax = 100;

    /// <summary><c>postgres</c> (embedded) or <c>kafka</c>.</summary>
    public string Adapter { get; set; } = "postgres";

    /// <summary>The PostgreSQL adapter's connection string; empty takes the setting Database.</summary>
    public string Database { get; set; } = "";

    /// <summary>Tell readers in other processes of new records at once; off where every service is in one process.</summary>
    public bool Notify { get; set; } = true;

    /// <summary>Kafka's brokers as host:port, separated by commas.</summary>
    public string Bootstrap { get; set; } = "";

    /// <summary>Stands before the name of every Kafka topic, such as <c>brand-a.</c>, where several deployments use the same brokers.</summary>
    public string TopicPrefix { get; set; } = "";

    /// <summary>Copies of every new Kafka topic, 1 to 10.</summary>
    public int ReplicationFactor { get; set; } = 3;

    /// <summary>Further properties of librdkafka for Kafka, such as <c>security.protocol</c>, <c>sasl.username</c>, <c>ssl.ca.location</c>.</summary>
    public IDictionary<string, string> Properties { get; set; } = new Dictionary<string, string>();

    public IEnumerable<SettingFault> Check()
    {
        if (Adapter is not ("postgres" or "kafka"))
            yield return new SettingFault(nameof(Adapter), "it must be postgres or kafka");
        if (Adapter == "kafka" && Bootstrap.Length == 0)
            yield return new SettingFault(nameof(Bootstrap), "it must name Kafka's brokers, such as kafka-0:9092,kafka-1:9092");
        if (TopicPrefix.Length > TopicPrefixCharsMax || !TopicPrefix.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-'))
            yield return new SettingFault(nameof(TopicPrefix), $"it may have at most {TopicPrefixCharsMax} letters, digits, dots, underscores and hyphens");
        if (ReplicationFactor is < 1 or > 10)
            yield return new SettingFault(nameof(ReplicationFactor), "it must be from 1 to 10");
    }
}
