using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using NpgsqlTypes;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Segmentation.Snapshots;
using Patron.Testing;

namespace Patron.Benchmarks.Segments;

/// <summary>
/// Segmentation alone in a host over the PostgreSQL log, with customers, their lines and memberships who came by a snapshot, and 200 segments
/// that were put besides the ready-made ones. It stands still until <see cref="OpenAsync"/>.
/// </summary>
internal sealed class SegmentPlace : IAsyncDisposable
{
    public const int Segments = 200;
    public const string Probe = "bench/probe";

    private const string Service = "segmentation";
    private static readonly Guid Producer = new("0197f7a0-0000-7000-8000-000000000001");
    private static readonly Topic[] Read =
    [
        new(Topics.Profile), new(Topics.Loyalty), new(Topics.Tagging), new(Topics.SegmentationRows, Compacted: true),
        new(Topics.ProfileCustomers, Compacted: true),
    ];

    private readonly TestDatabase database;
    private readonly SegmentationSettings settings;
    private readonly Dictionary<(Topic Topic, int Partition), long> positions = [];
    private TestHost? host;

    private SegmentPlace(TestDatabase database, SegmentationSettings settings, int customers) =>
        (this.database, this.settings, Customers) = (database, settings, customers);

    public int Customers { get; }

    public long Memberships { get; private set; }

    public TestHost Host => host ?? throw new InvalidOperationException("Open it first.");

    public static async Task<SegmentPlace> MakeAsync(BenchPlace place, int customers, CancellationToken cancellation)
    {
        var settings = new SegmentationSettings
        {
            Zone = "Etc/UTC",
            SnapshotFolder = Directory.CreateTempSubdirectory("patron-bench-snapshots").FullName,
            SnapshotKey = Convert.ToBase64String(new byte[32]),
        };
        var made = new SegmentPlace(await place.CreateDatabaseAsync(cancellation), settings, customers);
        await made.OpenAsync(cancellation);
        var (epoch, incarnation) = (made.Host.Service(Service).StoreEpoch, await made.Host.Log.OpenAsync(Read, cancellation));
        await made.CloseAsync();
        foreach (var file in Directory.GetFiles(settings.SnapshotFolder))
            File.Delete(file);
        await made.FillAsync(epoch, incarnation, cancellation);
        return made;
    }

    /// <summary>Starts the service, and returns when all partitions can be evaluated.</summary>
    public async Task OpenAsync(CancellationToken cancellation)
    {
        host = await TestHost.StartAsync(
            builder => builder.AddSegmentation(), app => app.MapSegmentation(), cancellation, database,
            new Dictionary<string, string>
            {
                ["Runtime:Partitions"] = $"{SegmentBase.Partitions}",
                ["Segmentation:Zone"] = settings.Zone,
                ["Segmentation:SnapshotFolder"] = settings.SnapshotFolder,
                ["Segmentation:SnapshotKey"] = settings.SnapshotKey,
            },
            SegmentBase.Now);
    }

    public async Task CloseAsync()
    {
        await Host.DisposeAsync();
        host = null;
    }

    /// <summary>Tells facts as their services do.</summary>
    public async Task TellAsync(IEnumerable<(string Topic, Guid Customer, IMessage Fact)> facts, CancellationToken cancellation)
    {
        foreach (var topic in facts.GroupBy(fact => fact.Topic))
        {
            var known = Read.Single(read => read.Name == topic.Key);
            var batches = topic.GroupBy(fact => CustomerPartition.Of(fact.Customer, SegmentBase.Partitions))
                .Select(group => new PartitionRecords(group.Key, [.. group.Select(fact => Record(known, group.Key, fact.Customer, fact.Fact))]));
            await Host.Log.PublishAsync(known, [.. batches], cancellation);
        }
    }

    /// <summary>
    /// A purchase of two lines, or every second time the balance that followed it: some points more or less, as purchases give, which moves the customer
    /// into or out of about one of two hundred segments.
    /// </summary>
    public static (string Topic, Guid Customer, IMessage Fact) Fact(long number, int customers)
    {
        // Prime, so that the facts go to all customers.
        const long Stride = 7_919;
        const int PointsMoved = 20;
        var place = number * Stride % customers;
        var customer = SegmentBase.IdOf(place);
        return number % 2 == 0
            ? (Topics.Loyalty, customer, new PointsEarned { Balance = (SegmentBase.Mixed(place, 2) % 5_000) + (SegmentBase.Mixed(number, 3) % PointsMoved) })
            : (Topics.Profile, customer, new PurchaseRecorded
            {
                PurchaseId = new Guid((int)number, 0, 0, new byte[8]).ToString("D"),
                Channel = Channel.Pos,
                Store = "bench",
                Currency = "GBP",
                OccurredAt = SegmentBase.Now.ToTimestamp(),
                Lines =
                {
                    new Line { Product = $"P{number % 5_000}", Kind = LineKind.Sale, Quantity = 1, AmountMinor = 1_000 },
                    new Line { Product = $"P{(number + 7) % 5_000}", Kind = LineKind.Sale, Quantity = 2, AmountMinor = 2_000 },
                },
            });
    }

    /// <summary>What makes a customer enter a segment.</summary>
    public static (string Topic, Guid Customer, IMessage Fact) Enters(Guid customer) => (Topics.Tagging, customer, new TagAdded { Tag = Probe });

    public async ValueTask DisposeAsync()
    {
        if (host is not null)
            await host.DisposeAsync();
        await database.DisposeAsync();
        Directory.Delete(settings.SnapshotFolder, recursive: true);
    }

    private static SegmentDefinition Segment(int number) => number == 0
        ? new("probe", "", new Tagged(Probe))
        : new($"segment-{number}", "", new AllOf(
            new Tagged($"tag/{number % SegmentBase.Tags}"), new NumberBetween(NumberColumn.Points, number * 20, (number * 20) + 500)));

    private async Task FillAsync(Guid epoch, Guid incarnation, CancellationToken cancellation)
    {
        await using var connections = NpgsqlDataSource.Create($"{database.ConnectionString};Search Path={Service}");
        var own = Enumerable.Range(0, Segments).Select(Segment).ToList();
        foreach (var (index, segment) in own.Index())
        {
            var rule = JsonSerializer.Serialize(segment.Rule, SegmentationJson.Default.Clause);
            await SegmentTable.TryAddAsync(connections, new(index + 1, segment.Name, segment.Name, rule, null, SegmentBase.Now, "bench"), cancellation);
        }

        var catalog = new SegmentCatalog([.. ReadyMade.Segments, .. own]);
        var books = NewBooks();
        var copy = new ArrayBufferWriter<byte>();
        var places = Enumerable.Range(0, Customers).ToLookup(place => CustomerPartition.Of(SegmentBase.IdOf(place), SegmentBase.Partitions));
        for (var partition = 0; partition < SegmentBase.Partitions; partition++)
        {
            var columns = new PartitionColumns(books, settings.Days);
            columns.AdvanceTo(SegmentBase.Now);
            foreach (var place in places[partition])
                SegmentBase.Fill(columns, columns.RowOf(SegmentBase.IdOf(place)), place, withLines: true, withMemberships: true);
            copy.ResetWrittenCount();
            columns.Keep(new SnapshotCopy(copy));
            var place0 = new SnapshotPlace(
                epoch, incarnation, partition, SegmentBase.Partitions, settings.Zone, Read.ToDictionary(topic => topic.Name, _ => new SnapshotTopic(0, null)));
            await SnapshotFile.WriteAsync(
                Path.Combine(settings.SnapshotFolder, string.Create(CultureInfo.InvariantCulture, $"segments-{partition}.snapshot")), place0,
                copy.WrittenMemory, settings.OpenSnapshotKey(), cancellation);
            await AddMembersAsync(connections, partition, columns, catalog, cancellation);
        }

        await using var analyze = connections.CreateCommand("vacuum analyze segment_member");
        await analyze.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>With names for all codes that <see cref="SegmentBase.Fill"/> uses.</summary>
    private static CodeBooks NewBooks()
    {
        var books = new CodeBooks();
        books.Stores.CodeOf("bench");
        books.Channels.CodeOf("pos");
        for (var product = 0; product < SegmentBase.Products; product++)
            books.Products.CodeOf(string.Create(CultureInfo.InvariantCulture, $"P{product}"));
        return books;
    }

    private async Task AddMembersAsync(
        NpgsqlDataSource connections, int partition, PartitionColumns columns, SegmentCatalog catalog, CancellationToken cancellation)
    {
        await using var connection = await connections.OpenConnectionAsync(cancellation);
        await using var rows = await connection.BeginBinaryImportAsync("copy segment_member from stdin (format binary)", cancellation);
        foreach (var segment in catalog.Segments)
        {
            foreach (var row in RowBits.In(RulePlan.Of(segment.Rule, catalog).Evaluate(columns)))
            {
                await rows.StartRowAsync(cancellation);
                await rows.WriteAsync(partition, NpgsqlDbType.Integer, cancellation);
                await rows.WriteAsync(columns.CustomerAt(row), NpgsqlDbType.Uuid, cancellation);
                await rows.WriteAsync(segment.Name, NpgsqlDbType.Text, cancellation);
                await rows.WriteAsync(SegmentBase.Now.UtcDateTime, NpgsqlDbType.TimestampTz, cancellation);
                Memberships++;
            }
        }

        await rows.CompleteAsync(cancellation);
    }

    private LogRecord Record(Topic topic, int partition, Guid customer, IMessage fact)
    {
        var previous = positions.GetValueOrDefault((topic, partition));
        positions[(topic, partition)] = previous + 1;
        var envelope = new Envelope
        {
            Id = $"{partition}-{previous + 1}",
            Source = "/patron/bench",
            Type = fact.Descriptor.FullName,
            Time = SegmentBase.Now,
            StoreEpoch = Producer,
            Position = previous + 1,
            Previous = previous,
        };
        return new LogRecord(customer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
    }
}
