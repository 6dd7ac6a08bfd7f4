using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>The programme as business people change it: over HTTP, in a host with a store.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ProgrammeServiceTests
{
    private static readonly Topic Profile = new(Topics.Profile);

    [Test]
    [CancelAfter(60_000)]
    public async Task A_purchase_uses_the_version_of_its_own_day_whenever_it_arrives(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var from = TestHost.Start.AddHours(2);
        const string DoubleShoes =
            """{ "id": "double-shoes", "multiplierPercent": 200, "when": { "categories": ["women/shoes"], "channels": ["eshop"] } }""";
        var put = await PutAsync(host, 2, Document(2, DoubleShoes), from, cancellation);
        Assert.That(put.Status, Is.EqualTo(HttpStatusCode.Created), put.Body.ToJsonString());

        var anna = Guid.CreateVersion7(TestHost.Start);
        await PublishAsync(host, anna, 1, TestHost.Start, cancellation);
        await host.AdvanceToAsync(from, cancellation);
        await PublishAsync(host, anna, 2, from, cancellation);
        await PublishAsync(host, anna, 3, from.AddSeconds(-1), cancellation);
        await host.DrainAsync(cancellation);

        Assert.That((long)(await GetAsync(host, $"/v1/loyalty/customers/{anna}", cancellation))["balance"]!, Is.EqualTo(100 + 180 + 100));
        var story = (await GetAsync(host, $"/v1/loyalty/customers/{anna}/timeline", cancellation)).AsArray().Select(entry => (string)entry!["why"]!).ToList();
        Assert.That(story, Has.One.Contains("by programme version 2, 80 of them by double-shoes"), string.Join('\n', story));
        Assert.That(story.Count(why => why.Contains("by programme version 1", StringComparison.Ordinal)), Is.EqualTo(2));

        Assert.That((int)(await GetAsync(host, "/v1/loyalty/programme", cancellation))["version"]!, Is.EqualTo(2));
        var before = await GetAsync(host, $"/v1/loyalty/programme?at={from.AddSeconds(-1):yyyy-MM-ddTHH:mm:ssZ}", cancellation);
        Assert.That(((int)before["version"]!, (DateTimeOffset)before["effectiveUntil"]!, (int)before["document"]!["version"]!), Is.EqualTo((1, from, 1)));
        Assert.That((await GetAsync(host, "/v1/loyalty/programme/versions", cancellation)).AsArray(), Has.Count.EqualTo(2));
        var second = await GetAsync(host, "/v1/loyalty/programme/versions/2", cancellation);
        Assert.That((string)second["summary"]![1]!, Does.StartWith("double-shoes: points times 2"));
        Assert.That((string)(await GetAsync(host, "/v1/loyalty/programme/schema", cancellation))["title"]!, Is.EqualTo("Programme of loyalty"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_version_is_put_once_in_its_place_and_ahead_of_its_time(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var from = TestHost.Start.AddDays(1);
        AssertRefused(await PutAsync(host, 2, "{ \"version\": 2, \"zone\": \"Mars\" }", from, cancellation), HttpStatusCode.BadRequest, "/zone");
        AssertRefused(await PutAsync(host, 3, Document(3), from, cancellation), HttpStatusCode.BadRequest, "version");
        AssertRefused(await PutAsync(host, 2, Document(7), from, cancellation), HttpStatusCode.BadRequest, "/version");
        AssertRefused(await PutAsync(host, 2, Document(2), TestHost.Start.AddSeconds(59), cancellation), HttpStatusCode.BadRequest, "effectiveFrom");
        AssertRefused(await PutAsync(host, 2, Document(2), null, cancellation), HttpStatusCode.BadRequest, "effectiveFrom");

        Assert.That((await PutAsync(host, 2, Document(2), from, cancellation)).Status, Is.EqualTo(HttpStatusCode.Created));
        Assert.That((await PutAsync(host, 2, Document(2), from, cancellation)).Status, Is.EqualTo(HttpStatusCode.OK), "a retry");
        var other = await PutAsync(host, 2, Document(2, """{ "id": "a", "bonusPoints": 1 }"""), from, cancellation);
        Assert.That((other.Status, ((string)other.Body["type"]!).Split('/')[^1]), Is.EqualTo((HttpStatusCode.Conflict, "programme-version-taken")));
        var none = await SendAsync(host, HttpMethod.Get, "/v1/loyalty/programme/versions/9", null, cancellation);
        Assert.That(none.Status, Is.EqualTo(HttpStatusCode.NotFound));

        await using var change = host.Service("loyalty").Database.CreateCommand("update programme_versions set document = '{}' where version = 1");
        Assert.That(async () => await change.ExecuteNonQueryAsync(cancellation), Throws.TypeOf<PostgresException>().With.Message.Contains("never changes"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_check_tells_the_rules_in_sentences_and_changes_nothing(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var document = Document(2, """{ "id": "welcome", "bonusPoints": 50 }""");
        var right = await SendAsync(host, HttpMethod.Post, "/v1/loyalty/programme/check", document, cancellation);
        Assert.That((int)right.Body["nextVersion"]!, Is.EqualTo(2));
        Assert.That(right.Body["summary"]!.AsArray().Select(line => (string)line!), Has.One.EqualTo("welcome: 50 points more for the purchase."));
        AssertRefused(
            await SendAsync(host, HttpMethod.Post, "/v1/loyalty/programme/check", Document(2, """{ "id": "a", "bonusPoints": 0 }"""), cancellation),
            HttpStatusCode.BadRequest, "/rules/0/bonusPoints");
        Assert.That((await GetAsync(host, "/v1/loyalty/programme/versions", cancellation)).AsArray(), Has.Count.EqualTo(1));
    }

    [Test]
    [CancelAfter(90_000)]
    public async Task Every_instance_knows_a_version_before_it_is_in_force_and_after_a_restart(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var from = TestHost.Start.AddHours(1);
        await using (var one = await StartAsync(cancellation, database))
        await using (var other = await StartAsync(cancellation, database))
        {
            var document = Document(2, """{ "id": "welcome", "bonusPoints": 50 }""");
            var both = await Task.WhenAll(PutAsync(one, 2, document, from, cancellation), PutAsync(other, 2, Document(2), from, cancellation));
            HttpStatusCode[] expected = [HttpStatusCode.Created, HttpStatusCode.Conflict];
            Assert.That(both.Select(put => put.Status), Is.EquivalentTo(expected), "who comes second learns of the first");
            var known = new List<string>();
            foreach (var host in new[] { one, other })
            {
                var book = (ProgrammeBook)host.Services.GetService(typeof(ProgrammeBook))!;
                while (book.Versions.Latest < 2)
                    await Task.Delay(10, cancellation);
                known.Add(book.Stored[1].Document);
            }

            Assert.That(known[0], Is.EqualTo(known[1]));
        }

        await using var later = await StartAsync(cancellation, database);
        Assert.That((int)(await GetAsync(later, $"/v1/loyalty/programme?at={from:yyyy-MM-ddTHH:mm:ssZ}", cancellation))["version"]!, Is.EqualTo(2));
    }

    private static Task<TestHost> StartAsync(CancellationToken cancellation, TestDatabase? database = null) =>
        TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, database);

    private static string Document(int version, string rules = "") =>
        $$"""
        { "version": {{version}}, "zone": "Europe/London", "cutOff": "00:00", "earnRates": [{ "currency": "GBP", "minorPerPoint": 100 }], "expiryMonths": 12,
          "tierCurrency": "GBP", "tierWindowMonths": 12, "tierReviewMonths": 12, "tiers": [{ "name": "member" }], "rules": [{{rules}}] }
        """;

    private static Task PublishAsync(TestHost host, Guid customer, int receipt, DateTimeOffset at, CancellationToken cancellation) => host.PublishAsync(
        Profile, "profile", customer, new PurchaseRecorded
        {
            PurchaseId = LedgerStories.Receipt(receipt).ToString(), Source = "shop", Currency = "GBP", Channel = Channel.Eshop, OccurredAt = at.ToTimestamp(),
            Lines =
            {
                new Line { Product = "BOOT", Kind = LineKind.Sale, Quantity = 1, AmountMinor = 8_000 },
                new Line { Product = "MUG", Kind = LineKind.Sale, Quantity = 1, AmountMinor = 2_000 },
            },
            Products = { new ProductAtTheTime { Product = "BOOT", Category = "women/shoes/boots", Brand = "acme" } },
        }, cancellation);

    private static void AssertRefused((HttpStatusCode Status, JsonNode Body) answer, HttpStatusCode status, string pointer)
    {
        Assert.That(answer.Status, Is.EqualTo(status), answer.Body.ToJsonString());
        Assert.That(answer.Body["errors"]!.AsArray().Select(error => (string)error!["pointer"]!), Does.Contain(pointer), answer.Body.ToJsonString());
    }

    private static Task<(HttpStatusCode Status, JsonNode Body)> PutAsync(
        TestHost host, int version, string document, DateTimeOffset? from, CancellationToken cancellation) => SendAsync(
        host, HttpMethod.Put,
        string.Create(CultureInfo.InvariantCulture, $"/v1/loyalty/programme/versions/{version}")
        + (from is null ? "" : string.Create(CultureInfo.InvariantCulture, $"?effectiveFrom={from:yyyy-MM-ddTHH:mm:ssZ}")),
        document, cancellation);

    private static async Task<(HttpStatusCode Status, JsonNode Body)> SendAsync(
        TestHost host, HttpMethod method, string path, string? body, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative));
        if (body is not null)
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        using var answer = await host.Http.SendAsync(request, cancellation);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation))!);
    }

    private static async Task<JsonNode> GetAsync(TestHost host, string path, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative), cancellation))!;
}
