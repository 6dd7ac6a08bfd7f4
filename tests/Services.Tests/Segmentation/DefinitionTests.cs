using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;
using Contract = Patron.Contracts.Segmentation.V1;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Segments that are defined and changed while the service runs.</summary>
[CancelAfter(60_000)]
internal sealed class DefinitionTests
{
    private const string Frequent = """{ "title": "Frequent", "rule": { "kind": "number", "column": "Purchases", "min": 2 } }""";

    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");
    private static readonly Guid Ben = new("0b6f7a52-5f0e-7000-8000-000000000002");
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task Who_is_in_a_new_segment_enters_without_beginning_a_journey_and_who_comes_later_begins_one(CancellationToken cancellation)
    {
        var facts = new FactWriter();
        await using (var host = await StartAsync(cancellation))
        {
            await BuyAsync(facts, host, Anna, Anna, Ben);
            Assert.That((await PutAsync(host, "frequent", Frequent, cancellation)).Status, Is.EqualTo(HttpStatusCode.OK));
            await host.AdvanceToAsync(TestHost.Start.AddMinutes(1), cancellation);
            await BuyAsync(facts, host, Ben);

            Assert.That(await ToldAsync(host, "frequent", cancellation), Is.EquivalentTo(new[] { (Anna, "+", true), (Ben, "+", false) }));
        }

        await using var again = await StartAsync(cancellation);
        await again.DrainAsync(cancellation);
        await again.AdvanceToAsync(TestHost.Start.AddDays(2), cancellation);
        Assert.That(await ToldAsync(again, "frequent", cancellation), Has.Count.EqualTo(2), "A restart knows the segment");
    }

    [Test]
    public async Task A_segment_that_ships_can_be_changed_and_those_who_name_it_change_with_it(CancellationToken cancellation)
    {
        var facts = new FactWriter();
        await using var host = await StartAsync(cancellation);
        await PutAsync(host, "lively", """{ "title": "Lively", "rule": { "kind": "segment", "segment": "active" } }""", cancellation);
        await BuyAsync(facts, host, Anna, Anna, Ben);
        await PutAsync(host, "active", Frequent, cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddMinutes(1), cancellation);

        (Guid, string, bool)[] expected = [(Anna, "+", false), (Ben, "+", false), (Ben, "-", true)];
        Assert.That(await ToldAsync(host, "active", cancellation), Is.EquivalentTo(expected));
        Assert.That(await ToldAsync(host, "lively", cancellation), Is.EquivalentTo(expected));
        Assert.That(await ToldAsync(host, "new", cancellation), Has.Count.EqualTo(2), "What nobody changed stays");
    }

    [Test]
    public async Task The_same_again_changes_nothing_and_what_is_wrong_is_named(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var first = await PutAsync(host, "frequent", Frequent, cancellation);
        var second = await PutAsync(host, "frequent", Frequent, cancellation);
        Assert.That(second.Answer.GetProperty("revision").GetInt64(), Is.EqualTo(first.Answer.GetProperty("revision").GetInt64()).And.EqualTo(1));
        Assert.That(first.Answer.GetProperty("sentence").GetString(), Is.EqualTo("at least 2 purchases"));

        const string around = """{ "title": "x", "rule": { "kind": "not", "clause": { "kind": "segment", "segment": "active" } } }""";
        var refused = await PutAsync(host, "active", around, cancellation);
        Assert.That(refused.Status, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(Faults(refused.Answer), Is.EqualTo(new[] { "/rule/clause/segment" }));
        Assert.That(Faults((await PutAsync(host, "Not_Kebab", """{ "rule": { "kind": "tag" }, "until": 1 }""", cancellation)).Answer),
            Is.EquivalentTo(new[] { "name", "/title", "/rule/tag", "/until" }));
        Assert.That(await host.Http.GetFromJsonAsync<JsonElement>("/v1/segmentation/segments?language=zh-Hant", cancellation) is var all
            && all.EnumerateArray().Last().GetProperty("sentence").GetString() == "購買至少2次", Is.True);
    }

    [Test]
    public async Task A_segment_is_taken_away_unless_another_names_it_and_whoever_was_in_it_leaves_without_beginning_a_journey(CancellationToken cancellation)
    {
        var facts = new FactWriter();
        await using (var host = await StartAsync(cancellation))
        {
            await PutAsync(host, "lively", """{ "title": "Lively", "rule": { "kind": "segment", "segment": "active" } }""", cancellation);
            await BuyAsync(facts, host, Anna);
            using (var refused = await DeleteAsync(host, "active", cancellation))
            {
                Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
                Assert.That(await refused.Content.ReadAsStringAsync(cancellation), Does.Contain("The rules of these segments name active: lively."));
            }

            foreach (var name in new[] { "lively", "active", "lively" })
            {
                using var answer = await DeleteAsync(host, name, cancellation);
                Assert.That(answer.StatusCode, Is.AnyOf(HttpStatusCode.NoContent, HttpStatusCode.NotFound), name);
            }

            await host.AdvanceToAsync(TestHost.Start.AddMinutes(1), cancellation);
            Assert.That(await ToldAsync(host, "active", cancellation), Is.EqualTo(new[] { (Anna, "+", false), (Anna, "-", true) }));
        }

        await using var again = await StartAsync(cancellation);
        await BuyAsync(facts, again, Anna);
        Assert.That(await ToldAsync(again, "active", cancellation), Has.Count.EqualTo(2), "A restart knows that it is gone");
        await PutAsync(again, "active", Frequent, cancellation);
        await again.AdvanceToAsync(TestHost.Start.AddMinutes(2), cancellation);
        Assert.That(await ToldAsync(again, "active", cancellation), Has.Count.EqualTo(3), "Putting it brings it back");
    }

    [Test]
    public async Task A_ready_made_segment_is_counted_and_explained_and_once_it_is_put_customers_enter_it(CancellationToken cancellation)
    {
        var facts = new FactWriter();
        await using var host = await StartAsync(cancellation);
        await BuyAsync(facts, host, Anna, Anna, Ben);
        var all = (await host.Http.GetFromJsonAsync<JsonElement>("/v1/segmentation/segments?counted=true", cancellation)).EnumerateArray()
            .ToDictionary(segment => segment.GetProperty("name").GetString()!);
        Assert.That(all, Has.Count.InRange(60, 200));
        Assert.That(all["ecommerce-middle-price"].GetProperty("size").GetInt64(), Is.Zero);
        Assert.That(all["ecommerce-entry-price"].GetProperty("size").GetInt64(), Is.EqualTo(1));
        Assert.That(all["ecommerce-entry-price"].GetProperty("live").GetBoolean(), Is.False);
        var why = await host.Http.GetFromJsonAsync<JsonElement>($"/v1/segmentation/customers/{Anna}?segment=ecommerce-entry-price", cancellation);
        Assert.That(why.GetProperty("segments")[0].GetProperty("why").GetProperty("holds").GetBoolean(), Is.True);
        Assert.That(await ToldAsync(host, "ecommerce-entry-price", cancellation), Is.Empty);

        var rule = all["ecommerce-entry-price"].GetProperty("rule").GetRawText();
        Assert.That((await PutAsync(host, "ecommerce-entry-price", $$"""{ "title": "Small baskets", "rule": {{rule}} }""", cancellation)).Status,
            Is.EqualTo(HttpStatusCode.OK));
        await host.AdvanceToAsync(TestHost.Start.AddMinutes(1), cancellation);
        Assert.That(await ToldAsync(host, "ecommerce-entry-price", cancellation), Is.EqualTo(new[] { (Anna, "+", true) }));
    }

    private static Task<HttpResponseMessage> DeleteAsync(TestHost host, string name, CancellationToken cancellation) =>
        host.Http.DeleteAsync(new Uri($"/v1/segmentation/segments/{name}", UriKind.Relative), cancellation);

    private static string[] Faults(JsonElement answer) =>
        [.. answer.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()!)];

    private static async Task BuyAsync(FactWriter facts, TestHost host, params Guid[] customers)
    {
        foreach (var customer in customers)
            await facts.WriteAsync(host, Topics.Profile, customer, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00)));
        await host.DrainAsync(CancellationToken.None);
    }

    private static async Task<(HttpStatusCode Status, JsonElement Answer)> PutAsync(
        TestHost host, string name, string document, CancellationToken cancellation)
    {
        using var body = new StringContent(document, Encoding.UTF8, "application/json");
        using var answer = await host.Http.PutAsync(new Uri($"/v1/segmentation/segments/{name}", UriKind.Relative), body, cancellation);
        return (answer.StatusCode, await answer.Content.ReadFromJsonAsync<JsonElement>(cancellation));
    }

    /// <summary>Who entered and left a segment, and whether that begins no journey.</summary>
    private static async Task<List<(Guid Customer, string What, bool Backfill)>> ToldAsync(TestHost host, string segment, CancellationToken cancellation)
    {
        var told = new List<(Guid, string, bool)>();
        foreach (var read in await host.ReadTopicAsync(new Topic(Topics.Segmentation), cancellation))
        {
            var (record, envelope) = (read.Record, read.Envelope);
            var enters = envelope.Type == Contract.SegmentEntered.Descriptor.FullName;
            var value = record.Value!.Value.Span;
            if ((enters ? Contract.SegmentEntered.Parser.ParseFrom(value).Segment : Contract.SegmentLeft.Parser.ParseFrom(value).Segment) == segment)
                told.Add((Guid.ParseExact(record.Key!, "D"), enters ? "+" : "-", envelope.Backfill));
        }

        return told;
    }

    private Task<TestHost> StartAsync(CancellationToken cancellation) => TestHost.StartAsync(
        builder => builder.AddSegmentation(), app => app.MapSegmentation(), cancellation, database);
}
