using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>What could not be taken is found, corrected and replayed, one or many, and taken once.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class QuarantineTests
{
    private TestHost host = null!;

    [SetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(
        CancellationToken.None, null, ("Profile:Currencies:0", "HKD"), ("Collect:ReplayMax", "5"));

    [TearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task Records_are_found_by_reason_type_day_and_state_in_pages(CancellationToken cancellation)
    {
        await PublishAsync(WrongPurchase("p-1", 0), cancellation);
        await PublishAsync(WrongPurchase("p-2", 1), cancellation);
        await PublishAsync(WrongView("v-1"), cancellation);
        await IngestTopic.QuarantinedAsync(host, 3, cancellation);

        Assert.That(await CountAsync("", cancellation), Is.EqualTo(3));
        Assert.That(await CountAsync("type=Product%20Viewed", cancellation), Is.EqualTo(1));
        Assert.That(await CountAsync("reason=/data/lines/0/quantity", cancellation), Is.EqualTo(1));
        Assert.That(await CountAsync("reason=/data/lines/*/quantity", cancellation), Is.EqualTo(2));
        Assert.That(await CountAsync("day=2024-01-10&state=waiting", cancellation), Is.EqualTo(3));
        Assert.That(await CountAsync("day=2024-01-11", cancellation), Is.Zero);
        Assert.That(await CountAsync("state=replayed", cancellation), Is.Zero);
        var first = (await ListAsync("limit=2", cancellation))[1]!["id"];
        Assert.That(await CountAsync($"limit=2&before={first}", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task A_correction_is_kept_only_when_it_is_right_and_is_what_a_replay_takes(CancellationToken cancellation)
    {
        await PublishAsync(WrongPurchase("p-1", 0), cancellation);
        var id = (string)(await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!["id"]!;
        using var wrong = await CorrectAsync(id, WrongPurchase("p-1", 1), cancellation);
        using var right = await CorrectAsync(id, Events.Purchase("p-1", card: "C-1"), cancellation);
        var corrected = await right.JsonAsync(cancellation);
        using var replayed = await host.Http.PostAsync(new Uri($"/v1/quarantine/{id}/replay", UriKind.Relative), null, cancellation);
        var settled = (await ListAsync("", cancellation))[0]!;

        Assert.That(
            (wrong.StatusCode, right.StatusCode, replayed.StatusCode), Is.EqualTo((HttpStatusCode.BadRequest, HttpStatusCode.OK, HttpStatusCode.Accepted)));
        Assert.That(Behaviours.Pointers(await wrong.JsonAsync(cancellation)), Is.EqualTo((string[])["/data/lines/1/quantity"]));
        Assert.That(((string?)corrected["correctedBy"], (DateTimeOffset?)corrected["correctedAt"]), Is.EqualTo(("test", TestHost.Start)));
        Assert.That(
            ((string?)settled["state"], (string?)settled["settledBy"], (DateTimeOffset?)settled["settledAt"]),
            Is.EqualTo(("replayed", "test", TestHost.Start)));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "purchases", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task Many_are_replayed_by_a_filter_in_bounded_steps_and_those_still_wrong_wait_on(CancellationToken cancellation)
    {
        for (var i = 0; i < 12; i++)
            await PublishAsync(Reviewed($"r-{i}", i % 4 == 0 ? 9 : 5), cancellation);
        await PublishAsync(WrongView("v-1"), cancellation);
        await IngestTopic.QuarantinedAsync(host, 13, cancellation);
        (await Behaviours.RegisterAsync(host, "Review Posted", Behaviours.Review, cancellation)).Dispose();

        var (replayed, wrong, steps) = (0, 0, 0);
        JsonNode? next = null;
        do
        {
            var done = await ReplayAsync(new JsonObject { ["reason"] = "/type", ["after"] = next?.DeepClone() }, cancellation);
            (replayed, wrong, steps) = (replayed + (int)done["replayed"]!, wrong + (int)done["stillWrong"]!, steps + 1);
            next = done["next"];
        }
        while (next is not null);
        var waiting = (await ListAsync("state=waiting", cancellation)).Select(r => (string?)r!["reasons"]![0]!["pointer"]);

        Assert.That((replayed, wrong, steps), Is.EqualTo((9, 3, 3)));
        Assert.That(waiting, Is.EquivalentTo(Enumerable.Repeat("/data/properties/rating", 3).Append("/data/properties/price")));
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(9));
    }

    [Test]
    public async Task A_replay_that_was_cut_off_after_its_event_was_durable_settles_without_taking_it_again(CancellationToken cancellation)
    {
        await PublishAsync(Reviewed("r-1", 5), cancellation);
        await IngestTopic.QuarantinedAsync(host, 1, cancellation);
        (await Behaviours.RegisterAsync(host, "Review Posted", Behaviours.Review, cancellation)).Dispose();
        // What is left of a replay that ended between its two transactions: the event is there, the record still waits.
        using var durable = await Events.PostAsync(host.Http, Reviewed("r-1", 5), cancellation);
        var done = await ReplayAsync([], cancellation);

        Assert.That(durable.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That((int)done["replayed"]!, Is.EqualTo(1));
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(1));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "records in quarantine", cancellation), Is.Zero);
    }

    [Test]
    public async Task Ten_replays_at_once_take_each_record_once(CancellationToken cancellation)
    {
        for (var i = 0; i < 5; i++)
            await PublishAsync(Reviewed($"r-{i}", 5), cancellation);
        await IngestTopic.QuarantinedAsync(host, 5, cancellation);
        (await Behaviours.RegisterAsync(host, "Review Posted", Behaviours.Review, cancellation)).Dispose();
        await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => ReplayAsync([], cancellation)));
        Assert.That(await Behaviours.FactsAsync(host, cancellation), Has.Count.EqualTo(5));
        Assert.That(await CountAsync("state=replayed", cancellation), Is.EqualTo(5));
    }

    [Test]
    public async Task A_conflict_waits_on_with_that_reason(CancellationToken cancellation)
    {
        using var first = await Events.PostAsync(host.Http, Behaviours.Viewed("v-1", "d-1"), cancellation);
        await PublishAsync(Behaviours.Viewed("v-1", "d-2"), cancellation);
        await IngestTopic.QuarantinedAsync(host, 1, cancellation);
        var done = await ReplayAsync(new JsonObject { ["type"] = "Product Viewed" }, cancellation);
        Assert.That(((int)done["replayed"]!, (int)done["stillWrong"]!), Is.EqualTo((0, 1)));
    }

    [Test]
    public async Task A_Segment_message_is_corrected_in_its_own_form(CancellationToken cancellation)
    {
        var message = JsonNode.Parse("""{"messageId": "m-1", "userId": "u-1", "event": "Product Viewed", "properties": {"price": "cheap"}}""")!;
        using var call = await host.Http.PostAsJsonAsync(
            new Uri("/v1/segment/v1/track", UriKind.Relative), With(message, "writeKey", Key()), cancellation);
        var id = (string)(await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!["id"]!;
        var kept = JsonNode.Parse((string)(await Behaviours.GetAsync(host, $"/v1/quarantine/{id}", cancellation))["body"]!);
        Assert.That(JsonNode.DeepEquals(kept, message), Is.True, "the API key is not kept");
        message["properties"]!["price"] = 9.5;
        using var corrected = await CorrectAsync(id, message, cancellation, Behaviours.Json);
        var done = await ReplayAsync([], cancellation);

        Assert.That((call.StatusCode, corrected.StatusCode), Is.EqualTo((HttpStatusCode.OK, HttpStatusCode.OK)));
        Assert.That((int)done["replayed"]!, Is.EqualTo(1));
        Assert.That((await Behaviours.FactsAsync(host, cancellation)).Single().Fact.Properties["price"], Is.EqualTo("9.5"));
    }

    [Test]
    public async Task A_name_that_the_sender_chose_is_not_kept_among_the_reasons(CancellationToken cancellation)
    {
        (await Behaviours.RegisterAsync(host, "Review Posted", Behaviours.Review, cancellation)).Dispose();
        await PublishAsync(Behaviours.Reviewed("r-1", """{"product": "85123A", "rating": 5, "anna@example.com": 1}"""), cancellation);
        var record = (await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!;
        Assert.That((string?)record["reasons"]![0]!["pointer"], Is.EqualTo("/data/properties/*"));
        Assert.That(record.ToJsonString(), Does.Not.Contain("anna"));
    }

    private static JsonObject WrongPurchase(string id, int line)
    {
        var wrong = Events.Purchase(id, card: "C-1");
        wrong["data"]!["lines"]![line]!["quantity"] = 0;
        return wrong;
    }

    private static JsonObject WrongView(string id)
    {
        var wrong = Behaviours.Viewed(id, "d-1");
        wrong["data"]!["properties"]!["price"] = "cheap";
        return wrong;
    }

    private static JsonObject Reviewed(string id, int rating) => Behaviours.Reviewed(id, $$"""{"product": "85123A", "rating": {{rating}}}""");

    private static JsonNode With(JsonNode body, string name, string value)
    {
        var copy = body.DeepClone();
        copy[name] = value;
        return copy;
    }

    private string Key() => host.Http.DefaultRequestHeaders.GetValues("X-Api-Key").Single();

    private Task PublishAsync(JsonNode body, CancellationToken cancellation) => IngestTopic.PublishAsync(host, body.ToJsonString(), cancellation);

    private async Task<JsonArray> ListAsync(string query, CancellationToken cancellation) =>
        (await Behaviours.GetAsync(host, $"/v1/quarantine?{query}", cancellation))["records"]!.AsArray();

    private async Task<int> CountAsync(string query, CancellationToken cancellation) => (await ListAsync(query, cancellation)).Count;

    private async Task<HttpResponseMessage> CorrectAsync(string id, JsonNode body, CancellationToken cancellation, string type = Events.Structured)
    {
        using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, type);
        return await host.Http.PutAsync(new Uri($"/v1/quarantine/{id}", UriKind.Relative), content, cancellation);
    }

    private async Task<JsonNode> ReplayAsync(JsonObject filter, CancellationToken cancellation)
    {
        using var answer = await host.Http.PostAsJsonAsync(new Uri("/v1/quarantine/replay", UriKind.Relative), filter, cancellation);
        return await answer.JsonAsync(cancellation);
    }
}
