using System.Runtime.InteropServices;
using System.Text;

namespace Patron.Testing;

/// <summary>
/// librdkafka's own mock cluster: one broker in this process that speaks Kafka's protocol on a free port. It keeps records in memory, 5 MiB a
/// partition, creates no topics by request and does not compact: good for the protocol, never for durability.
/// </summary>
public sealed unsafe partial class KafkaMockCluster : IDisposable
{
    private const string Library = "librdkafka.so.1";
    private const int Producer = 0;

    private readonly nint client;
    private readonly nint cluster;
    private bool disposed;

    private KafkaMockCluster(nint client, nint cluster)
    {
        this.client = client;
        this.cluster = cluster;
        Bootstrap = Marshal.PtrToStringUTF8(rd_kafka_mock_cluster_bootstraps(cluster))!;
    }

    /// <summary>host:port of the broker.</summary>
    public string Bootstrap { get; }

    /// <exception cref="InvalidOperationException">The library is missing, or refused.</exception>
    public static KafkaMockCluster Start()
    {
        if (!NativeLibrary.TryLoad(Library, out _))
            throw new InvalidOperationException($"{Library} is missing: apt-get install librdkafka1");
        var error = stackalloc byte[512];
        var client = rd_kafka_new(Producer, rd_kafka_conf_new(), error, 512);
        if (client == 0)
            throw new InvalidOperationException(Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated(error)));
        var cluster = rd_kafka_mock_cluster_new(client, 1);
        return cluster != 0 ? new KafkaMockCluster(client, cluster) : throw new InvalidOperationException("The mock cluster did not start.");
    }

    public void CreateTopic(string name, int partitions)
    {
        if (rd_kafka_mock_topic_create(cluster, name, partitions, 1) is not 0 and var error)
            throw new InvalidOperationException($"The mock cluster did not create {name}: error {error}.");
    }

    /// <summary>Closes the broker's connections and refuses new ones until <see cref="SetUp"/>.</summary>
    public void SetDown() => _ = rd_kafka_mock_broker_set_down(cluster, 1);

    public void SetUp() => _ = rd_kafka_mock_broker_set_up(cluster, 1);

    public void Dispose()
    {
        if (disposed)
            return;
        disposed = true;
        rd_kafka_mock_cluster_destroy(cluster);
        rd_kafka_destroy(client);
    }

#pragma warning disable SYSLIB1092, CA5392, IDE1006 // The names are those of the C library.
    [LibraryImport(Library)]
    private static partial nint rd_kafka_conf_new();

    [LibraryImport(Library)]
    private static partial nint rd_kafka_new(int type, nint configuration, byte* error, nuint errorBytes);

    [LibraryImport(Library)]
    private static partial void rd_kafka_destroy(nint client);

    [LibraryImport(Library)]
    private static partial nint rd_kafka_mock_cluster_new(nint client, int brokers);

    [LibraryImport(Library)]
    private static partial void rd_kafka_mock_cluster_destroy(nint cluster);

    [LibraryImport(Library)]
    private static partial nint rd_kafka_mock_cluster_bootstraps(nint cluster);

    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int rd_kafka_mock_topic_create(nint cluster, string topic, int partitions, int replicas);

    [LibraryImport(Library)]
    private static partial int rd_kafka_mock_broker_set_down(nint cluster, int broker);

    [LibraryImport(Library)]
    private static partial int rd_kafka_mock_broker_set_up(nint cluster, int broker);
#pragma warning restore SYSLIB1092, CA5392, IDE1006
}
