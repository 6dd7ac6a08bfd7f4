using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class TakingEventsTests
{
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(CancellationToken.None, null, ("Profile:Currencies:0", "HKD"));

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_purchase_registers_its_customer_and_is_published(CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Events.Purchase("publish-1", card: "C-publish"), cancellation);
        var body = await answer.JsonAsync(cancellation);
        await host.DrainAsync(cancellation);
        var customer = (string)body["events"]![0]!["customer"]!;
        var records = (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation)).Where(r => r.Record.Key == customer).ToList();

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That((string?)body["events"]![0]!["status"], Is.EqualTo("accepted"));
        Assert.That(records.Select(r => r.Envelope.Type), Is.EqualTo((string[])["patron.profile.v1.CustomerRegistered", "patron.profile.v1.PurchaseRecorded"]));
        var fact = Facts.PurchaseRecorded.Parser.ParseFrom(records[1].Record.Value!.Value.Span);
        Assert.That((fact.Anonymous, fact.Receipt, fact.Currency, fact.Lines.Count, fact.Lines[0].AmountMinor), Is.EqualTo((false, "R-1", "HKD", 2, 1530L)));
    }

    [Test]
    public async Task A_return_names_the_purchase_that_it_takes_back_by_its_event_or_by_its_receipt(CancellationToken cancellation)
    {
        await Identity.AcceptAsync(host, Events.Purchase("bought-1", card: "C-back"), cancellation);
        await ReturnAsync("back-1", new JsonObject { ["id"] = "bought-1" });
        var customer = await ReturnAsync("back-2", new JsonObject { ["receipt"] = "R-1", ["source"] = "/pos/tw" });
        var facts = Identity.Of<Facts.PurchaseRecorded>(await Identity.FactsAsync(host, customer, cancellation)).ToList();

        Assert.That(facts[1].ReturnedPurchaseId, Is.EqualTo(facts[0].PurchaseId).And.Not.Empty);
        Assert.That((facts[2].ReturnedPurchaseId, facts[2].ReturnedSource, facts[2].ReturnedReceipt), Is.EqualTo(("", "/pos/tw", "R-1")));

        Task<Guid> ReturnAsync(string id, JsonObject returned)
        {
            var back = Events.Purchase(id, card: "C-back");
            back["data"]!["lines"] = new JsonArray(Events.ReturnLine(1, -255));
            back["data"]!["returnsOf"] = returned;
            return Identity.AcceptAsync(host, back, cancellation);
        }
    }

    [Test]
    public async Task A_batch_is_answered_event_by_event_and_a_repeat_of_it_changes_nothing(CancellationToken cancellation)
    {
        var batch = Events.Many(200, i => Events.Purchase($"batch-{i}", card: $"C-batch-{i % 20}"));
        using var first = await Events.PostAsync(host.Http, batch, cancellation);
        using var second = await Events.PostAsync(host.Http, batch, cancellation);

        var accepted = (await first.JsonAsync(cancellation))["events"]!.AsArray();
        var repeated = (await second.JsonAsync(cancellation))["events"]!.AsArray();
        Assert.That(accepted.Select(e => (string?)e!["status"]), Is.All.EqualTo("accepted"));
        Assert.That(repeated.Select(e => (string?)e!["status"]), Is.All.EqualTo("repeated"));
        Assert.That(accepted.Select(e => (string?)e!["customer"]).Distinct().Count(), Is.EqualTo(20));
        Assert.That(repeated.Select(e => (string?)e!["customer"]), Is.EqualTo(accepted.Select(e => (string?)e!["customer"])));
    }

    [Test]
    public async Task The_same_event_twice_in_one_call_is_taken_once(CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(
            host.Http, new JsonArray(Events.Purchase("twice", card: "C-twice"), Events.Purchase("twice", card: "C-twice")), cancellation);
        var events = (await answer.JsonAsync(cancellation))["events"]!.AsArray();
        Assert.That(events.Select(e => (string?)e!["status"]), Is.EqualTo((string[])["accepted", "repeated"]));
    }

    [Test]
    public async Task A_known_id_that_tells_something_else_is_a_conflict_and_nothing_of_the_call_is_applied(CancellationToken cancellation)
    {
        using var first = await Events.PostAsync(host.Http, Events.Purchase("conflict-1", card: "C-conflict"), cancellation);
        var changed = Events.Purchase("conflict-1", card: "C-conflict");
        changed["data"]!["receipt"] = "R-2";
        using var second = await Events.PostAsync(host.Http, new JsonArray(Events.Purchase("conflict-2", card: "C-conflict-2"), changed), cancellation);
        var problem = await second.JsonAsync(cancellation);

        Assert.That(second.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(problem["errors"]!.AsArray().Select(e => (string?)e!["pointer"]), Is.EqualTo((string[])["/1/id"]));
        Assert.That(await StatusOfAsync("C-conflict-2", cancellation), Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task One_wrong_event_stops_the_whole_call(CancellationToken cancellation)
    {
        var wrong = Events.Purchase("half-2", card: "C-half-2");
        wrong["data"]!["lines"]![0]!["quantity"] = 0;
        using var answer = await Events.PostAsync(host.Http, new JsonArray(Events.Purchase("half-1", card: "C-half-1"), wrong), cancellation);
        var problem = await answer.JsonAsync(cancellation);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(answer.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
        Assert.That((string?)problem["errors"]![0]!["pointer"], Is.EqualTo("/1/data/lines/0/quantity"));
        Assert.That(await StatusOfAsync("C-half-1", cancellation), Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task An_anonymous_purchase_creates_no_profile(CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Events.Purchase("anonymous-1"), cancellation);
        var taken = (await answer.JsonAsync(cancellation))["events"]![0]!;
        await host.DrainAsync(cancellation);
        var facts = (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation))
            .Where(r => r.Envelope.Type == "patron.profile.v1.PurchaseRecorded")
            .Select(r => (r.Record.Key, Fact: Facts.PurchaseRecorded.Parser.ParseFrom(r.Record.Value!.Value.Span)))
            .Where(f => f.Fact.Anonymous).ToList();

        Assert.That((string?)taken["status"], Is.EqualTo("accepted"));
        Assert.That(taken["customer"], Is.Null);
        Assert.That(facts.Select(f => f.Key), Is.EqualTo(facts.Select(f => f.Fact.PurchaseId)).And.Not.Empty);
    }

    [Test]
    public async Task An_event_in_binary_mode_is_the_same_event_as_in_structured_mode(CancellationToken cancellation)
    {
        var purchase = Events.Purchase("binary 1", card: "C-binary");
        using var structured = await Events.PostAsync(host.Http, purchase, cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events");
        request.Content = new StringContent(purchase["data"]!.ToJsonString(), Encoding.UTF8, "application/json");
        foreach (var name in (string[])["specversion", "type", "source", "time"])
            request.Headers.Add($"ce-{name}", (string)purchase[name]!);
        request.Headers.Add("ce-id", "binary%201");
        using var binary = await host.Http.SendAsync(request, cancellation);

        Assert.That(binary.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That((string?)(await binary.JsonAsync(cancellation))["events"]![0]!["status"], Is.EqualTo("repeated"));
    }

    [Test]
    public async Task A_caller_without_a_key_is_not_heard(CancellationToken cancellation)
    {
        using var http = new HttpClient { BaseAddress = host.Http.BaseAddress };
        using var answer = await Events.PostAsync(http, Events.Purchase("nobody"), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Unauthorized));
    }

    [Test]
    public async Task Fifty_calls_that_meet_somebody_at_the_same_moment_make_one_customer(CancellationToken cancellation)
    {
        var calls = Enumerable.Range(0, 50).Select(i => Events.PostAsync(
            host.Http, Events.Purchase($"parallel-{i}", card: "C-parallel", email: i % 2 == 0 ? "parallel@example.com" : null), cancellation));
        var customers = new HashSet<string>();
        foreach (var answer in await Task.WhenAll(calls))
        {
            customers.Add((string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!);
            answer.Dispose();
        }
        Assert.That(customers, Has.Count.EqualTo(1));
    }

    [Test]
    public async Task The_timeline_tells_what_happened_and_why_and_names_nobody(CancellationToken cancellation)
    {
        var back = Events.Purchase("story-2", card: "C-story");
        back["data"]!["lines"] = new JsonArray(Events.ReturnLine(2, -510));
        var batch = new JsonArray(Events.Purchase("story-1", card: "C-story"), back, Events.Update("story-3", card: "C-story", email: "story@example.com"));
        using var answer = await Events.PostAsync(host.Http, batch, cancellation);
        var customer = (string)(await answer.JsonAsync(cancellation))["events"]![0]!["customer"]!;
        using var told = await host.Http.GetAsync(new Uri($"/v1/profile/customers/{customer}/timeline", UriKind.Relative), cancellation);
        var story = await told.JsonAsync(cancellation);

        Assert.That(story.AsArray().Select(e => (string?)e!["what"]), Is.EqualTo((string[])
        [
            "Became known", "Is known by loyalty card", "Bought in a shop for 19.30 HKD", "Gave back in a shop for 5.10 HKD",
            "Is known by e-mail address", "Changed email",
        ]));
        Assert.That((string?)story[2]!["why"], Is.EqualTo("Receipt R-1 of /pos/hk; lines: 1 sale, 1 fee."));
        Assert.That(story.ToJsonString(), Does.Not.Contain("story@").And.Not.Contain("C-STORY"));
    }

    [Test]
    public async Task Figures_count_customers_purchases_and_lines_by_kind_once(CancellationToken cancellation)
    {
        await using var alone = await ProfileHost.StartAsync(cancellation);
        var batch = Events.Many(30, i => Events.Purchase($"f-{i}", card: i % 3 == 0 ? null : $"C-{i % 3}"));
        batch[0]!["data"]!["lines"]!.AsArray().Add((JsonNode)Events.ReturnLine(1, -5));
        for (var times = 0; times < 2; times++)
            (await Events.PostAsync(alone.Http, batch, cancellation)).Dispose();

        string[] names =
        [
            "customers", "purchases", "anonymous purchases", "purchases with returns", "sale lines", "return lines", "fee lines", "repeats ignored",
        ];
        var values = new List<long>();
        foreach (var name in names)
            values.Add(await IngestTopic.ReadFigureAsync(alone, name, cancellation));
        Assert.That(values, Is.EqualTo((long[])[2, 20, 10, 1, 30, 1, 30, 30]));
    }

    private async Task<HttpStatusCode> StatusOfAsync(string card, CancellationToken cancellation)
    {
        using var content = new StringContent($$"""{"card":"{{card}}"}""", Encoding.UTF8, "application/json");
        using var answer = await host.Http.PostAsync(new Uri("/v1/customers/lookup", UriKind.Relative), content, cancellation);
        return answer.StatusCode;
    }
}
