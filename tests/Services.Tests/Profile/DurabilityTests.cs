using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Profile as a program of its own that is killed the moment it has answered.</summary>
[TestFixture]
[CancelAfter(120_000)]
internal sealed class DurabilityTests
{
    [Test]
    public async Task What_was_answered_is_there_after_the_service_was_killed_without_warning(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var key = ApiKey.Create();
        var settings = new Dictionary<string, string>
        {
            ["Database"] = database.ConnectionString,
            ["Http:Port"] = "0",
            ["Runtime:Partitions"] = "8",
            ["Vault:MasterKey"] = ProfileHost.MasterKey,
            ["Api:Keys:web:Hash"] = key.Hash,
            ["Api:Keys:web:Scopes:0"] = "ingest",
            ["Api:Keys:web:Sources:0"] = "/web/hk",
        };
        var views = new JsonArray();
        for (var kill = 0; kill < 3; kill++)
        {
            await using var profile = new ServiceProgram("profile", "Patron.Profile", settings);
            using var http = new HttpClient { BaseAddress = await profile.AddressAsync() };
            http.DefaultRequestHeaders.Add("X-Api-Key", key.Text);
            var view = Behaviours.Viewed($"v-{kill}", $"d-{kill}");
            views.Add((JsonNode)view.DeepClone());
            using var taken = await Events.PostAsync(http, view, cancellation);
            using var segment = await SegmentAsync(http, key, kill, cancellation);
            await profile.KillAsync();
            Assert.That((taken.StatusCode, segment.StatusCode), Is.EqualTo((HttpStatusCode.Accepted, HttpStatusCode.OK)));
            Assert.That(await profile.ExitCodeAsync(), Is.Not.Zero);
        }

        await using var host = await ProfileHost.StartAsync(cancellation, database);
        using var again = await Events.PostAsync(host.Http, views, cancellation);
        Assert.That((await again.JsonAsync(cancellation))["events"]!.AsArray().Select(e => (string?)e!["status"]), Is.All.EqualTo("repeated"));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "behaviours", cancellation), Is.EqualTo(6));
        Assert.That(await IngestTopic.QuarantinedAsync(host, 3, cancellation), Has.Count.EqualTo(3));
    }

    // One message that is right and one that is not: both are told as durable.
    private static async Task<HttpResponseMessage> SegmentAsync(HttpClient http, ApiKey key, int number, CancellationToken cancellation)
    {
        var body = $$"""
            {"writeKey": "{{key.Text}}", "batch": [
              {"type": "track", "messageId": "m-{{number}}", "userId": "u", "event": "Product Added", "properties": {"quantity": 1} },
              {"type": "track", "messageId": "w-{{number}}", "userId": "u", "event": "Product Added", "properties": {"quantity": "one"} } ] }
            """;
        using var content = new StringContent(body, System.Text.Encoding.UTF8, Behaviours.Json);
        return await http.PostAsync(new Uri("/v1/segment/v1/batch", UriKind.Relative), content, cancellation);
    }
}
