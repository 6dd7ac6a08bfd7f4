using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Touchpoints that send plain JSON instead of CloudEvents.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class PlainEventTests
{
    private static readonly ApiKey Web = ApiKey.Create();
    private static readonly ApiKey Both = ApiKey.Create();
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(
        CancellationToken.None, null, ("Profile:EventsMax", "50"),
        ("Api:Keys:web:Hash", Web.Hash), ("Api:Keys:web:Scopes:0", "ingest"), ("Api:Keys:web:Sources:0", "/web/hk"),
        ("Api:Keys:both:Hash", Both.Hash), ("Api:Keys:both:Scopes:0", "ingest"), ("Api:Keys:both:Sources:0", "/a"), ("Api:Keys:both:Sources:1", "/b"));

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_plain_event_is_the_same_event_as_the_CloudEvent_of_its_source_and_id(CancellationToken cancellation)
    {
        var purchase = Events.Purchase("plain-1", card: "C-plain");
        using var structured = await Events.PostAsync(host.Http, purchase, cancellation);
        var nested = new JsonObject { ["type"] = "patron.ingest.v1.Purchase", ["id"] = "plain-1", ["source"] = "/pos/hk", ["time"] = "2024-01-10T08:30:00Z" };
        var flat = nested.DeepClone().AsObject();
        nested["data"] = purchase["data"]!.DeepClone();
        foreach (var (name, value) in purchase["data"]!.AsObject())
            flat[name] = value!.DeepClone();
        using var answer = await Behaviours.PlainAsync(host, new JsonArray(nested, flat), cancellation);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(
            (await answer.JsonAsync(cancellation))["events"]!.AsArray().Select(e => (string?)e!["status"]), Is.EqualTo((string[])["repeated", "repeated"]));
    }

    [Test]
    public async Task An_event_without_a_source_is_the_keys(CancellationToken cancellation)
    {
        using var answer = await PostAsAsync(Web, Viewed("keys-1"), cancellation);
        Assert.That((string?)(await answer.JsonAsync(cancellation))["events"]![0]!["source"], Is.EqualTo("/web/hk"));
    }

    [Test]
    public async Task A_key_with_several_sources_must_say_which(CancellationToken cancellation)
    {
        using var answer = await PostAsAsync(Both, Viewed("keys-2"), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(Behaviours.Pointers(await answer.JsonAsync(cancellation)), Is.EqualTo((string[])["/source"]));
    }

    [Test]
    public async Task A_key_may_not_send_for_another_source(CancellationToken cancellation)
    {
        var foreign = Viewed("keys-3");
        foreign["source"] = "/pos/hk";
        using var answer = await PostAsAsync(Web, foreign, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
    }

    [Test]
    public async Task An_event_without_a_time_happened_now_and_a_repeat_an_hour_later_is_still_the_same(CancellationToken cancellation)
    {
        await using var alone = await ProfileHost.StartAsync(cancellation);
        using var first = await Behaviours.PlainAsync(alone, Viewed("now-1"), cancellation);
        await alone.AdvanceToAsync(TestHost.Start.AddHours(1), cancellation);
        using var second = await Behaviours.PlainAsync(alone, Viewed("now-1"), cancellation);

        Assert.That((string?)(await second.JsonAsync(cancellation))["events"]![0]!["status"], Is.EqualTo("repeated"));
        Assert.That((await Behaviours.FactsAsync(alone, cancellation)).Single().Fact.OccurredAt.ToDateTimeOffset(), Is.EqualTo(TestHost.Start));
    }

    [Test]
    public async Task Wrong_fields_are_named_by_their_place_in_the_plain_form(CancellationToken cancellation)
    {
        var flat = Viewed("wrong-1");
        flat["properties"]!["price"] = "cheap";
        var nested = new JsonObject { ["type"] = "patron.ingest.v1.Purchase", ["id"] = 7, ["currency"] = "HKD", ["data"] = new JsonObject { ["receipt"] = 1 } };
        using var answer = await Behaviours.PlainAsync(host, new JsonArray(flat, nested, "text"), cancellation);
        Assert.That(
            Behaviours.Pointers(await answer.JsonAsync(cancellation)),
            Is.SupersetOf((string[])["/0/properties/price", "/1/id", "/1/currency", "/1/data/receipt", "/2"]));
    }

    [Test]
    public async Task More_events_than_a_call_may_carry_are_refused(CancellationToken cancellation)
    {
        using var answer = await Behaviours.PlainAsync(host, Events.Many(51, i => Viewed($"many-{i}")), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
    }

    [Test]
    public async Task A_plain_record_of_the_topic_is_taken_when_it_names_its_source(CancellationToken cancellation)
    {
        await using var alone = await ProfileHost.StartAsync(cancellation);
        var viewed = Viewed("topic-1");
        await IngestTopic.PublishAsync(alone, viewed.ToJsonString(), [("content-type", "application/json")], cancellation);
        var record = (await IngestTopic.QuarantinedAsync(alone, 1, cancellation))[0]!;
        viewed["source"] = "/web/hk";
        await IngestTopic.PublishAsync(alone, viewed.ToJsonString(), [("content-type", "application/json")], cancellation);
        await IngestTopic.FigureAsync(alone, "behaviours", 1, cancellation);
        Assert.That((string?)record["reasons"]![0]!["pointer"], Is.EqualTo("/source"));
    }

    private static JsonObject Viewed(string id) => new()
    {
        ["type"] = "Product Viewed",
        ["id"] = id,
        ["customer"] = new JsonObject { ["anonymousId"] = "d-plain" },
        ["properties"] = new JsonObject { ["product_id"] = "85123A" },
    };

    private async Task<HttpResponseMessage> PostAsAsync(ApiKey key, JsonNode body, CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = host.Http.BaseAddress };
        http.DefaultRequestHeaders.Add("X-Api-Key", key.Text);
        return await Events.PostAsync(http, body.ToJsonString(), Behaviours.Json, cancellation);
    }
}
