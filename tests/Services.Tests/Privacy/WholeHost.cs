using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Npgsql;
using NUnit.Framework;
using Patron.Channels.Email;
using Patron.Channels.Sms;
using Patron.Channels.WeChat;
using Patron.Gateway;
using Patron.Journey;
using Patron.Loyalty;
using Patron.Profile;
using Patron.Segmentation;
using Patron.Services.Tests.Channels;
using Patron.Services.Tests.Profile;
using Patron.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Privacy;

/// <summary>Every service in one host, as in the all-in-one process, with a mail catcher: where a person leaves traces everywhere.</summary>
internal sealed class WholeHost : IAsyncDisposable
{
    /// <summary>The schemas of the services, of which each keeps something of its own.</summary>
    public static readonly IReadOnlyList<string> Services =
        ["profile", "tagging", "loyalty", "segmentation", "journey", "email", "sms", "wechat"];

    private WholeHost(TestHost host, CaughtMails mails, NpgsqlDataSource database) => (Host, Mails, Database) = (host, mails, database);

    public TestHost Host { get; }

    public CaughtMails Mails { get; }

    public HttpClient Http => Host.Http;

    /// <summary>Sees the tables of all services.</summary>
    public NpgsqlDataSource Database { get; }

    public static async Task<WholeHost> StartAsync(
        TestDatabase database, CancellationToken cancellation, Action<WebApplicationBuilder>? more = null, DateTimeOffset? start = null,
        params (string Name, string Value)[] settings)
    {
        var port = FreePort().ToString(CultureInfo.InvariantCulture);
        var mails = new CaughtMails();
        var all = new Dictionary<string, string>
        {
            ["Http:Port"] = port,
            ["Vault:MasterKey"] = ProfileHost.MasterKey,
            ["Links:Current"] = "t",
            ["Links:Keys:t"] = Convert.ToBase64String(SHA256.HashData("links"u8)),
            ["Email:Smtp:Host"] = "127.0.0.1",
            ["Email:Smtp:Port"] = mails.Port.ToString(CultureInfo.InvariantCulture),
            ["Email:From"] = "Brand <hello@brand.example>",
            ["Email:BaseAddress"] = "https://mail.brand.example",
            ["Email:RecipientKey"] = Convert.ToBase64String(SHA256.HashData("recipients"u8)),
            ["Email:ContactWait"] = "00:00:00.300",
            ["Privacy:LookEvery"] = "00:00:00.050",
            ["Drain:GracePeriod"] = "00:00:02",
        };
        foreach (var service in Services)
            all[$"Peers:{service}"] = $"http://127.0.0.1:{port}";
        foreach (var (name, value) in settings)
            all[name] = value;
        var apiKey = Runtime.Hosting.ApiKey.Create();
        all["Peers:ApiKey"] = apiKey.Text;
        all["Api:Keys:peer:Hash"] = apiKey.Hash;
        foreach (var (index, scope) in new[] { "read", "ingest", "keys", "privacy" }.Index())
            all[string.Create(CultureInfo.InvariantCulture, $"Api:Keys:peer:Scopes:{index}")] = scope;
        var host = await TestHost.StartAsync(builder => Add(builder, more), Map, cancellation, database, all, start);
        return new WholeHost(host, mails, NpgsqlDataSource.Create(database.ConnectionString));
    }

    /// <summary>A touchpoint tells of somebody; answers whom.</summary>
    public async Task<Guid> TellAsync(JsonObject told, CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(Http, told, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted), await answer.Content.ReadAsStringAsync(cancellation));
        return Guid.Parse((string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!);
    }

    public Task<HttpResponseMessage> PostAsync(string path, object body, CancellationToken cancellation) =>
        Http.PostAsJsonAsync(new Uri(path, UriKind.Relative), body, cancellation);

    public async Task<JsonNode> AskForErasureAsync(Guid customer, CancellationToken cancellation)
    {
        using var answer = await PostAsync($"/v1/customers/{customer}/erasure", new { reason = "request", reference = "T-1" }, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted), await answer.Content.ReadAsStringAsync(cancellation));
        return await answer.JsonAsync(cancellation);
    }

    /// <summary>Erases somebody and waits until every service has applied it; answers the receipt.</summary>
    public async Task<JsonNode> EraseAsync(Guid customer, CancellationToken cancellation) =>
        await CompletedAsync((Guid)(await AskForErasureAsync(customer, cancellation))["id"]!, cancellation);

    public async Task<JsonNode> CompletedAsync(Guid erasure, CancellationToken cancellation)
    {
        while (true)
        {
            var receipt = await ReadAsync($"/v1/erasures/{erasure}", cancellation);
            if ((string?)receipt["state"] == "complete")
                return receipt;
            Assert.That(cancellation.IsCancellationRequested, Is.False, $"never complete: {receipt.ToJsonString()}");
            await Task.Delay(10, cancellation);
        }
    }

    public async Task<JsonNode> ReadAsync(string path, CancellationToken cancellation)
    {
        using var answer = await Http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), path);
        return await answer.JsonAsync(cancellation);
    }

    public async Task<HttpStatusCode> StatusAsync(string path, CancellationToken cancellation)
    {
        using var answer = await Http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        return answer.StatusCode;
    }

    public async Task<long> CountAsync(string sql, Guid customer, CancellationToken cancellation)
    {
        await using var command = Database.CreateCommand(sql);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Database.DisposeAsync();
        await Mails.DisposeAsync();
    }

    private static void Add(WebApplicationBuilder builder, Action<WebApplicationBuilder>? more)
    {
        more?.Invoke(builder);
        builder.AddProfile();
        builder.AddTagging();
        builder.AddLoyalty();
        builder.AddSegmentation();
        builder.AddJourney();
        builder.AddEmail();
        builder.AddSms();
        builder.AddWeChat();
        builder.AddGateway();
    }

    private static void Map(WebApplication app)
    {
        app.MapProfile();
        app.MapTagging();
        app.MapLoyalty();
        app.MapSegmentation();
        app.MapJourney();
        app.MapEmail();
        app.MapSms();
        app.MapWeChat();
        app.MapGateway();
    }

    // The services have to know where their peers are before they listen.
    private static int FreePort()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }
}
