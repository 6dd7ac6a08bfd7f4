using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using NUnit.Framework;
using Patron.Tagging;
using Patron.Testing;
using static Patron.Services.Tests.Tagging.TaggedHost;

namespace Patron.Services.Tests.Tagging;

/// <summary>The tree of tags, which people change while the service runs.</summary>
[CancelAfter(60_000)]
internal sealed class TaxonomyTests
{
    [TestCase("en", "Consumption", "How often they buy", "Frequent buyer")]
    [TestCase("zh-Hans", "消费行为", "购买频率", "高频购买")]
    [TestCase("zh-Hant", "消費行為", "購買頻率", "高頻購買")]
    public async Task The_tree_that_ships_has_names_in_three_languages(string language, string root, string branch, string tag, CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var tree = await host.Http.GetFromJsonAsync<JsonElement>($"/v1/tagging/taxonomy?language={language}", cancellation);
        var roots = tree.GetProperty("branches").EnumerateArray().ToList();
        Assert.That(roots.Select(Id), Is.EqualTo(new[]
        {
            "demographics", "consumption", "product-features", "ecommerce", "content", "social", "loyalty",
        }));
        var frequency = Below(roots[1])[0];
        Assert.That(
            (Name(roots[1]), Name(frequency), frequency.GetProperty("choice").GetString(), Name(Below(frequency)[^1])),
            Is.EqualTo((root, branch, "single", tag)));
    }

    [Test]
    public async Task A_renamed_and_moved_tag_stays_with_whoever_holds_it(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using (var host = await StartAsync(cancellation, database))
        {
            (await host.TagAsync(Anna, "content/topics/styling")).MustBe(HttpStatusCode.OK);
            (await host.NodeAsync("content/fashion", """{ "kind": "branch", "parent": "content", "names": { "en": "Fashion", "zh-Hans": "时尚" } }"""))
                .MustBe(HttpStatusCode.OK);
            const string moved = """
                { "kind": "tag", "parent": "content/fashion", "names": { "en": "Looks", "zh-Hans": "造型" }, "owner": "Content team", "expiresAfterDays": 30 }
                """;
            (await host.NodeAsync("content/topics/styling", moved)).MustBe(HttpStatusCode.OK);
            (await host.NodeAsync("content/topics/styling", moved)).MustBe(HttpStatusCode.OK);
        }

        await using var again = await StartAsync(cancellation, database);
        var held = (await again.TagsAsync(Anna, "zh-Hans")).EnumerateArray().Single();
        Assert.That(Id(held, "tag"), Is.EqualTo("content/topics/styling"));
        Assert.That(held.GetProperty("path").EnumerateArray().Select(name => name.GetString()), Is.EqualTo(new[] { "内容偏好", "时尚", "造型" }));
        Assert.That(held.GetProperty("assignments")[0].GetProperty("given").GetString(), Is.EqualTo("由 test 手动添加"));
        var changes = (await again.SendAsync(HttpMethod.Get, "/v1/tagging/taxonomy-changes?id=content/topics/styling")).Answer.EnumerateArray().ToList();
        Assert.That(changes, Has.Count.EqualTo(1), "The same again is no change");
        Assert.That(
            (changes[0].GetProperty("revision").GetInt64(), Id(changes[0], "putBy"), Id(changes[0].GetProperty("node"), "owner")),
            Is.EqualTo((2, "test", "Content team")));
    }

    [TestCase("social/new", """{ "kind": "tag", "parent": "social/none", "names": { "en": "New" } }""", "/parent")]
    [TestCase("social/new", """{ "kind": "tag", "names": { "en": "New" } }""", "/parent")]
    [TestCase("social/new", """{ "kind": "tag", "parent": "consumption/basket/big", "names": { "en": "New" } }""", "/parent")]
    [TestCase("social", """{ "kind": "branch", "parent": "social/wechat/menu", "names": { "en": "Social" } }""", "/parent")]
    [TestCase("social", """{ "kind": "tag", "parent": "content", "names": { "en": "Social" } }""", "/kind")]
    [TestCase("consumption/basket/large", """{ "kind": "tag", "parent": "consumption/basket", "names": { "en": "big BASKET" } }""", "/names/en")]
    [TestCase("consumption/basket/l", """{ "kind": "tag", "parent": "consumption/basket", "names": { "en": "L", "zh-Hans": "大额订单" } }""", "/names/zh-Hans")]
    [TestCase("consumption/basket", """{ "kind": "branch", "parent": "consumption", "names": { "en": "Basket" }, "state": "retired" }""", "/state")]
    [TestCase("Not_kebab", """{ "kind": "branch", "names": { "en": "x" } }""", "id")]
    [TestCase(
        "x", """{ "kind": "leaf", "names": { "zh-Hant": "" }, "expiresAfterDays": 3, "choice": "some" }""",
        "/kind", "/names/en", "/names/zh-Hant", "/choice", "/expiresAfterDays")]
    public async Task What_does_not_fit_is_refused_by_field(string id, string node, params string[] pointers)
    {
        await using var host = await StartAsync(CancellationToken.None);
        var refused = await host.NodeAsync(id, node);
        refused.MustBe(HttpStatusCode.BadRequest);
        Assert.That(refused.Answer.Faults(), Is.EquivalentTo(pointers));
    }

    [Test]
    public void The_tree_that_ships_is_right_by_the_rules_for_what_people_put()
    {
        var taxonomy = new Taxonomy(0, []);
        foreach (var node in TaxonomyReadyMade.Nodes)
        {
            var faults = new Runtime.Hosting.DocumentFaults();
            Assert.That(PutTaxonomyNode.IsRight(node, taxonomy, faults), Is.True, $"{node.Id}: {string.Join(' ', faults.Found)}");
            Assert.That(node.Names.Simplified, Is.Not.Null.And.Not.Empty);
            Assert.That(node.Names.Traditional, Is.Not.Null.And.Not.Empty);
            taxonomy = taxonomy.With(0, node);
        }
    }

    [Test]
    public void The_tree_is_bounded_in_depth_also_for_what_is_moved_with_all_that_stands_in_it()
    {
        var taxonomy = Taxonomy.ReadyMade;
        var deep = new TaxonomyNode("deep", null, IsTag: false, new("Deep", null, null), Choice.Multiple, null, null, Retired: false);
        for (var level = 1; level <= 3; level++)
        {
            taxonomy = taxonomy.With(0, deep);
            deep = deep with { Id = $"{deep.Id}/deep", Parent = deep.Id };
        }

        var faults = new Runtime.Hosting.DocumentFaults();
        Assert.That(PutTaxonomyNode.IsRight(taxonomy.Find("social")! with { Parent = "deep/deep/deep" }, taxonomy, faults), Is.False);
        Assert.That(faults.Found.Single().Path, Is.EqualTo("/parent"));
        Assert.That(PutTaxonomyNode.IsRight(taxonomy.Find("social")! with { Parent = "deep/deep" }, taxonomy, new()), Is.True);
    }

    [Test]
    public async Task A_branch_becomes_single_choice_only_when_nobody_holds_several_of_its_tags(CancellationToken cancellation)
    {
        const string single = """{ "kind": "branch", "parent": "content", "names": { "en": "Topics" }, "choice": "single" }""";
        await using var host = await StartAsync(cancellation);
        await host.TagAsync(Anna, "content/topics/styling");
        await host.TagAsync(Anna, "content/topics/sustainability");
        var refused = await host.NodeAsync("content/topics", single);
        refused.MustBe(HttpStatusCode.Conflict);
        Assert.That(refused.Answer.Code(), Is.EqualTo("several-tags-held"));
        Assert.That(refused.Answer.GetProperty("detail").GetString(), Does.StartWith("1 customers hold several"));

        (await host.SendAsync(HttpMethod.Delete, $"/v1/tagging/customers/{Anna}/tags/content/topics/styling")).MustBe(HttpStatusCode.OK);
        (await host.NodeAsync("content/topics", single)).MustBe(HttpStatusCode.OK);
        await host.TagAsync(Anna, "content/topics/styling");
        Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[] { "content/topics/styling" }), "From now on the last one counts");
    }

    [Test]
    public async Task A_retired_tag_is_no_longer_given_and_stays_with_whoever_holds_it(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await host.TagAsync(Anna, "demographics/life-stage/student");
        (await host.NodeAsync(
            "demographics/life-stage/student", """{ "kind": "tag", "parent": "demographics/life-stage", "names": { "en": "Student" }, "state": "retired" }"""))
            .MustBe(HttpStatusCode.OK);
        var refused = await host.TagAsync(Ben, "demographics/life-stage/student");
        refused.MustBe(HttpStatusCode.Conflict);
        Assert.That(refused.Answer.Code(), Is.EqualTo("tag-retired"));
        Assert.That(await host.TagIdsAsync(Anna), Is.EqualTo(new[] { "demographics/life-stage/student" }));
    }

    private static string Id(JsonElement of) => Id(of, "id");

    private static string Id(JsonElement of, string field) => of.GetProperty(field).GetString()!;

    private static string Name(JsonElement of) => of.GetProperty("name").GetString()!;

    private static List<JsonElement> Below(JsonElement branch) => [.. branch.GetProperty("children").EnumerateArray()];
}
