using System.Globalization;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Patron.Runtime.EventLog;
using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Testing;

/// <summary>
/// Services in a real host on a free port, over a database of their own and the PostgreSQL event log. Business time is simulated from
/// <see cref="Start"/> on; every API key scope is open to <see cref="Http"/>.
/// </summary>
public sealed class TestHost : IAsyncDisposable
{
    /// <summary>Where business time begins unless a test says otherwise: a Wednesday in London's winter.</summary>
    public static readonly DateTimeOffset Start = new(2024, 1, 10, 9, 0, 0, TimeSpan.Zero);

    private static readonly TimeSpan DrainWithin = TimeSpan.FromSeconds(30);

    private readonly WebApplication app;
    private readonly TestDatabase? ownDatabase;
    private readonly Dictionary<(string Topic, int Partition), long> published = [];

    private TestHost(WebApplication app, TestDatabase? ownDatabase, HttpClient http) => (this.app, this.ownDatabase, Http) = (app, ownDatabase, http);

    /// <summary>Speaks to the host with a key of every scope that the tests use.</summary>
    public HttpClient Http { get; }

    public IServiceProvider Services => app.Services;

    public BusinessClock Clock => app.Services.GetRequiredService<BusinessClock>();

    public IEventLog Log => app.Services.GetRequiredService<IEventLog>();

    public ServiceRuntime Service(string name) => app.Services.PatronService(name);

    /// <param name="database">Null makes a new one that goes with the host; a given one stays, so that a host can be started again on it.</param>
    public static async Task<TestHost> StartAsync(
        Action<WebApplicationBuilder> add,
        Action<WebApplication> map,
        CancellationToken cancellation,
        TestDatabase? database = null,
        IReadOnlyDictionary<string, string>? settings = null,
        DateTimeOffset? start = null)
    {
        var own = database is null ? await TestPostgres.CreateDatabaseAsync(cancellation) : null;
        var key = ApiKey.Create();
        var all = new Dictionary<string, string>
        {
            ["Database"] = (database ?? own)!.ConnectionString,
            ["Http:Port"] = "0",
            ["Grpc:Port"] = "0",
            ["Runtime:Partitions"] = "8",
            ["Api:Keys:test:Hash"] = key.Hash,
            ["Logging:LogLevel:Default"] = "Warning",
        };
        foreach (var (index, scope) in new[] { "ingest", "read", "keys", "operate", "partner", "write", "privacy" }.Index())
            all[string.Create(CultureInfo.InvariantCulture, $"Api:Keys:test:Scopes:{index}")] = scope;
        foreach (var (name, value) in settings ?? new Dictionary<string, string>())
            all[name] = value;

        var builder = PatronHost.CreateBuilder([.. all.Select(s => $"--{s.Key}={s.Value}")], "test");
        // A test that drives business time over HTTP gets the host's own clock.
        if (!all.ContainsKey("Time:Simulated"))
            builder.Services.AddSingleton(new BusinessClock(TimeProvider.System, BusinessTimeState.SimulatedFrom(start ?? Start)));
        add(builder);
        var app = builder.Build();
        app.MapPatronDefaults();
        map(app);
        await app.StartAsync(cancellation);
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        var http = new HttpClient { BaseAddress = new Uri(address) };
        http.DefaultRequestHeaders.Add("X-Api-Key", key.Text);
        return new TestHost(app, own, http);
    }

    /// <summary>Speaks gRPC to the host, with the key of <see cref="Http"/> or, as a stranger, without one.</summary>
    public GrpcClient Grpc(bool withKey = true)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses;
        var metadata = new GrpcMetadata();
        if (withKey)
            metadata.Add("x-api-key", Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single());
        return new GrpcClient(new Uri(addresses.Last()), new GrpcClientOptions { Metadata = metadata });
    }

    /// <summary>Waits until everything is worked off; fails when a partition stopped or it takes too long.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(DrainWithin);
        await Driver().DrainAsync(deadline.Token);
    }

    /// <summary>Moves business time on, stopping at every timer on the way.</summary>
    public async Task AdvanceToAsync(DateTimeOffset target, CancellationToken cancellation)
    {
        await Driver().AdvanceToAsync(target, cancellation);
        await Driver().DrainAsync(cancellation);
    }

    /// <summary>Publishes a fact as its owning service would, with dense positions: for services whose producers are not in the host.</summary>
    /// <param name="seen">Topics whose facts of this customer's partition the producer had seen: a reader of both waits for them.</param>
    public async Task PublishAsync(
        Topic topic, string source, Guid customer, IMessage fact, CancellationToken cancellation, bool backfill = false, params IReadOnlyList<Topic> seen)
    {
        await Log.OpenAsync([topic], cancellation);
        var partition = CustomerPartition.Of(customer, Log.Partitions);
        var previous = published.GetValueOrDefault((topic.Name, partition));
        published[(topic.Name, partition)] = previous + 1;
        var envelope = new Envelope
        {
            Id = $"{partition}-{previous + 1}",
            Source = $"/patron/{source}",
            Type = fact.Descriptor.FullName,
            Time = Clock.GetUtcNow(),
            StoreEpoch = new Guid("0197f7a0-0000-7000-8000-000000000001"),
            Position = previous + 1,
            Previous = topic.Compacted ? 0 : previous,
            Backfill = backfill,
            Watermarks = seen.ToDictionary(t => t.Name, t => published.GetValueOrDefault((t.Name, partition))).Where(w => w.Value > 0).ToDictionary(),
        };
        var record = new LogRecord(customer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray());
        await Log.PublishAsync(topic, [new PartitionRecords(partition, [record])], cancellation);
    }

    /// <summary>All records of a topic so far, partition by partition.</summary>
    public async Task<IReadOnlyList<(Envelope Envelope, LogRecord Record)>> ReadTopicAsync(Topic topic, CancellationToken cancellation)
    {
        await Log.OpenAsync([topic], cancellation);
        var ends = await Log.EndOffsetsAsync(topic, cancellation);
        await using var reader = Log.OpenReader();
        for (var partition = 0; partition < ends.Length; partition++)
        {
            if (ends[partition] > 0)
                reader.Assign(topic, partition, 0);
        }

        var records = new List<(Envelope, LogRecord)>();
        var at = new long[ends.Length];
        while (ends.Index().Any(e => at[e.Index] < e.Item))
        {
            foreach (var batch in await reader.ReadAsync(1000, TimeSpan.FromSeconds(5), cancellation))
            {
                at[batch.Partition] = batch.NextOffset;
                foreach (var read in batch.Records)
                {
                    if (!Envelope.TryRead(read.Record.Headers, out var envelope, out var whyNot))
                        throw new InvalidDataException(whyNot);
                    records.Add((envelope, read.Record));
                }
            }
        }

        return records;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync(CancellationToken.None);
        await app.DisposeAsync();
        if (ownDatabase is not null)
            await ownDatabase.DisposeAsync();
    }

    private BusinessTimeDriver Driver() => new(Clock, [.. app.Services.GetServices<ServiceRuntime>()]);
}
