using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Profile;
using Patron.Runtime.EventLog;
using Patron.Runtime.Privacy;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

[TestFixture]
[CancelAfter(60_000)]
internal sealed partial class PrivacyTests
{
    private static readonly string[] Personal =
        ["美玲", "陳", "meiling.chan@example.com", "+85291234567", "91234567", "zh-Hant-HK", "Asia/Hong_Kong", "HKCARD778899"];

    private TestDatabase database = null!;
    private TestHost host = null!;

    [SetUp]
    public async Task StartAsync()
    {
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        host = await ProfileHost.StartAsync(CancellationToken.None, database);
    }

    [TearDown]
    public async Task StopAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Nothing_personal_stands_in_the_database_or_on_the_log_in_clear(CancellationToken cancellation)
    {
        await TellAsync("update-1", cancellation);
        using (await Events.PostAsync(host.Http, Events.Purchase("purchase-1", email: "meiling.chan@example.com", phone: "+852 9123 4567"), cancellation))
            await host.DrainAsync(cancellation);
        await IngestTopic.PublishAsync(host, "not JSON of meiling.chan@example.com", cancellation);
        await IngestTopic.QuarantinedAsync(host, 1, cancellation);

        // The topic of touchpoints is theirs: what they put there in clear is there, for as long as the topic keeps it.
        var dump = await DumpAsync(cancellation);
        var log = await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation);
        var states = await host.ReadTopicAsync(new Topic(Topics.ProfileCustomers, Compacted: true), cancellation);
        Assert.That(dump, Does.Contain("profile.details-changed.v2").And.Contain("profile.purchase-recorded.v1"));
        Assert.That(log.Concat(states).ToList(), Has.Count.GreaterThan(3));
        foreach (var text in log.Concat(states).Select(r => Encoding.UTF8.GetString(r.Record.Value!.Value.Span)).Append(dump))
            Assert.That(Personal.Where(p => text.Contains(p, StringComparison.OrdinalIgnoreCase)), Is.Empty);
    }

    [Test]
    public async Task Nothing_personal_of_a_behaviour_or_of_a_message_in_quarantine_stands_anywhere_in_clear(CancellationToken cancellation)
    {
        var viewed = Behaviours.Viewed("v-1", "device-of-meiling.chan@example.com");
        viewed["data"]!["properties"]!["name"] = "美玲's linen";
        using var taken = await Events.PostAsync(host.Http, viewed, cancellation);
        var message = new JsonObject
        {
            ["messageId"] = "m-1",
            ["userId"] = "HKCARD778899",
            ["event"] = "Product Viewed",
            ["writeKey"] = host.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single(),
            ["properties"] = new JsonObject { ["price"] = "+85291234567", ["url"] = "https://shop.example/陳" },
        };
        using var called = await host.Http.PostAsJsonAsync(new Uri("/v1/segment/v1/track", UriKind.Relative), message, cancellation);
        var id = (await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!["id"];
        message["properties"]!["price"] = 7;
        using var corrected = await host.Http.PutAsJsonAsync(new Uri($"/v1/quarantine/{id}", UriKind.Relative), message, cancellation);
        await host.DrainAsync(cancellation);

        Assert.That(
            (taken.StatusCode, called.StatusCode, corrected.StatusCode), Is.EqualTo((HttpStatusCode.Accepted, HttpStatusCode.OK, HttpStatusCode.OK)));
        var facts = (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation)).Select(r => Encoding.UTF8.GetString(r.Record.Value!.Value.Span));
        foreach (var text in facts.Append(await DumpAsync(cancellation)))
            Assert.That(Personal.Where(p => text.Contains(p, StringComparison.OrdinalIgnoreCase)), Is.Empty);
    }

    [Test]
    public async Task Another_service_opens_the_published_state_with_the_keys_it_asked_for(CancellationToken cancellation)
    {
        var customer = await TellAsync("update-1", cancellation);
        await host.DrainAsync(cancellation);
        var record = (await host.ReadTopicAsync(new Topic(Topics.ProfileCustomers, Compacted: true), cancellation))[^1].Record;
        var state = Facts.CustomerState.Parser.ParseFrom(record.Value!.Value.Span);
        var keys = await AskForKeys().GetAsync([customer, Guid.Empty], cancellation);

        Assert.That(record.Key, Is.EqualTo(customer.ToString("D")));
        Assert.That(keys.Keys, Is.EqualTo((Guid[])[customer]));
        Assert.That(keys[customer].Unseal(state.SealedGivenName, SealedFields.GivenName), Is.EqualTo("美玲"));
        Assert.That(keys[customer].Unseal(state.SealedEmail, SealedFields.Email), Is.EqualTo("meiling.chan@example.com"));
    }

    [Test]
    public async Task A_destroyed_key_leaves_nothing_to_read(CancellationToken cancellation)
    {
        var customer = await TellAsync("update-1", cancellation);
        await host.Services.GetRequiredService<CustomerVault>().DestroyAsync([customer], cancellation);
        var view = await ReadAsync($"/v1/customers/{customer}", cancellation);

        Assert.That(view["details"], Is.Null);
        Assert.That(await AskForKeys().GetAsync([customer], cancellation), Is.Empty);
    }

    [Test]
    public async Task A_customer_is_shown_with_masked_details(CancellationToken cancellation)
    {
        var customer = await TellAsync("update-1", cancellation);
        var view = await ReadAsync($"/v1/customers/{customer}", cancellation);
        Assert.That(view["details"]!.ToJsonString(), Is.EqualTo(new JsonObject
        {
            ["givenName"] = "美***",
            ["familyName"] = "陳***",
            ["email"] = "m***@e***.com",
            ["phone"] = "+85***67",
            ["language"] = "zh-Hant-HK",
            ["timeZone"] = "Asia/Hong_Kong",
            ["country"] = "HK",
        }.ToJsonString()));
        Assert.That((string?)view["consents"]![0]!["channel"], Is.EqualTo("email"));
    }

    [Test]
    public async Task Keys_are_handed_out_to_no_other_scope(CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var answer = await http.PostAsJsonAsync(ProfileKeys.Path, new KeysWanted([Guid.Empty]), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    private static JsonObject Update(string id)
    {
        var update = Events.Update(id, card: "HKCARD 778899", email: "Meiling.Chan@Example.com ", phone: "+852 9123-4567", data: new JsonObject
        {
            ["givenName"] = "美玲",
            ["familyName"] = "陳",
            ["language"] = "zh-hant-hk",
            ["timeZone"] = "Asia/Hong_Kong",
            ["country"] = "HK",
        });
        update["data"]!["consents"] = new JsonArray(new JsonObject
        {
            ["channel"] = "email",
            ["purpose"] = "marketing",
            ["state"] = "CONSENT_STATE_GRANTED",
            ["wording"] = "signup-2024-zh",
        });
        return update;
    }

    private async Task<Guid> TellAsync(string id, CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Update(id), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        return Guid.Parse((string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!);
    }

    private ProfileKeys AskForKeys() => new(Connect, 100, TimeSpan.FromMinutes(1), TimeProvider.System);

    private HttpClient Connect()
    {
        var http = new HttpClient { BaseAddress = host.Http.BaseAddress };
        http.DefaultRequestHeaders.Add("X-Api-Key", host.Http.DefaultRequestHeaders.GetValues("X-Api-Key"));
        return http;
    }

    private async Task<JsonNode> ReadAsync(string path, CancellationToken cancellation)
    {
        using var answer = await host.Http.GetAsync(new Uri(path, UriKind.Relative), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        return await answer.JsonAsync(cancellation);
    }

    // Every table of profile and of the vault as text, bytes decoded.
    private async Task<string> DumpAsync(CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        var tables = new List<string>();
        await using (var command = source.CreateCommand(
            "select format('%I.%I', table_schema, table_name) from information_schema.tables where table_schema in ('profile', 'vault')"))
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                tables.Add(row.GetString(0));
        }

        var dump = new StringBuilder();
        foreach (var table in tables)
        {
            await using var command = source.CreateCommand($"select t::text from {table} t");
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                dump.AppendLine(HexBytes().Replace(row.GetString(0), hex => Encoding.UTF8.GetString(Convert.FromHexString(hex.Groups[1].Value))));
            dump.AppendLine(table);
        }
        return dump.ToString();
    }

    [GeneratedRegex(@"\\x((?:[0-9a-f]{2})+)")]
    private static partial Regex HexBytes();
}
