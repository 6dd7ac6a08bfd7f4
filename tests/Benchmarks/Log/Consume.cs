using System.Diagnostics;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using NpgsqlTypes;
using Patron.Benchmarks.Store;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Kafka;
using Patron.Runtime.EventLog.Postgres;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Benchmarks.Log;

/// <summary>
/// A service that starts behind a full topic: records are read, checked and applied, and their rows are committed with the offsets. Each
/// round fills the topic further and starts the service again.
/// </summary>
internal sealed class Consume(string adapter) : IBenchmark
{
    private const string Service = "reader";
    private const int Partitions = KafkaPlace.Partitions;
    private const int CopyRows = 2_000;
    private const int CustomersPerPartition = 50;

    private readonly Topic topic = new($"bench.consume.{Guid.CreateVersion7(TimeProvider.System.GetUtcNow()):N}");
    private readonly List<Guid>[] customers = [.. Enumerable.Range(0, Partitions).Select(_ => new List<Guid>())];
    private readonly Guid storeEpoch = Guid.CreateVersion7(TimeProvider.System.GetUtcNow());
    private Dictionary<string, string> settings = [];
    private TestDatabase? database;
    private NpgsqlDataSource? rows;
    private IEventLog? log;
    private int perPartition;
    private long published;
    private int copied;

    public Figure Figure { get; } = new(
        $"log.{adapter}.consume",
        $"Facts of 300 bytes read from {(adapter == "kafka" ? "Kafka" : "the PostgreSQL log")} by a service that was behind; "
            + "one effect row a record, committed with the offsets.",
        "records/s",
        $"COPY of the effect rows alone into the same table, {CopyRows} a commit, as many connections",
        Target.RatioAtLeast(0.4));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        perPartition = place.Of(full: 3_000, least: 20);
        database = await place.CreateDatabaseAsync(cancellation);
        settings = new() { ["Runtime:Partitions"] = $"{Partitions}", ["Log:Adapter"] = adapter };
        if (adapter == "kafka")
        {
            var options = await KafkaPlace.OptionsAsync();
            (settings["Log:Bootstrap"], settings["Log:ReplicationFactor"]) = (options.Bootstrap, "1");
            log = new KafkaEventLog(options);
        }
        else
        {
            log = new PostgresEventLog(NpgsqlDataSource.Create(database.ConnectionString), new PostgresLogOptions { Partitions = Partitions });
        }

        await log.OpenAsync([topic], cancellation);
        var now = TimeProvider.System.GetUtcNow();
        for (var i = 0; customers.Any(c => c.Count < CustomersPerPartition); i++)
        {
            var customer = Guid.CreateVersion7(now.AddMilliseconds(-i));
            if (customers[CustomerPartition.Of(customer, Partitions)] is { Count: < CustomersPerPartition } list)
                list.Add(customer);
        }

        rows = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=" + Service);
        await MeasureAsync(cancellation);
        await MeasurePeerAsync(cancellation);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        await PublishAsync(cancellation);
        var effect = new EffectRows();
        await using var host = await TestHost.StartAsync(
            builder => builder.AddPatronService(Service, _ => new ServiceDefinition
            {
                Name = Service,
                Events = new EventTypes(NotebookJson.Default, typeof(Noted)),
                Streams = [Notebook.Kind],
                Migrations = [EffectRows.Migration],
                Subscriptions = [new Subscription(topic).Writes(effect).Ignore<StringValue>()],
            }),
            _ => { },
            cancellation,
            database,
            settings);
        await host.DrainAsync(cancellation);
        return effect.Rate();
    }

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation)
    {
        var batches = Math.Max(1, perPartition * Partitions / CopyRows);
        var next = -1;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Math.Clamp(Environment.ProcessorCount, 1, 8)).Select(async _ =>
        {
            await Task.Yield();
            await using var connection = await rows!.OpenConnectionAsync(cancellation);
            while (Interlocked.Increment(ref next) < batches)
                await CopyAsync(connection, Interlocked.Add(ref copied, CopyRows) - CopyRows, cancellation);
        }));
        return batches * CopyRows / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        if (log is not null)
            await log.DisposeAsync();
        if (rows is not null)
            await rows.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }

    private async Task PublishAsync(CancellationToken cancellation)
    {
        const int AtOnce = 100;
        var value = new StringValue { Value = Noted.Sample.Text }.ToByteArray();
        for (var left = perPartition; left > 0; left -= AtOnce)
        {
            var count = Math.Min(AtOnce, left);
            await log!.PublishAsync(
                topic,
                [.. Enumerable.Range(0, Partitions).Select(
                    p => new PartitionRecords(p, [.. Enumerable.Range(0, count).Select(i => Fact(p, published + i + 1, value))]))],
                cancellation);
            published += count;
        }
    }

    private LogRecord Fact(int partition, long position, byte[] value) => new(
        customers[partition][(int)(position % CustomersPerPartition)].ToString("D"),
        new Envelope
        {
            Id = $"{partition}-{position}",
            Source = "/patron/bench",
            Type = StringValue.Descriptor.FullName,
            Time = TestHost.Start,
            StoreEpoch = storeEpoch,
            Position = position,
            Previous = position - 1,
        }.ToHeaders(),
        value);

    private async Task CopyAsync(NpgsqlConnection connection, int first, CancellationToken cancellation)
    {
        await using var copy = await connection.BeginBinaryImportAsync(
            "copy copied (partition, record_offset, customer, at, text) from stdin (format binary)", cancellation);
        for (var row = first; row < first + CopyRows; row++)
        {
            var partition = row % Partitions;
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync((short)partition, NpgsqlDbType.Smallint, cancellation);
            await copy.WriteAsync((long)row / Partitions, NpgsqlDbType.Bigint, cancellation);
            await copy.WriteAsync(customers[partition][row / Partitions % CustomersPerPartition], NpgsqlDbType.Uuid, cancellation);
            await copy.WriteAsync(TestHost.Start.UtcDateTime, NpgsqlDbType.TimestampTz, cancellation);
            await copy.WriteAsync(EffectRows.Text, NpgsqlDbType.Text, cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }
}
