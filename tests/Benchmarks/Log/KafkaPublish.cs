using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Kafka;

namespace Patron.Benchmarks.Log;

/// <summary>Publishing as a relay does it: calls with some records of many partitions, each call waiting for all acknowledgements.</summary>
internal sealed partial class KafkaPublish : IBenchmark
{
    private const int RecordBytes = 300;
    private const int PerPartition = 50;

    private int calls;
    private KafkaOptions? options;
    private KafkaEventLog? log;
    private Topic topic = new("");
    private PartitionRecords[] batches = [];

    public Figure Figure { get; } = new(
        "log.kafka.publish",
        $"Records of {RecordBytes} bytes, acks=all, idempotent, handed over by {PerPartition} a partition, each call waiting until all are acknowledged.",
        "records/s",
        "Kafka's own ProducerPerformance against the same broker, with the same acknowledgements and compression",
        Target.RatioAtLeast(0.5));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        calls = place.Of(full: 300, least: 1);
        _ = KafkaPlace.ToolsClassPath();
        options = await KafkaPlace.OptionsAsync();
        log = new KafkaEventLog(options);
        topic = new Topic($"bench.publish.{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
        await log.OpenAsync([topic], cancellation);
        var random = new Random(1);
        batches = [.. Enumerable.Range(0, options.Partitions).Select(
            p => new PartitionRecords(p, [.. Enumerable.Range(0, PerPartition).Select(_ => new LogRecord(null, [], Value(random)))]))];
        await log.PublishAsync(topic, batches, cancellation);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        for (var call = 0; call < calls; call++)
            await log!.PublishAsync(topic, batches, cancellation);
        return calls * (long)PerPartition * options!.Partitions / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation)
    {
        var records = calls * PerPartition * options!.Partitions;
        string[] arguments =
        [
            "-Xmx256m", "-cp", KafkaPlace.ToolsClassPath(), "org.apache.kafka.tools.ProducerPerformance",
            "--topic", topic.Name, "--num-records", records.ToString(CultureInfo.InvariantCulture),
            "--record-size", RecordBytes.ToString(CultureInfo.InvariantCulture), "--throughput", "-1", "--producer-props",
            $"bootstrap.servers={options.Bootstrap}", "acks=all", "enable.idempotence=true", $"compression.type={options.Compression}",
        ];
        using var java = Process.Start(new ProcessStartInfo("java", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })
            ?? throw new BenchmarkUnavailableException("java did not start.");
        var errors = java.StandardError.ReadToEndAsync(cancellation);
        var printed = await java.StandardOutput.ReadToEndAsync(cancellation);
        await java.WaitForExitAsync(cancellation);
        return Rate().Matches(printed) is [.., var last]
            ? double.Parse(last.Groups[1].Value, CultureInfo.InvariantCulture)
            : throw new InvalidOperationException($"ProducerPerformance ended with {java.ExitCode}: {printed}{await errors}");
    }

    public async ValueTask DisposeAsync()
    {
        if (log is not null)
            await log.DisposeAsync();
    }

    // Letters like those that ProducerPerformance draws, so that both compress as badly.
    private static byte[] Value(Random random)
    {
        var value = new byte[RecordBytes];
        for (var i = 0; i < value.Length; i++)
            value[i] = (byte)('A' + random.Next(26));
        return value;
    }

    [GeneratedRegex(@"records sent, ([\d.]+) records/sec")]
    private static partial Regex Rate();
}
