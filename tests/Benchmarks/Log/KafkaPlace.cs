using Patron.Runtime.EventLog.Kafka;
using Patron.Testing;

namespace Patron.Benchmarks.Log;

/// <summary>The real broker that Kafka's benchmarks share.</summary>
internal static class KafkaPlace
{
    public const int Partitions = 64;

    /// <exception cref="BenchmarkUnavailableException">There is none.</exception>
    public static async Task<KafkaOptions> OptionsAsync() => new()
    {
        Bootstrap = await KafkaBroker.BootstrapAsync() ?? throw new BenchmarkUnavailableException(KafkaBroker.HowToGet),
        Partitions = Partitions,
        ReplicationFactor = 1,
    };

    /// <summary>The class path of Kafka's own tools.</summary>
    /// <exception cref="BenchmarkUnavailableException">KAFKA_HOME does not name a distribution.</exception>
    public static string ToolsClassPath()
    {
        var libraries = Environment.GetEnvironmentVariable("KAFKA_HOME") is { Length: > 0 } home
            ? new[] { Path.Combine(home, "lib"), Path.Combine(home, "libs") }.FirstOrDefault(Directory.Exists)
            : null;
        return libraries is not null
            ? Path.Combine(libraries, "*")
            : throw new BenchmarkUnavailableException("its peer comes with Kafka: set KAFKA_HOME to an unpacked distribution (needs Java 17).");
    }
}
