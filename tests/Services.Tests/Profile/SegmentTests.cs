using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>The calls of Segment's tracking API, one by one.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class SegmentTests
{
    private static readonly ApiKey WriteKey = ApiKey.Create();
    private static readonly ApiKey Reader = ApiKey.Create();
    private TestHost host = null!;

    [SetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(
        CancellationToken.None, null, ("Profile:Currencies:0", "HKD"), ("Api:Keys:test:Scopes:6", "personal"),
        ("Api:Keys:web:Hash", WriteKey.Hash), ("Api:Keys:web:Scopes:0", "ingest"), ("Api:Keys:web:Sources:0", "/web/hk"),
        ("Api:Keys:reader:Hash", Reader.Hash), ("Api:Keys:reader:Scopes:0", "read"));

    [TearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_wrong_clock_of_the_sender_is_set_right(CancellationToken cancellation)
    {
        // The device is a year slow, and sent the event ten minutes after it happened.
        var track = Track("m-1", new JsonObject { ["product_id"] = "1" });
        track["timestamp"] = "2023-01-10T08:00:00.000Z";
        track["sentAt"] = "2023-01-10T08:10:00.000Z";
        await AcceptedAsync("track", track, cancellation);
        var fact = (await Behaviours.FactsAsync(host, cancellation)).Single().Fact;
        Assert.That(fact.OccurredAt.ToDateTimeOffset(), Is.EqualTo(TestHost.Start.AddMinutes(-10)));
    }

    [Test]
    public async Task The_same_message_sent_later_and_in_another_batch_is_a_repeat(CancellationToken cancellation)
    {
        var track = Track("m-1", new JsonObject { ["product_id"] = "1" });
        track["timestamp"] = "2024-01-10T08:00:00.000Z";
        foreach (var sent in (string[])["2024-01-10T08:10:00.000Z", "2024-01-10T08:10:07.123Z"])
            await AcceptedAsync("batch", new JsonObject { ["batch"] = new JsonArray(track.DeepClone()), ["sentAt"] = sent }, cancellation);
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(1));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "repeats ignored", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task A_message_without_an_id_is_recognised_by_its_content(CancellationToken cancellation)
    {
        var track = Track(null, new JsonObject { ["product_id"] = "1" });
        var other = Track(null, new JsonObject { ["product_id"] = "2" });
        await AcceptedAsync("batch", new JsonObject { ["batch"] = new JsonArray(track, other) }, cancellation);
        await AcceptedAsync("batch", new JsonObject { ["batch"] = new JsonArray(track.DeepClone(), other.DeepClone()) }, cancellation);
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task Traits_that_are_attributes_are_kept_in_their_one_spelling(CancellationToken cancellation)
    {
        var traits = Parsed(
            """
            {"traits": {"email": "anna@example.com", "birthday": "2001-05-31T00:00:00.000Z", "gender": "F", "shoeSize": 38, "favourite": "tea",
              "address": {"city": "香港", "state": "九龍", "postalCode": "999077"}}}
            """);
        await AcceptedAsync("identify", Message("identify", "m-1", traits), cancellation);
        await host.DrainAsync(cancellation);
        using var found = await Identity.PostAsync(host, "/v1/customers/lookup", new JsonObject { ["email"] = "anna@example.com" }, cancellation);
        var customer = (Guid)(await found.JsonAsync(cancellation))["customer"]!;
        var shown = JsonNode.Parse(await host.Http.GetStringAsync(new Uri($"/v1/customers/{customer}/attributes", UriKind.Relative), cancellation))!;

        var told = shown["attributes"]!.AsArray().Select(a => $"{a!["key"]}={a["value"]}").Where(a => !a.StartsWith("email", StringComparison.Ordinal));
        Assert.That(told, Is.EquivalentTo((string[])
            ["birth_date=2001-05-31", "gender=female", "shoe_size=38", "city=香港", "region=九龍", "postal_code=999077"]));
    }

    [TestCase("page", "Page Viewed", "name", "Home")]
    [TestCase("screen", "Screen Viewed", "name", "Home")]
    [TestCase("group", "Group Joined", "groupId", "g-1")]
    public async Task Each_call_by_itself_is_the_behaviour_of_its_name(string call, string type, string field, string value)
    {
        await AcceptedAsync(call, Message(call, "m-1", new JsonObject { [field] = value }), CancellationToken.None);
        var fact = (await Behaviours.FactsAsync(host, CancellationToken.None)).Single().Fact;
        Assert.That((fact.Type, fact.SchemaVersion, fact.Source), Is.EqualTo((type, 1, "/web/hk")));
    }

    [Test]
    public async Task Identify_and_alias_by_themselves_name_one_customer(CancellationToken cancellation)
    {
        var traits = new JsonObject { ["traits"] = new JsonObject { ["email"] = "anna@example.com" } };
        await AcceptedAsync("identify", Message("identify", "m-1", traits), cancellation);
        await AcceptedAsync("alias", Message("alias", "m-2", new JsonObject { ["userId"] = "u-2", ["previousId"] = "u-1" }), cancellation);
        await AcceptedAsync("track", Track("m-3", [], "Cart Viewed"), cancellation);
        var second = Track("m-4", [], "Cart Viewed");
        second["userId"] = "u-2";
        await AcceptedAsync("track", second, cancellation);
        Assert.That((await Behaviours.FactsAsync(host, cancellation)).Select(f => f.Customer).Distinct().ToList(), Has.Count.EqualTo(1));
    }

    [TestCase("gzip")]
    [TestCase("write key in the body")]
    [TestCase("bearer")]
    public async Task A_call_may_be_packed_and_name_its_key_in_each_of_Segments_ways(string way)
    {
        var track = Track("m-1", new JsonObject { ["product_id"] = "1" });
        if (way == "write key in the body")
            track["writeKey"] = WriteKey.Text;
        using var request = Request("track", track, way switch
        {
            "bearer" => new AuthenticationHeaderValue("Bearer", WriteKey.Text),
            "gzip" => Basic(WriteKey.Text),
            _ => null,
        }, packed: way == "gzip");
        using var http = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var answer = await http.SendAsync(request);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await Behaviours.FactsAsync(host, CancellationToken.None), Has.Count.EqualTo(1));
    }

    [TestCase("no key", ExpectedResult = HttpStatusCode.Unauthorized)]
    [TestCase("wrong key", ExpectedResult = HttpStatusCode.Unauthorized)]
    [TestCase("wrong scope", ExpectedResult = HttpStatusCode.Forbidden)]
    [TestCase("unknown call", ExpectedResult = HttpStatusCode.NotFound)]
    [TestCase("too large", ExpectedResult = HttpStatusCode.BadRequest)]
    [TestCase("too large once unpacked", ExpectedResult = HttpStatusCode.BadRequest)]
    [TestCase("no JSON", ExpectedResult = HttpStatusCode.BadRequest)]
    [TestCase("no batch", ExpectedResult = HttpStatusCode.BadRequest)]
    public async Task<HttpStatusCode> What_cannot_be_a_call_is_refused(string what)
    {
        var large = new JsonObject { ["batch"] = new JsonArray(new string(' ', 520_000)) };
        using var request = Request(
            what switch { "unknown call" => "import", "no batch" => "batch", _ => "track" },
            what.StartsWith("too large", StringComparison.Ordinal) ? large : Track("m-1", []),
            what switch { "no key" => null, "wrong key" => Basic("patron_none"), "wrong scope" => Basic(Reader.Text), _ => Basic(WriteKey.Text) },
            packed: what == "too large once unpacked");
        if (what == "no JSON")
            request.Content = new StringContent("{", Encoding.UTF8, "application/json");
        using var http = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var answer = await http.SendAsync(request);
        Assert.That(answer.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
        return answer.StatusCode;
    }

    [Test]
    public async Task Wrong_messages_of_a_batch_are_put_aside_once_with_their_own_fields_and_the_others_are_taken(CancellationToken cancellation)
    {
        var batch = new JsonObject
        {
            ["batch"] = new JsonArray(
                Track("right", new JsonObject { ["product_id"] = "1" }),
                Track("price", new JsonObject { ["price"] = "cheap" }),
                Message(
                    "identify", "address", Parsed("""{"traits": {"email": "anna@", "birthday": "May", "address": {"country": "Narnia"}}}""")),
                Track("order", Parsed("""{"order_id": "o", "products": [{"sku": "1", "price": -1}]}"""), "Order Completed"),
                Message("track", "nobody", new JsonObject { ["event"] = "Product Viewed", ["userId"] = null }),
                Message("alias", "nameless", []), Message("fly", "type", []), "text"),
        };
        await AcceptedAsync("batch", batch, cancellation);
        await AcceptedAsync("batch", batch.DeepClone(), cancellation);

        var reasons = (await IngestTopic.QuarantinedAsync(host, 7, cancellation)).Reverse()
            .Select(r => string.Join(' ', r!["reasons"]!.AsArray().Select(e => (string?)e!["pointer"])));
        Assert.That(reasons, Is.EquivalentTo((string[])
        [
            "/properties/price", "/traits/email /traits/address/country /traits/birthday", "/properties/products/0/price", "/userId", "/previousId", "/type",
            "",
        ]));
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task A_message_that_is_too_large_does_not_hinder_its_batch(CancellationToken cancellation)
    {
        var large = Track("large", new JsonObject { ["name"] = new string('x', 33_000) });
        await AcceptedAsync("batch", new JsonObject { ["batch"] = new JsonArray(large, Track("small", [])) }, cancellation);
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(1));
        Assert.That(await IngestTopic.QuarantinedAsync(host, 1, cancellation), Has.Count.EqualTo(1));
    }

    private static JsonObject Track(string? id, JsonObject properties, string name = "Product Viewed") =>
        Message("track", id, new JsonObject { ["event"] = name, ["properties"] = properties });

    private static JsonObject Message(string type, string? id, JsonObject more)
    {
        var message = new JsonObject { ["type"] = type, ["userId"] = "u-1" };
        if (id is not null)
            message["messageId"] = id;
        foreach (var (name, value) in more)
            message[name] = value?.DeepClone();
        return message;
    }

    private static JsonObject Parsed(string json) => JsonNode.Parse(json)!.AsObject();

    private static AuthenticationHeaderValue Basic(string key) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{key}:")));

    private static HttpRequestMessage Request(string call, JsonNode body, AuthenticationHeaderValue? key, bool packed = false)
    {
        var bytes = Encoding.UTF8.GetBytes(body.ToJsonString());
        if (packed)
        {
            using var stream = new MemoryStream();
            using (var gzip = new GZipStream(stream, CompressionLevel.Fastest))
                gzip.Write(bytes);
            bytes = stream.ToArray();
        }
        var content = new ByteArrayContent(bytes);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        if (packed)
            content.Headers.ContentEncoding.Add("gzip");
        return new HttpRequestMessage(HttpMethod.Post, $"/v1/segment/v1/{call}") { Content = content, Headers = { Authorization = key } };
    }

    private async Task AcceptedAsync(string call, JsonNode body, CancellationToken cancellation)
    {
        using var request = Request(call, body, Basic(WriteKey.Text));
        using var answer = await host.Http.SendAsync(request, cancellation);
        var text = await answer.Content.ReadAsStringAsync(cancellation);
        Assert.That((answer.StatusCode, text), Is.EqualTo((HttpStatusCode.OK, """{"success":true}""")));
    }
}
