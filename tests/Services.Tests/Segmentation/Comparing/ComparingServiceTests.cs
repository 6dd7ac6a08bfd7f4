using System.Net;
using System.Text.Json;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Segmentation;
using Patron.Services.Tests.Merges;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation.Comparing;

/// <summary>Overlap, comparison and control groups through the public face.</summary>
internal sealed class ComparingServiceTests
{
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task Segments_overlap_as_sets_do()
    {
        await using var host = await StartAsync();
        var (all, some) = (Rule("a", "b", "c"), 60);
        await TagAsync(host, Enumerable.Range(0, some).Select(number => (number, Tags: all.Where((_, bit) => number % (bit + 2) == 0).ToArray())));
        foreach (var tag in all)
            await host.PutAsync($"segments/{tag}", $$"""{ "title": "{{tag}}", "rule": { "kind": "tag", "tag": "{{tag}}" } }""");

        var answer = await host.AskAsync("overlap?segments=a,b,c");

        // Multiples of 2, 3 and 4 below 60.
        Assert.That(answer.GetProperty("segments").EnumerateArray().Select(segment =>
            (segment.GetProperty("segment").GetString(), segment.GetProperty("customers").GetInt64(), segment.GetProperty("alone").GetInt64())),
            Is.EqualTo(new[] { ("a", 30L, 10L), ("b", 20, 10), ("c", 15, 0) }));
        Assert.That(answer.GetProperty("pairs").EnumerateArray().Select(pair =>
            (pair.GetProperty("both").GetInt64(), Math.Round(pair.GetProperty("jaccard").GetDouble(), 4))),
            Is.EqualTo(new[] { (10L, 0.25), (15, 0.5), (5, 0.1667) }));
        Assert.That(answer.GetProperty("regions").EnumerateArray().Select(region =>
            $"{string.Join('+', region.GetProperty("segments").EnumerateArray())} {region.GetProperty("customers").GetInt64()}"),
            Is.EqualTo(new[] { "a 10", "b 10", "a+c 10", "a+b 5", "a+b+c 5" }));
        Assert.That(SegmentHttp.Covered(answer), Is.EqualTo((8, 8)));
        Assert.That((await host.TryAsync("overlap?segments=a,nobody")).Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(SegmentHttp.Pointers((await host.TryAsync("overlap?segments=a,a")).Answer), Is.EqualTo(new[] { "segments" }));
    }

    [Test]
    public async Task Two_segments_are_told_beside_each_other()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        List<(Guid, IMessage)> bought = [];
        for (var number = 0; number < 100; number++)
        {
            bought.Add((Customer(number), Bought(-10, 10_00)));
            if (number < 40)
                bought.Add((Customer(number), Bought(-2, 30_00)));
        }

        await facts.WriteAsync(host, Topics.Profile, bought);
        var gold = Enumerable.Range(0, 20).Select(number => (Customer(number), (IMessage)new TierChanged { To = "gold" }));
        await facts.WriteAsync(host, Topics.Loyalty, [.. gold]);
        string[] all = ["everybody"];
        await TagAsync(host, Enumerable.Range(0, 100).Select(number => (number, Tags: number is < 30 or > 95 ? ["shoes", .. all] : all)), facts);
        await host.PutAsync("segments/twice", """{ "title": "Twice", "rule": { "kind": "number", "column": "Purchases", "min": 2 } }""");
        await host.PutAsync("segments/once", """{ "title": "Once", "rule": { "kind": "number", "column": "Purchases", "max": 1 } }""");

        var answer = await host.AskAsync("comparison?one=twice&other=once");

        var (one, other) = (answer.GetProperty("one"), answer.GetProperty("other"));
        Assert.That(Figures(one), Is.EqualTo(new[] { 40, 40, 80, 160_000, 2, 4_000, 2_000, 2.0 }));
        Assert.That(Figures(other), Is.EqualTo(new[] { 60, 60, 60, 60_000, 1, 1_000, 1_000, 10.0 }));
        Assert.That((answer.GetProperty("both").GetInt64(), answer.GetProperty("everybody").GetProperty("customers").GetInt64()), Is.EqualTo((0L, 100L)));
        Assert.That(answer.GetProperty("tiers").EnumerateArray().Select(tier => (tier.GetProperty("tier").GetString(), tier.GetProperty("one").GetDouble())),
            Is.EqualTo(new[] { ("gold", 0.5), (null, 0.5) }));
        var tags = answer.GetProperty("tags").EnumerateArray().ToList();
        Assert.That(tags.Select(tag => tag.GetProperty("tag").GetString()), Is.EqualTo(new[] { "shoes", "everybody" }));
        Assert.That((tags[0].GetProperty("one").GetDouble(), tags[0].GetProperty("other").GetDouble()), Is.EqualTo((0.75, 4 / 60.0)));
        Assert.That(tags[0].GetProperty("lift").GetProperty("low").GetDouble(), Is.InRange(3, 8));
        Assert.That(SegmentHttp.Pointers((await host.TryAsync("comparison?one=twice")).Answer), Is.EqualTo(new[] { "other" }));
    }

    [Test]
    public async Task A_control_group_is_a_clause_a_question_and_a_column_of_an_export()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        await facts.WriteAsync(host, Topics.Profile, [.. Enumerable.Range(0, 400).Select(number => (Customer(number), (IMessage)Bought(0, 10_00)))]);
        await host.DrainAsync(CancellationToken.None);
        var clause = new InControlGroup("spring", 10.25m);
        var expected = Enumerable.Range(0, 400).Select(Customer).Where(clause.Has).ToHashSet();

        var preview = await host.PreviewAsync("""{ "kind": "control-group", "name": "spring", "percent": 10.25 }""");
        Assert.That(preview.GetProperty("matching").GetInt64(), Is.EqualTo(expected.Count).And.InRange(20, 70));
        Assert.That(preview.GetProperty("sentence").GetString(), Is.EqualTo("in the 10.25% of control group spring"));
        var text = await host.Http.GetStringAsync("/v1/segmentation/segments/active/export?control=spring&percent=10.25");
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines[0], Is.EqualTo("customer,since,group"));
        Assert.That(
            lines.Skip(1).Select(line => line.Split(',')).Where(cells => cells[2] == "control").Select(cells => new Guid(cells[0])), Is.EquivalentTo(expected));
        foreach (var customer in expected.Take(2).Append(Customer(399)))
        {
            var answer = await host.AskAsync($"control-groups/spring/customers/{customer}?percent=10.25");
            Assert.That(answer.GetProperty("inControlGroup").GetBoolean(), Is.EqualTo(expected.Contains(customer)));
        }

        var tooFine = await host.TryAsync($"control-groups/spring/customers/{Customer(1)}?percent=10.255");
        Assert.That(SegmentHttp.Pointers(tooFine.Answer), Is.EqualTo(new[] { "percent" }));
        Assert.That(SegmentHttp.Pointers((await host.TryAsync("segments/active/export?percent=10")).Answer), Is.EqualTo(new[] { "control" }));
    }

    [Test]
    public async Task A_merged_customer_is_on_the_side_of_the_one_who_stays()
    {
        var clause = new InControlGroup("merge", 50);
        var inside = Enumerable.Range(0, 100).Select(Customer).First(clause.Has);
        var outside = Enumerable.Range(0, 100).Select(Customer).First(customer => !clause.Has(customer));
        var facts = new FactWriter();
        await using var host = await StartAsync();
        await facts.WriteAsync(host, Topics.Profile, [(inside, Bought(0, 10_00)), (outside, Bought(0, 10_00))]);
        await host.DrainAsync(CancellationToken.None);
        Assert.That((await host.PreviewAsync(RuleDocuments.Write(clause))).GetProperty("matching").GetInt64(), Is.EqualTo(1));

        await facts.WriteAsync(host, Topics.Profile, People.Merge(inside, outside, version: 1));
        await host.DrainAsync(CancellationToken.None);

        var answer = await host.AskAsync($"control-groups/merge/customers/{inside}?percent=50");
        Assert.That((answer.GetProperty("customer").GetGuid(), answer.GetProperty("inControlGroup").GetBoolean()), Is.EqualTo((outside, false)));
        Assert.That((await host.PreviewAsync(RuleDocuments.Write(clause))).GetProperty("matching").GetInt64(), Is.Zero);
    }

    private static string[] Rule(params string[] tags) => tags;

    private static double[] Figures(JsonElement group) =>
    [
        .. new[] { "customers", "buyers", "purchases", "spendMinor", "purchasesEach", "spendMinorEach", "spendMinorPerPurchase", "daysSinceLast" }
            .Select(figure => group.GetProperty(figure).GetDouble()),
    ];

    private static async Task TagAsync(TestHost host, IEnumerable<(int Number, string[] Tags)> tagged, FactWriter? facts = null)
    {
        await (facts ?? new()).WriteAsync(
            host, Topics.Tagging, [.. tagged.SelectMany(of => of.Tags.Select(tag => (Customer(of.Number), (IMessage)new TagAdded { Tag = tag })))]);
        await host.DrainAsync(CancellationToken.None);
    }

    private static PurchaseRecorded Bought(int day, long amount) => Receipt.Of(TestHost.Start.AddDays(day), Channel.Pos, Receipt.Sale(amount));

    private static Guid Customer(int number) => new($"0b6f7a52-5f0e-7000-8000-{number:x12}");

    private Task<TestHost> StartAsync() => TestHost.StartAsync(
        builder => builder.AddSegmentation(), app => app.MapSegmentation(), CancellationToken.None, database);
}
