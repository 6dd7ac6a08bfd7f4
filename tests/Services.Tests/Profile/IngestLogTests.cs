using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>
/// Touchpoints that publish to the topic are heard like those that call: the same rules, keys and reasons. On the PostgreSQL log, and on a real
/// Kafka where there is one.
/// </summary>
[TestFixture("postgres")]
[TestFixture("kafka")]
[CancelAfter(60_000)]
internal sealed class IngestLogTests(string adapter)
{
    private (string, string)[] log = [];
    private TestDatabase database = null!;
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task FindBrokerAsync()
    {
        if (adapter == "kafka" && await KafkaBroker.BootstrapAsync() is null)
        {
            Assert.That(KafkaBroker.IsRequired, Is.False, KafkaBroker.HowToGet);
            Assert.Ignore(KafkaBroker.HowToGet);
        }
    }

    [SetUp]
    public async Task StartAsync()
    {
        log = adapter == "postgres" ? [] : IngestTopic.OnKafka((await KafkaBroker.BootstrapAsync())!);
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        host = await RestartAsync();
    }

    [TearDown]
    public async Task StopAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task An_event_is_taken_once_whether_it_comes_by_the_log_or_by_HTTP(CancellationToken cancellation)
    {
        var purchase = Events.Purchase("log-1", card: "C-log");
        await IngestTopic.PublishAsync(host, purchase.ToJsonString(), cancellation);
        await IngestTopic.FigureAsync(host, "purchases", 1, cancellation);
        using var answer = await Events.PostAsync(host.Http, purchase, cancellation);
        await IngestTopic.PublishAsync(host, purchase["data"]!.ToJsonString(), BinaryHeaders(purchase), cancellation);
        await IngestTopic.FigureAsync(host, "repeats ignored", 2, cancellation);

        Assert.That((string?)(await answer.JsonAsync(cancellation))["events"]![0]!["status"], Is.EqualTo("repeated"));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "purchases", cancellation), Is.EqualTo(1));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "records in quarantine", cancellation), Is.Zero);
    }

    [Test]
    public async Task What_cannot_be_taken_is_put_aside_with_the_reasons_that_a_caller_would_get(CancellationToken cancellation)
    {
        var wrong = Events.Purchase("wrong-1", phone: "12");
        wrong["data"]!["lines"]![1]!["quantity"] = 0;
        await IngestTopic.PublishAsync(host, wrong.ToJsonString(), cancellation);
        await IngestTopic.PublishAsync(host, Events.Purchase("right-1", card: "C-right").ToJsonString(), cancellation);
        await IngestTopic.FigureAsync(host, "purchases", 1, cancellation);
        var record = (await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!;
        using var called = await Events.PostAsync(host.Http, wrong, cancellation);

        Assert.That((string?)record["state"], Is.EqualTo("waiting"));
        Assert.That(((string?)record["topic"], (int)record["partition"]!, (long)record["offset"]!), Is.EqualTo(("patron.ingest", 3, 0L)));
        Assert.That(record["reasons"]!.ToJsonString(), Is.EqualTo((await called.JsonAsync(cancellation))["errors"]!.ToJsonString()));
    }

    [Test]
    public async Task A_conflicting_event_is_put_aside_and_the_others_go_on(CancellationToken cancellation)
    {
        using var first = await Events.PostAsync(host.Http, Events.Purchase("c-1", card: "C-1"), cancellation);
        await IngestTopic.PublishAsync(host, Events.Purchase("c-1", card: "C-2").ToJsonString(), cancellation);
        var record = (await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!;
        Assert.That((string?)record["reasons"]![0]!["pointer"], Is.EqualTo("/id"));
        Assert.That((string?)record["reasons"]![0]!["detail"], Does.StartWith("An event of this source and id was taken before"));
    }

    [Test]
    public async Task A_record_without_a_known_content_type_says_what_to_send(CancellationToken cancellation)
    {
        await IngestTopic.PublishAsync(host, "{}", [("content-type", "text/plain")], cancellation);
        var record = (await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!;
        Assert.That((string?)record["reasons"]![0]!["pointer"], Is.EqualTo("content-type"));
    }

    [Test]
    public async Task A_corrected_record_is_taken_in_place_of_the_wrong_one(CancellationToken cancellation)
    {
        var purchase = Events.Purchase("fix-1", card: "C-fix");
        purchase["data"]!["currency"] = "GBP";
        await IngestTopic.PublishAsync(host, purchase.ToJsonString(), cancellation);
        var id = (string)(await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!["id"]!;

        using var seen = await host.Http.GetAsync(new Uri($"/v1/quarantine/{id}", UriKind.Relative), cancellation);
        var corrected = JsonNode.Parse((string)(await seen.JsonAsync(cancellation))["body"]!)!;
        using var asItIs = await ReplayAsync(id, null, cancellation);
        corrected["data"]!["currency"] = "HKD";
        using var replayed = await ReplayAsync(id, corrected, cancellation);
        using var again = await ReplayAsync(id, corrected, cancellation);

        Assert.That(asItIs.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((string?)(await asItIs.JsonAsync(cancellation))["errors"]![0]!["pointer"], Is.EqualTo("/data/currency"));
        Assert.That(replayed.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That((string?)(await again.JsonAsync(cancellation))["state"], Is.EqualTo("replayed"));
        Assert.That(await IngestTopic.ReadFigureAsync(host, "purchases", cancellation), Is.EqualTo(1));
        Assert.That((string?)(await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!["state"], Is.EqualTo("replayed"));
    }

    [Test]
    public async Task After_thirty_days_nobody_can_read_a_quarantined_body(CancellationToken cancellation)
    {
        await IngestTopic.PublishAsync(host, "not JSON", cancellation);
        var id = (string)(await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!["id"]!;
        await host.AdvanceToAsync(TestHost.Start.AddDays(31), cancellation);
        while ((string?)(await IngestTopic.QuarantinedAsync(host, 1, cancellation))[0]!["state"] != "expired")
            await Task.Delay(10, cancellation);
        using var seen = await host.Http.GetAsync(new Uri($"/v1/quarantine/{id}", UriKind.Relative), cancellation);
        Assert.That(seen.StatusCode, Is.EqualTo(HttpStatusCode.Gone));
    }

    [Test]
    public async Task After_a_restart_reading_goes_on_where_it_was(CancellationToken cancellation)
    {
        await IngestTopic.PublishAsync(host, "not JSON", cancellation);
        await IngestTopic.QuarantinedAsync(host, 1, cancellation);
        await host.DisposeAsync();
        host = await RestartAsync();
        await IngestTopic.PublishAsync(host, Events.Purchase("after", card: "C-after").ToJsonString(), cancellation);
        await IngestTopic.FigureAsync(host, "purchases", 1, cancellation);
        Assert.That(await IngestTopic.QuarantinedAsync(host, 1, cancellation), Has.Count.EqualTo(1));
    }

    private Task<TestHost> RestartAsync() => ProfileHost.StartAsync(
        CancellationToken.None, database, [("Profile:Currencies:0", "HKD"), .. log]);

    private static IEnumerable<(string Name, string Value)> BinaryHeaders(JsonObject purchase) =>
        new[] { "specversion", "type", "source", "id", "time" }.Select(n => ($"ce_{n}", (string)purchase[n]!)).Append(("content-type", "application/json"));

    private async Task<HttpResponseMessage> ReplayAsync(string id, JsonNode? corrected, CancellationToken cancellation)
    {
        using var content = corrected is null ? null : new StringContent(corrected.ToJsonString(), Encoding.UTF8, Events.Structured);
        return await host.Http.PostAsync(new Uri($"/v1/quarantine/{id}/replay", UriKind.Relative), content, cancellation);
    }
}
