using System.Net;
using System.Text.Json;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Runtime.EventLog;
using Patron.Testing;
using static Patron.Services.Tests.Tagging.TaggedHost;

namespace Patron.Services.Tests.Tagging;

/// <summary>Tags that segments give: one engine and one language of rules for both.</summary>
[CancelAfter(60_000)]
internal sealed class RuleTagTests
{
    private const string Spender = """
        { "title": "Spenders", "rule": { "kind": "number", "column": "Spend", "min": 50000 }, "tag": "consumption/spending/high" }
        """;

    [Test]
    public async Task Purchases_and_tiers_become_tags_that_name_the_fact_and_the_rule(CancellationToken cancellation)
    {
        var facts = new FactWriter();
        await using var host = await StartAsync(cancellation);
        await BuyAsync(facts, host, Anna, Channel.Pos, 20_00);
        await host.DrainAsync(cancellation);
        await BuyAsync(facts, host, Anna, Channel.Eshop, 600_00);
        await facts.WriteAsync(host, Topics.Loyalty, Anna, new TierChanged { From = "member", To = "gold", Reason = "600 points in a year" });
        await host.DrainAsync(cancellation);

        Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[]
        {
            "consumption/basket/big", "consumption/channel/multi-channel", "consumption/frequency/repeat", "loyalty/tier/gold",
        }));
        var repeat = await host.AssignmentAsync(Anna, "consumption/frequency/repeat");
        Assert.That(
            (Text(repeat, "giver"), Text(repeat, "by"), Text(repeat, "given"), Text(repeat, "reason"), Text(repeat.GetProperty("cause"), "topic")),
            Is.EqualTo(("Rule", "repeat-buyer", "given by the rule repeat-buyer", "2 purchases", Topics.Segmentation)));
        var cause = repeat.GetProperty("cause");
        var entered = (await host.ReadTopicAsync(new Topic(Topics.Segmentation), cancellation)).Single(fact =>
            fact.Envelope.Id == Text(cause, "id") && fact.Envelope.Position == cause.GetProperty("position").GetInt64());
        Assert.That(Contracts.Segmentation.V1.SegmentEntered.Parser.ParseFrom(entered.Record.Value!.Value.Span).Segment, Is.EqualTo("repeat-buyer"));
        Assert.That((await host.TimelineAsync(Anna)).Select(line => (line.What, line.Why)), Does.Contain((
            "Tag consumption/frequency/first-time removed", "the rule first-time-buyer no longer holds: 2 purchases")));
        var tier = await host.AssignmentAsync(Anna, "loyalty/tier/gold");
        Assert.That((Text(tier, "giver"), Text(tier, "reason")), Is.EqualTo(("Tier", "the loyalty tier is gold: 600 points in a year")));
    }

    [Test]
    public async Task A_segment_with_a_tag_gives_it_now_and_later_and_takes_it_when_its_rule_no_longer_holds(CancellationToken cancellation)
    {
        var facts = new FactWriter();
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using (var host = await StartAsync(cancellation, database))
        {
            await BuyAsync(facts, host, Anna, Channel.Pos, 500_00);
            await host.DrainAsync(cancellation);
            var put = await host.SegmentAsync("spenders", Spender);
            put.MustBe(HttpStatusCode.OK);
            Assert.That(Text(put.Answer, "tag"), Is.EqualTo("consumption/spending/high"));
            await host.AdvanceToAsync(TestHost.Start.AddMinutes(1), cancellation);
            await BuyAsync(facts, host, Ben, Channel.Pos, 700_00);
            await host.DrainAsync(cancellation);

            Assert.That(await host.TagIdsAsync(Ben), Does.Contain("consumption/spending/high"));
            var given = await host.AssignmentAsync(Anna, "consumption/spending/high");
            Assert.That((Text(given, "by"), given.GetProperty("version").GetInt32()), Is.EqualTo(("spenders", 1)));
            var told = (await host.ReadTopicAsync(new Topic(Topics.Tagging), cancellation))
                .Where(fact => Contracts.Tagging.V1.TagAdded.Parser.ParseFrom(fact.Record.Value!.Value.Span).Tag == "consumption/spending/high");
            Assert.That(told.Select(fact => (fact.Record.Key, fact.Envelope.Backfill)), Is.EquivalentTo(new[] { ($"{Anna}", true), ($"{Ben}", false) }));
        }

        await using var again = await StartAsync(cancellation, database);
        await facts.WriteAsync(again, Topics.Profile, Anna, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Return(-300_00)));
        await again.DrainAsync(cancellation);
        Assert.That(await again.TagIdsAsync(Anna), Is.EqualTo(new[] { "consumption/frequency/first-time" }), "A restart knows the segment's tag");
    }

    [Test]
    public async Task A_tag_stays_with_its_segment_and_without_one_in_the_document_it_is_kept(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await host.SegmentAsync("spenders", Spender);
        var other = await host.SegmentAsync("spenders", Spender.Replace("/high", "/low", StringComparison.Ordinal));
        other.MustBe(HttpStatusCode.BadRequest);
        Assert.That(other.Answer.Faults(), Is.EqualTo(new[] { "/tag" }));
        Assert.That((await host.SegmentAsync("new", Spender)).Answer.Faults(), Is.EqualTo(new[] { "/tag" }), "One that gave none gives none");
        var noId = await host.SegmentAsync("x", Spender.Replace("consumption/", "Not an id ", StringComparison.Ordinal));
        Assert.That(noId.Answer.Faults(), Is.EqualTo(new[] { "/tag" }));

        var kept = await host.SegmentAsync("spenders", """{ "title": "Spenders", "rule": { "kind": "number", "column": "Spend", "min": 1 } }""");
        Assert.That((Text(kept.Answer, "tag"), kept.Answer.GetProperty("revision").GetInt32()), Is.EqualTo(("consumption/spending/high", 2)));
        await host.SegmentAsync("big-basket", """{ "title": "Big", "rule": { "kind": "number", "column": "Spend", "min": 1 } }""");
        var shown = (await host.SendAsync(HttpMethod.Get, "/v1/segmentation/segments")).Answer.EnumerateArray().ToList();
        Assert.That(Text(shown.Single(segment => Text(segment, "name") == "big-basket"), "tag"), Is.EqualTo("consumption/basket/big"));
    }

    [Test]
    public async Task A_rule_that_needs_the_tag_it_gives_is_refused_also_on_a_way_around(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var itself = await host.SegmentAsync("a", """{ "title": "A", "tag": "x/a", "rule": { "kind": "not", "clause": { "kind": "tag", "tag": "x/a" } } }""");
        itself.MustBe(HttpStatusCode.BadRequest);
        Assert.That(Detail(itself.Answer), Is.EqualTo(
            ("/rule/clause/tag", "A segment cannot depend on itself: a → the tag x/a → a. Take one of these names out of its rule.")));

        (await host.SegmentAsync("b", """{ "title": "B", "tag": "x/b", "rule": { "kind": "tag", "tag": "x/a" } }""")).MustBe(HttpStatusCode.OK);
        (await host.SegmentAsync("c", """{ "title": "C", "rule": { "kind": "tag", "tag": "x/b" } }""")).MustBe(HttpStatusCode.OK);
        var around = await host.SegmentAsync("a", """{ "title": "A", "tag": "x/a", "rule": { "kind": "segment", "segment": "c" } }""");
        around.MustBe(HttpStatusCode.BadRequest);
        Assert.That(Detail(around.Answer), Is.EqualTo(
            ("/rule/segment", "A segment cannot depend on itself: a → c → the tag x/b → b → the tag x/a → a. Take one of these names out of its rule.")));
    }

    [Test]
    public async Task A_tag_that_a_rule_gives_too_outlives_the_one_by_hand_and_cannot_be_taken_away(CancellationToken cancellation)
    {
        const string tag = "consumption/frequency/first-time";
        var facts = new FactWriter();
        await using var host = await StartAsync(cancellation);
        await host.TagAsync(Anna, tag);
        await BuyAsync(facts, host, Anna, Channel.Pos, 20_00);
        await host.DrainAsync(cancellation);
        Assert.That((await host.TagsAsync(Anna))[0].GetProperty("assignments").GetArrayLength(), Is.EqualTo(2));

        (await host.SendAsync(HttpMethod.Delete, $"/v1/tagging/customers/{Anna}/tags/{tag}")).MustBe(HttpStatusCode.OK);
        Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[] { tag }));
        var refused = await host.SendAsync(HttpMethod.Delete, $"/v1/tagging/customers/{Anna}/tags/{tag}");
        refused.MustBe(HttpStatusCode.Conflict);
        Assert.That(refused.Answer.Code(), Is.EqualTo("tag-given-by-rule"));
        var told = await host.ReadTopicAsync(new Topic(Topics.Tagging), cancellation);
        Assert.That(told, Has.Count.EqualTo(1), "Others are told of what is held, not of each reason");
    }

    private static (string, string) Detail(JsonElement problem)
    {
        var error = problem.GetProperty("errors").EnumerateArray().Single();
        return (Text(error, "pointer"), Text(error, "detail"));
    }

    private static Task BuyAsync(FactWriter facts, TestHost host, Guid customer, Channel channel, long amount) =>
        facts.WriteAsync(host, Topics.Profile, customer, Receipt.Of(TestHost.Start, channel, Receipt.Sale(amount)));

    private static string Text(JsonElement of, string field) => of.GetProperty(field).GetString()!;
}
