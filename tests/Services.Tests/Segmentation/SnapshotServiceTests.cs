using System.Net.Http.Json;
using System.Text.Json;
using Google.Protobuf;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;
using Contract = Patron.Contracts.Segmentation.V1;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Restarts with snapshots, through the public face.</summary>
[CancelAfter(120_000)]
internal sealed class SnapshotServiceTests
{
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");
    private static readonly Guid Ben = new("0b6f7a52-5f0e-7000-8000-000000000002");
    private static readonly Topic Profile = new(Topics.Profile);

    private FactWriter facts = null!;
    private LogLines log = null!;
    private TestDatabase database = null!;
    private string folder = null!;

    [SetUp]
    public async Task CreateDatabase()
    {
        (facts, log) = (new FactWriter(), new LogLines());
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        folder = Directory.CreateTempSubdirectory("snapshots").FullName;
    }

    [TearDown]
    public async Task DropDatabase()
    {
        await database.DisposeAsync();
        Directory.Delete(folder, recursive: true);
        log.Dispose();
    }

    [Test]
    public async Task A_restart_goes_on_from_the_snapshot_where_the_log_begins_later()
    {
        await using (var host = await StartAsync())
        {
            await BuyAsync(host, Anna, 900_00);
            await BuyAsync(host, Ben, 50_00);
        }

        await using (var host = await StartAsync())
        {
            await ForgetLogAsync(host);
            await BuyAsync(host, Anna, 1_500_00);
        }

        await using var again = await StartAsync();
        await again.DrainAsync(CancellationToken.None);
        Assert.That(await SpentAsync(again, Anna), Is.EqualTo("spent 2,400.00 GBP in the last 12 months"));
        Assert.That(await SpentAsync(again, Ben), Is.EqualTo("spent 50.00 GBP in the last 12 months"));
        Assert.That(await ToldAsync(again), Is.EqualTo(new[]
        {
            "+new", "+active", "+first-time-buyer", "+new", "+active", "+first-time-buyer", "+big-basket", "-first-time-buyer", "+big-spenders",
            "+repeat-buyer",
        }));
        Assert.That(log.Warnings, Is.Empty);
    }

    [Test]
    public async Task Where_neither_snapshot_nor_log_has_it_the_start_says_what_is_missing()
    {
        await using (var host = await StartAsync())
        {
            await BuyAsync(host, Anna, 10_00);
            await ForgetLogAsync(host);
            await BuyAsync(host, Anna, 10_00);
        }

        foreach (var file in Directory.GetFiles(folder))
            File.Delete(file);
        var fault = await Assert.CatchAsync(async () => await (await StartAsync()).DisposeAsync());
        Assert.That(fault!.ToString(), Does.Contain($"need {Topics.Profile} from offset 0 on, and the log begins at 1: put a newer snapshot into"));
    }

    [Test]
    public async Task A_damaged_snapshot_is_told_of_and_the_log_is_read_instead()
    {
        await using (var host = await StartAsync())
            await BuyAsync(host, Anna, 20_00);
        var file = FileOf(Anna);
        var bytes = await File.ReadAllBytesAsync(file);
        bytes[^100] ^= 1;
        await File.WriteAllBytesAsync(file, bytes);

        await using var again = await StartAsync();
        await again.DrainAsync(CancellationToken.None);
        Assert.That(await SpentAsync(again, Anna), Is.EqualTo("spent 20.00 GBP in the last 12 months"));
        var number = CustomerPartition.Of(Anna, 8);
        Assert.That(log.Warnings, Is.EqualTo(new[] { $"The snapshot {file} is damaged or cut short; partition {number} is read from the log instead." }));
    }

    [Test]
    public async Task Whoever_was_erased_after_an_older_snapshot_stays_erased()
    {
        await using (var host = await StartAsync())
            await BuyAsync(host, Anna, 20_00);
        var (file, older) = (FileOf(Anna), await File.ReadAllBytesAsync(FileOf(Anna)));
        await using (var host = await StartAsync())
        {
            await facts.WriteAsync(host, Topics.Profile, Anna, new CustomerErased());
            await host.DrainAsync(CancellationToken.None);
        }

        Assert.That(await File.ReadAllBytesAsync(file), Is.Not.EqualTo(older), "The file of before is gone");
        await File.WriteAllBytesAsync(file, older);

        await using var again = await StartAsync();
        await again.DrainAsync(CancellationToken.None);
        Assert.That(await ToldAsync(again), Is.EqualTo(new[] { "+new", "+active", "+first-time-buyer", "-new", "-active", "-first-time-buyer" }));
        var figures = await again.Http.GetFromJsonAsync("/v1/segmentation/figures", Runtime.Processing.StoryJson.Default.IReadOnlyListFigure);
        Assert.That(figures!.Single(figure => figure.Name == "in segment active").Value, Is.Zero);
        Assert.That(await SpentAsync(again, Anna), Is.EqualTo("spent 0.00 GBP in the last 12 months"));
    }

    [Test]
    public async Task While_records_of_a_customer_are_parked_the_snapshot_of_before_stays()
    {
        await using (var host = await StartAsync())
            await BuyAsync(host, Anna, 20_00);
        var before = await File.ReadAllBytesAsync(FileOf(Anna));
        await using (var host = await StartAsync())
        {
            await host.Log.PublishAsync(Profile, [Unreadable(host)], CancellationToken.None);
            await host.DrainAsync(CancellationToken.None);
            Assert.That(await host.Service("segmentation").ParkedAsync(Anna, 10, CancellationToken.None), Has.Count.EqualTo(1));
        }

        Assert.That(await File.ReadAllBytesAsync(FileOf(Anna)), Is.EqualTo(before));
    }

    private static PartitionRecords Unreadable(TestHost host)
    {
        var envelope = new Envelope
        {
            Id = "unreadable",
            Source = "/patron/test",
            Type = PurchaseRecorded.Descriptor.FullName,
            Time = host.Clock.GetUtcNow(),
            StoreEpoch = new Guid("0197f7a0-0000-7000-8000-000000000001"),
            Position = 2,
            Previous = 1,
        };
        return new PartitionRecords(
            CustomerPartition.Of(Anna, host.Log.Partitions), [new LogRecord(Anna.ToString("D"), envelope.ToHeaders(), new byte[] { 255, 255 })]);
    }

    private async Task BuyAsync(TestHost host, Guid customer, long amount)
    {
        await facts.WriteAsync(host, Topics.Profile, customer, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(amount)));
        await host.DrainAsync(CancellationToken.None);
    }

    private static async Task ForgetLogAsync(TestHost host)
    {
        var ends = await host.Log.EndOffsetsAsync(Profile, CancellationToken.None);
        await host.Log.ForgetAsync(Profile, ends.Index().Where(end => end.Item > 0).ToDictionary(end => end.Index, end => end.Item), CancellationToken.None);
    }

    private static async Task<string?> SpentAsync(TestHost host, Guid customer) =>
        (await host.Http.GetFromJsonAsync<JsonElement>($"/v1/segmentation/customers/{customer}")).GetProperty("segments").EnumerateArray()
            .Single(segment => segment.GetProperty("segment").GetString() == "big-spenders").GetProperty("why").GetProperty("fact").GetString();

    private static async Task<List<string>> ToldAsync(TestHost host) =>
        [.. (await host.ReadTopicAsync(new Topic(Topics.Segmentation), CancellationToken.None)).OrderBy(fact => fact.Envelope.Time)
            .Select(fact => fact.Envelope.Type == Contract.SegmentEntered.Descriptor.FullName
                ? $"+{Contract.SegmentEntered.Parser.ParseFrom(fact.Record.Value!.Value.Span).Segment}"
                : $"-{Contract.SegmentLeft.Parser.ParseFrom(fact.Record.Value!.Value.Span).Segment}")];

    private string FileOf(Guid customer) => Path.Combine(folder, $"segments-{CustomerPartition.Of(customer, 8)}.snapshot");

    private Task<TestHost> StartAsync() => TestHost.StartAsync(
        builder =>
        {
            builder.Logging.AddProvider(log);
            builder.AddSegmentation();
        },
        app => app.MapSegmentation(),
        CancellationToken.None,
        database,
        new Dictionary<string, string>
        {
            ["Segmentation:SnapshotFolder"] = folder,
            ["Segmentation:SnapshotKey"] = Convert.ToBase64String(new byte[32]),
        });

    /// <summary>What the service warned of.</summary>
    private sealed class LogLines : ILoggerProvider, ILogger
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> warnings = new();

        public IReadOnlyCollection<string> Warnings => warnings;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Warning)
                warnings.Enqueue(formatter(state, exception));
        }

        public void Dispose()
        {
        }
    }
}
