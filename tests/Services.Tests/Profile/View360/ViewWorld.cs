using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Profile;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;
using PublicKind = Patron.Contracts.Ingest.V1.LineKind;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>Profile in a real host, touchpoints that name customers to it, and the facts that other contexts publish.</summary>
internal sealed class ViewWorld : IAsyncDisposable
{
    private readonly FactWriter foreign = new();
    private readonly Dictionary<string, ApiKey> keys;
    private int told;

    private ViewWorld(TestHost host, Dictionary<string, ApiKey> keys) => (Host, this.keys) = (host, keys);

    public TestHost Host { get; }

    public static async Task<ViewWorld> StartAsync(
        CancellationToken cancellation, Action<WebApplicationBuilder>? more = null, params (string Name, string Value)[] settings)
    {
        var keys = new Dictionary<string, ApiKey>();
        var all = new Dictionary<string, string> { ["Vault:MasterKey"] = ProfileHost.MasterKey };
        foreach (var scopes in (string[][])[["read"], ["read", "personal"], ["clienteling"], ["clienteling", "personal"]])
        {
            var name = string.Join('-', scopes);
            keys[name] = ApiKey.Create();
            all[$"Api:Keys:{name}:Hash"] = keys[name].Hash;
            foreach (var (index, scope) in scopes.Index())
                all[$"Api:Keys:{name}:Scopes:{index}"] = scope;
        }
        foreach (var (name, value) in settings)
            all[name] = value;
        var host = await TestHost.StartAsync(
            builder =>
            {
                builder.AddProfile();
                more?.Invoke(builder);
            },
            app => app.MapProfile(), cancellation, settings: all);
        return new ViewWorld(host, keys);
    }

    /// <summary>A touchpoint names somebody for the first time; the numbers are theirs alone.</summary>
    public async Task<Guid> RegisterAsync(int number, CancellationToken cancellation)
    {
        var update = Events.Update(
            $"update-{told++}", card: Card(number), email: Email(number), phone: Phone(number),
            data: new JsonObject { ["givenName"] = $"Given{number}", ["familyName"] = $"Family{number}", ["language"] = "en", ["country"] = "HK" });
        update["time"] = Host.Clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        update["data"]!["consents"] = new JsonArray(new JsonObject
        {
            ["channel"] = "email", ["purpose"] = "marketing", ["state"] = "CONSENT_STATE_GRANTED", ["wording"] = "signup-2024",
        });
        using var answer = await Events.PostAsync(Host.Http, update, cancellation);
        if (answer.StatusCode != HttpStatusCode.Accepted)
            throw new InvalidOperationException(await answer.Content.ReadAsStringAsync(cancellation));
        await Host.DrainAsync(cancellation);
        return Guid.Parse((string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!);
    }

    public static string Card(int number) => string.Create(CultureInfo.InvariantCulture, $"CARD{number:000000}");

    public static string Phone(int number) => string.Create(CultureInfo.InvariantCulture, $"+8529{number:0000000}");

    public static string Email(int number) => string.Create(CultureInfo.InvariantCulture, $"person{number}@example.com");

    /// <summary>Publishes a fact of another context.</summary>
    public Task WriteAsync(string topic, Guid customer, IMessage fact) => foreign.WriteAsync(Host, topic, customer, fact);

    /// <summary>
    /// Publishes a fact of profile that this build does not write itself, behind what it has published. Profile publishes nothing more of
    /// this partition afterwards, because it does not know of the fact.
    /// </summary>
    public async Task WriteOwnAsync(Guid customer, IMessage fact, CancellationToken cancellation)
    {
        var topic = new Topic(Topics.Profile);
        var partition = CustomerPartition.Of(customer, Host.Log.Partitions);
        var previous = (await Host.ReadTopicAsync(topic, cancellation))
            .Where(r => CustomerPartition.Of(r.Record.Key!, Host.Log.Partitions) == partition).Select(r => r.Envelope.Position).DefaultIfEmpty(0).Max();
        var envelope = new Envelope
        {
            Id = $"{partition}-{previous + 1000}",
            Source = "/patron/profile",
            Type = fact.Descriptor.FullName,
            Time = Host.Clock.GetUtcNow(),
            StoreEpoch = Host.Service("profile").StoreEpoch,
            Position = previous + 1000,
            Previous = previous,
        };
        await Host.Log.PublishAsync(
            topic, [new PartitionRecords(partition, [new LogRecord(customer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray())])], cancellation);
    }

    /// <summary>What profile keeps with a merge's events, or takes away with an unmerge's.</summary>
    public async Task AliasAsync(Guid a, Guid? b, CancellationToken cancellation)
    {
        await using var command = Host.Service("profile").Database.CreateCommand(b is null
            ? "delete from aliases where node = $1"
            : """
              with moved as (update aliases set root = $2 where root = $1)
              insert into aliases (node, parent, root, link) values ($1, $2, $2, $1)
              """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = a });
        if (b is { } parent)
            command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = parent });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public Facts.PurchaseRecorded Purchase(int number, long minor = 1000, DateTimeOffset? at = null, Guid? origin = null) => new()
    {
        PurchaseId = Guid.CreateVersion7(TestHost.Start.AddSeconds(number)).ToString("D"),
        Source = "/pos/hk",
        Receipt = $"R-{number}",
        Channel = number % 2 == 0 ? Channel.Pos : Channel.Eshop,
        Store = "central",
        OccurredAt = (at ?? Host.Clock.GetUtcNow()).ToTimestamp(),
        Currency = "HKD",
        Origin = origin?.ToString("D") ?? "",
        Lines =
        {
            new Line { Product = $"P{number}", Kind = minor < 0 ? PublicKind.Return : PublicKind.Sale, Quantity = 1, AmountMinor = minor },
        },
    };

    public Task<JsonNode> ViewAsync(Guid customer, CancellationToken cancellation, string query = "") =>
        GetAsync($"/v1/customers/{customer:D}{query}", cancellation);

    public Task<JsonNode> TimelineAsync(Guid customer, CancellationToken cancellation, string query = "") =>
        GetAsync($"/v1/customers/{customer:D}/timeline{query}", cancellation);

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellation, string key = "read")
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, key, cancellation);
        if (answer.StatusCode != HttpStatusCode.OK)
            throw new InvalidOperationException($"{answer.StatusCode}: {await answer.Content.ReadAsStringAsync(cancellation)}");
        return await answer.JsonAsync(cancellation);
    }

    public async Task<(HttpStatusCode Status, string? Code)> RefusalAsync(string path, CancellationToken cancellation)
    {
        using var answer = await SendAsync(HttpMethod.Get, path, null, "read", cancellation);
        return (answer.StatusCode, answer.IsSuccessStatusCode ? null : ((string)(await answer.JsonAsync(cancellation))["type"]!)[Problem.TypeBase.Length..]);
    }

    public Task<HttpResponseMessage> PostAsync(string path, JsonObject body, string key, CancellationToken cancellation) =>
        SendAsync(HttpMethod.Post, path, body, key, cancellation);

    public async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, JsonObject? body, string key, CancellationToken cancellation, string? accept = null)
    {
        using var http = new HttpClient { BaseAddress = Host.Http.BaseAddress };
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Add("X-Api-Key", keys[key].Text);
        if (accept is not null)
            request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue(accept));
        if (body is not null)
            request.Content = JsonContent.Create(body);
        return await http.SendAsync(request, cancellation);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
