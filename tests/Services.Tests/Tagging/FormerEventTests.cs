using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Tagging;

namespace Patron.Services.Tests.Tagging;

/// <summary>What was stored when tags came from rules over counters.</summary>
internal sealed class FormerEventTests
{
    private const string Since = "2011-03-01T10:00:00+00:00";

    [Test]
    public void Tags_of_before_are_held_under_the_segments_that_took_the_rules_places()
    {
        var tags = CustomerTags.Kind.Fold(
        [
            Read("counters-taken.v1", """{ "activity": { "posPurchases": 4 } }"""),
            Added("consumption/channel/multi-channel", "multi-channel-shopper"),
            Added("consumption/frequency/repeat", "repeat-buyer"),
            Added("loyalty/tier/gold", "loyalty-tier"),
            Read(
                "tag-removed.v1",
                $$"""{ "tag": "consumption/frequency/repeat", "rule": "repeat-buyer", "ruleVersion": 1, "reason": "replaced", "until": "{{Since}}" }"""),
        ]);

        Assert.That(tags.Assignments.Select(given => (given.Tag, given.Giver, given.By, given.Version, given.Reason)), Is.EqualTo(new[]
        {
            ("consumption/channel/multi-channel", Giver.Rule, "multi-channel", 1, "because"), ("loyalty/tier/gold", Giver.Tier, "loyalty-tier", 1, "because"),
        }));
    }

    [Test]
    public void A_customer_who_was_merged_before_gets_back_the_tier_that_they_had()
    {
        const string held = $$"""{ "tag": "loyalty/tier/gold", "rule": "loyalty-tier", "ruleVersion": 1, "reason": "600 points", "since": "{{Since}}" }""";
        var away = CustomerTags.Kind.Fold(
        [
            Read("tags-handed-over.v1", $$"""{ "into": "{{TaggedHost.Ben}}", "link": "{{TaggedHost.Ben}}", "version": 1, "kept": [{{held}}] }"""),
        ]);
        var split = new Handover(
            TaggedHost.Anna, TaggedHost.Ben, default, 2, IsMerge: false, DateTimeOffset.UnixEpoch, new HashSet<Guid> { TaggedHost.Anna });

        var again = new MergeTags(() => Taxonomy.ReadyMade).Reopen(CustomerTags.None, away, split).Events.Aggregate(away, CustomerTags.Evolve);

        Assert.That(again.Assignments.Single(), Is.EqualTo(
            new Assignment("loyalty/tier/gold", Giver.Tier, "loyalty-tier", 1, "600 points", DateTimeOffset.Parse(Since, null))));
    }

    [Test]
    public async Task Whoever_held_a_tag_before_the_upgrade_is_among_its_holders()
    {
        var (owner, database) = await Rows.OpenAsync(
            "create table streams (customer uuid, kind text, state text); create table customer_activity (customer uuid)",
            $$"""
            insert into streams values ('{{TaggedHost.Anna}}', 'tags', '{"held":[{"tag":"a/x"},{"tag":"a/y"}],"counted":[]}'),
              ('{{TaggedHost.Ben}}', 'tags', '{"held":[{"tag":"a/y"}]}')
            """,
            TagHolders.HolderSchema);
        await using (owner)
        {
            await using (database)
                Assert.That(await TagHolders.SeveralAsync(database, ["a/x", "a/y"], CancellationToken.None), Is.EqualTo(1));
        }
    }

    private static DomainEvent Added(string tag, string rule) =>
        Read("tag-added.v1", $$"""{ "tag": "{{tag}}", "rule": "{{rule}}", "ruleVersion": 1, "reason": "because", "since": "{{Since}}" }""");

    private static DomainEvent Read(string name, string json) => CustomerTags.Events.Read($"tagging.{name}", json);
}
