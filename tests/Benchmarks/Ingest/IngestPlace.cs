using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Patron.Tool.Run;

namespace Patron.Benchmarks.Ingest;

/// <summary>Every service in one process, as <c>patron</c> runs it, and the shops that send purchases to its HTTP door.</summary>
internal sealed class IngestPlace : IAsyncDisposable
{
    private const int LinesPerPurchase = 2;

    private readonly WebApplication app;
    private readonly HttpClient http;
    private long purchases;
    private long views;

    private IngestPlace(TestDatabase database, WebApplication app, HttpClient http) => (Database, this.app, this.http) = (database, app, http);

    public TestDatabase Database { get; }

    public IServiceProvider Services => app.Services;

    /// <summary>Speaks to the host with a key of every scope but those that show people in clear.</summary>
    public HttpClient Http => http;

    public static async Task<IngestPlace> StartAsync(
        BenchPlace place, CancellationToken cancellation, params IReadOnlyList<(string Name, string Value)> more)
    {
        var database = await place.CreateDatabaseAsync(cancellation);
        var folder = Path.Combine(Path.GetTempPath(), $"patron-bench-{Path.GetRandomFileName()}");
        var secrets = Secrets.Open(folder);
        Directory.Delete(folder, recursive: true);
        var settings = new Dictionary<string, string>
        {
            ["Database"] = database.ConnectionString,
            ["Http:Port"] = FreePort(),
            ["Grpc:Port"] = FreePort(),
            ["Http:BodyBytesMax"] = "16777216",
            ["Email:Smtp:Host"] = "127.0.0.1",
            ["Email:Smtp:Port"] = "1",
        };
        foreach (var (name, value) in more)
            settings[name] = value;
        var app = AllInOne.Build(settings, secrets, new BusinessTimeState(false, TimeProvider.System.GetUtcNow(), TimeSpan.Zero));
        await app.StartAsync(cancellation);
        var http = new HttpClient { BaseAddress = AllInOne.AddressOf(app), Timeout = TimeSpan.FromMinutes(5) };
        http.DefaultRequestHeaders.Add("X-Api-Key", secrets.ApiKey);
        return new IngestPlace(database, app, http);
    }

    /// <summary>One purchase each for customers who have bought before, or who now buy for the first time; bodies of calls, ready to be sent.</summary>
    public List<byte[]> Calls(int count, int perCall, Func<int, int> customerOf) =>
        [.. Enumerable.Range(0, count).Select(i => Event(customerOf(i))).Chunk(perCall).Select(c => Encoding.UTF8.GetBytes($"[{string.Join(',', c)}]"))];

    /// <summary>The same of behaviours: a product was seen.</summary>
    public List<byte[]> Views(int count, int perCall, Func<int, int> customerOf) =>
        [.. Enumerable.Range(0, count).Select(i => View(customerOf(i))).Chunk(perCall).Select(c => Encoding.UTF8.GetBytes($"[{string.Join(',', c)}]"))];

    /// <summary>Sends calls, several at once, and returns when the last is durable.</summary>
    public async Task SendAsync(IEnumerable<byte[]> calls, int atOnce, CancellationToken cancellation) => await Parallel.ForEachAsync(
        calls,
        new ParallelOptions { MaxDegreeOfParallelism = atOnce, CancellationToken = cancellation },
        async (call, token) => await SendAsync(call, token));

    /// <summary>The customers of a call's purchases, once these are durable.</summary>
    public async Task<IReadOnlyList<Guid>> SendAsync(byte[] call, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(call);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
        using var response = await http.PostAsync(new Uri("/v1/events", UriKind.Relative), content, cancellation);
        if (response.StatusCode != HttpStatusCode.Accepted)
            throw new InvalidOperationException(await response.Content.ReadAsStringAsync(cancellation));
        using var answer = await response.Content.ReadFromJsonAsync<JsonDocument>(cancellation);
        return [.. answer!.RootElement.GetProperty("events").EnumerateArray().Select(e => e.GetProperty("customer").GetGuid())];
    }

    /// <summary>Until every reader of every service has applied what was sent and what came of it.</summary>
    public Task DrainAsync(CancellationToken cancellation) => AllInOne.DriverOf(app).DrainAsync(cancellation);

    /// <summary>Every purchase sent so far counts once in the ledger, and every buyer has the one tag that says how often they bought.</summary>
    /// <exception cref="InvalidOperationException">Something was lost, counted twice, or not worked off.</exception>
    public async Task CheckAsync(CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(Database.ConnectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            select count(*), count(distinct customer), (select sum(held)::bigint from tagging.tag_count where tag like 'consumption/frequency/%')
            from loyalty.events where type = 'loyalty.points-earned.v1'
            """,
            connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        if (row.GetInt64(0) != purchases || row.GetInt64(1) != row.GetInt64(2))
        {
            throw new InvalidOperationException(
                $"Of {purchases} purchases {row.GetInt64(0)} are in the ledger; of {row.GetInt64(1)} buyers {row.GetInt64(2)} are tagged by frequency.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        await Database.DisposeAsync();
    }

    private string Event(int customer)
    {
        var number = Interlocked.Increment(ref purchases);
        var lines = Enumerable.Range(0, LinesPerPurchase).Select(line => string.Create(
            CultureInfo.InvariantCulture,
            $$"""{"product":"P{{(number * 7 + line) % 5_000}}","kind":"LINE_KIND_SALE","quantity":1,"amountMinor":"{{500 + (number % 1_500)}}"}"""));
        return string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"specversion":"1.0","type":"patron.ingest.v1.Purchase","source":"/pos/bench","id":"{{{number}}}",
            "time":"{{{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}}}",
            "datacontenttype":"application/json","data":{"receipt":"R{{{number}}}","channel":"CHANNEL_POS","store":"bench","currency":"GBP",
            "customer":{"loyaltyCard":"card-{{{customer}}}"},"lines":[{{{string.Join(',', lines)}}}]}}
            """);
    }

    private string View(int customer)
    {
        var number = Interlocked.Increment(ref views);
        return string.Create(
            CultureInfo.InvariantCulture,
            $$$"""
            {"specversion":"1.0","type":"Product Viewed","source":"/web/bench","id":"{{{number}}}",
            "time":"{{{TimeProvider.System.GetUtcNow():yyyy-MM-ddTHH:mm:ssZ}}}","data":{"customer":{"loyaltyCard":"card-{{{customer}}}"},
            "properties":{"product_id":"P{{{number % 5_000}}}","category":"shoes","price":19.9,"url":"https://shop.example/p/{{{number % 5_000}}}"} } }
            """);
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }
}
