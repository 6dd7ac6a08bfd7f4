using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Runtime.Grpc;
using Patron.Testing;

namespace Patron.Benchmarks.Ledger;

/// <summary>Loyalty alone in a host, over a database of its own, and members who have bought.</summary>
internal sealed class LedgerPlace : IAsyncDisposable
{
    public const int Partitions = 64;

    private static readonly Topic Profile = new(Topics.Profile);
    private readonly Dictionary<int, long> positions = [];
    private long purchases;

    private LedgerPlace(TestDatabase database, TestHost host) => (Database, Host) = (database, host);

    public TestDatabase Database { get; }

    public TestHost Host { get; private set; }

    public static async Task<LedgerPlace> StartAsync(BenchPlace place, CancellationToken cancellation)
    {
        var database = await place.CreateDatabaseAsync(cancellation);
        return new LedgerPlace(database, await OpenAsync(database, cancellation));
    }

    public static Guid[] Members(int count)
    {
        var now = TimeProvider.System.GetUtcNow();
        return [.. Enumerable.Range(0, count).Select(i => Guid.CreateVersion7(now.AddMilliseconds(-i)))];
    }

    /// <summary>The service stops; facts that are told meanwhile wait for <see cref="OpenAgainAsync"/>.</summary>
    public ValueTask CloseAsync() => Host.DisposeAsync();

    public async Task OpenAgainAsync(CancellationToken cancellation) => Host = await OpenAsync(Database, cancellation);

    /// <summary>Tells a purchase of two lines for each of these members, as profile does.</summary>
    /// <param name="log">Null for the host's.</param>
    public async Task BuyAsync(IEnumerable<Guid> members, long minor, CancellationToken cancellation, IEventLog? log = null)
    {
        const int AtOnce = 2_000;
        log ??= Host.Log;
        await log.OpenAsync([Profile], cancellation);
        foreach (var some in members.Chunk(AtOnce))
        {
            var records = some.GroupBy(member => CustomerPartition.Of(member, Partitions))
                .Select(partition => new PartitionRecords(partition.Key, [.. partition.Select(member => Record(partition.Key, member, minor))]));
            await log.PublishAsync(Profile, [.. records], cancellation);
        }
    }

    public GrpcClient Partner() => Host.Grpc();

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Database.DisposeAsync();
    }

    private static Task<TestHost> OpenAsync(TestDatabase database, CancellationToken cancellation) => TestHost.StartAsync(
        builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, database,
        new Dictionary<string, string> { ["Runtime:Partitions"] = $"{Partitions}", ["Partners:Default:CallsPerSecond"] = "100000" });

    private LogRecord Record(int partition, Guid member, long minor)
    {
        var (number, position) = (++purchases, positions.GetValueOrDefault(partition) + 1);
        positions[partition] = position;
        var fact = new PurchaseRecorded
        {
            PurchaseId = new Guid((int)number, 0, 0, new byte[8]).ToString("D"),
            Source = "/pos/bench",
            Receipt = string.Create(CultureInfo.InvariantCulture, $"R{number}"),
            Channel = Channel.Pos,
            Store = "bench",
            Currency = "GBP",
            OccurredAt = TestHost.Start.ToTimestamp(),
            Lines =
            {
                new Line { Product = $"P{number % 5_000}", Kind = LineKind.Sale, Quantity = 1, AmountMinor = minor / 2 },
                new Line { Product = $"P{(number + 7) % 5_000}", Kind = LineKind.Sale, Quantity = 2, AmountMinor = minor - (minor / 2) },
            },
        };
        var envelope = new Envelope
        {
            Id = $"{partition}-{position}",
            Source = "/patron/profile",
            Type = PurchaseRecorded.Descriptor.FullName,
            Time = TestHost.Start,
            StoreEpoch = new Guid("0197f7a0-0000-7000-8000-000000000001"),
            Position = position,
            Previous = position - 1,
        };
        return new LogRecord(member.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
    }
}
