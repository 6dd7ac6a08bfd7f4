namespace Patron.Testing;

/// <summary>
/// A real Apache Kafka that all tests of a process share: the running one that KAFKA_BOOTSTRAP names, or one broker from the distribution
/// that KAFKA_HOME names. Never kill it: <see cref="KafkaServer"/> gives a test its own for that.
/// </summary>
public static class KafkaBroker
{
    /// <summary>What to do where there is none, in one line.</summary>
    public const string HowToGet =
        "Real Apache Kafka was not tested: set KAFKA_BOOTSTRAP=host:port of a running one, or KAFKA_HOME to an unpacked distribution (needs Java 17).";

    // Held until the end of the process: the end of its input stops the broker.
    private static readonly Lazy<Task<KafkaServer?>> Shared = new(() => KafkaServer.StartAsync(CancellationToken.None));

    /// <summary>True if a run without a real broker has to fail.</summary>
    public static bool IsRequired => Environment.GetEnvironmentVariable("PATRON_REQUIRE_KAFKA") == "1";

    /// <summary>host:port of the broker, started by the first who asks; null where there is none.</summary>
    public static async Task<string?> BootstrapAsync() =>
        Environment.GetEnvironmentVariable("KAFKA_BOOTSTRAP") is { Length: > 0 } running ? running : (await Shared.Value)?.Bootstrap;
}
