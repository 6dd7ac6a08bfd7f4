using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;
using Contract = Patron.Contracts.Segmentation.V1;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Segmentation through its public face: facts in, facts and answers out.</summary>
internal sealed class SegmentationServiceTests
{
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task A_customer_enters_and_leaves_as_facts_come_and_days_pass()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync(TestHost.Start);
        // No order holds across topics, so each is worked off before the next is told.
        await facts.WriteAsync(host, Topics.Profile, Anna, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(2_500_00)));
        await host.DrainAsync(CancellationToken.None);
        await facts.WriteAsync(host, Topics.Loyalty, Anna, new TierChanged { To = "gold" });
        await host.DrainAsync(CancellationToken.None);
        using (var put = await host.Http.PutAsJsonAsync(
            "/v1/segmentation/segments/sofa-fans", new { title = "Sofa fans", rule = new { kind = "tag", tag = "content/sofas" } }))
            put.EnsureSuccessStatusCode();
        await host.DrainAsync(CancellationToken.None);
        await facts.WriteAsync(host, Topics.Tagging, Anna, new TagAdded { Tag = "content/sofas" });
        await host.AdvanceToAsync(TestHost.Start.AddDays(185), CancellationToken.None);

        var told = (await FactsAsync(host)).ConvertAll(fact => (fact.Segment, fact.Reason, fact.At.ToString("MM-dd HH:mm", CultureInfo.InvariantCulture)));
        Assert.That(told, Is.EqualTo(new[]
        {
            ("+new", "first purchase today", "01-10 09:00"),
            ("+active", "last purchase today", "01-10 09:00"),
            ("+big-spenders", "spent 2,500.00 GBP in the last 12 months", "01-10 09:00"),
            ("+first-time-buyer", "1 purchase", "01-10 09:00"),
            ("+big-basket", "largest purchase in the last 730 days of 2,500.00 GBP", "01-10 09:00"),
            ("+vip", "tier gold; last purchase today", "01-10 09:00"),
            ("+sofa-fans", "tagged content/sofas", "01-10 09:00"),
            ("-new", "first purchase 31 days ago", "02-10 00:00"),
            ("-active", "last purchase 91 days ago", "04-09 23:00"),
            ("-vip", "last purchase 91 days ago", "04-09 23:00"),
            ("+dormant", "last purchase 181 days ago", "07-08 23:00"),
        }));
    }

    [Test]
    public async Task Memberships_agree_with_the_slow_interpreter_and_a_restart_says_nothing_new()
    {
        var start = BrandDaysTests.At("2011-03-20T12:00:00Z");
        var world = new SegmentWorld(seed: 11);
        var customers = world.Customers(200, start);
        var told = world.Facts(customers, start);
        var facts = new FactWriter();
        var until = start.AddDays(15);
        IReadOnlyList<Figure> before;
        int published;
        await using (var host = await StartAsync(start))
        {
            foreach (var source in told.GroupBy(fact => fact.Source))
                await facts.WriteAsync(host, TopicOf(source.Key), [.. source.Select(fact => (fact.Customer, fact.Fact))]);
            await host.AdvanceToAsync(until, CancellationToken.None);
            before = await FiguresAsync(host);
            published = (await FactsAsync(host)).Count;
            Assert.That(Sizes(before), Is.EqualTo(Expected(customers, until)));
            Assert.That(
                Sizes(before).Where(size => size.Value == 0).Select(size => size.Key), Is.EqualTo(new[] { "in segment frequent-buyer" }),
                "Another segment that stays empty would prove nothing");
        }

        await using var again = await StartAsync(until);
        await again.DrainAsync(CancellationToken.None);
        Assert.That(await FiguresAsync(again), Is.EqualTo(before));
        Assert.That(await FactsAsync(again), Has.Count.EqualTo(published));

        await again.AdvanceToAsync(until.AddDays(30), CancellationToken.None);
        Assert.That(Sizes(await FiguresAsync(again)), Is.EqualTo(Expected(customers, until.AddDays(30))));
    }

    [Test]
    public async Task A_customer_is_explained_clause_by_clause_and_segments_tell_their_sizes()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync(TestHost.Start);
        await facts.WriteAsync(host, Topics.Profile, Anna, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00), Receipt.Fee(5_000_00)));
        await facts.RepeatAsync(host, Topics.Profile);
        await host.DrainAsync(CancellationToken.None);

        var answer = await host.Http.GetFromJsonAsync<JsonElement>($"/v1/segmentation/customers/{Anna}");
        var segments = answer.GetProperty("segments").EnumerateArray().ToDictionary(segment => segment.GetProperty("segment").GetString()!);
        Assert.That(segments["new"].GetProperty("member").GetBoolean(), Is.True);
        Assert.That(segments["new"].GetProperty("since").GetDateTimeOffset(), Is.EqualTo(TestHost.Start));
        var parts = segments["at-risk"].GetProperty("why").GetProperty("parts").EnumerateArray();
        Assert.That(parts.Select(part => part.GetProperty("fact").GetString()), Is.EqualTo(new[] { "1 purchase", "last purchase today" }));
        Assert.That(segments["big-spenders"].GetProperty("why").GetProperty("fact").GetString(), Is.EqualTo("spent 20.00 GBP in the last 12 months"));
        var sizes = (await host.Http.GetFromJsonAsync<JsonElement>("/v1/segmentation/segments")).EnumerateArray()
            .Where(segment => segment.GetProperty("size") is { ValueKind: JsonValueKind.Number } size && size.GetInt64() > 0)
            .Select(segment => segment.GetProperty("name").GetString());
        Assert.That(sizes, Is.EqualTo(new[] { "new", "active", "first-time-buyer" }));
        var timeline = await host.Http.GetFromJsonAsync($"/v1/segmentation/customers/{Anna}/timeline", StoryJson.Default.IReadOnlyListTimelineEntry);
        Assert.That(timeline!.Select(line => line.What), Is.EqualTo(new[]
        {
            "Entered the segment new", "Entered the segment active", "Entered the segment first-time-buyer",
        }));
    }

    [Test]
    public async Task A_rule_is_counted_before_anybody_keeps_it()
    {
        var world = new SegmentWorld(seed: 12);
        var customers = world.Customers(80, TestHost.Start);
        var facts = new FactWriter();
        await using var host = await StartAsync(TestHost.Start);
        foreach (var source in world.Facts(customers, TestHost.Start).GroupBy(fact => fact.Source))
            await facts.WriteAsync(host, TopicOf(source.Key), [.. source.Select(fact => (fact.Customer, fact.Fact))]);
        await host.DrainAsync(CancellationToken.None);

        var rule = new PurchasesBetween(PurchaseMeasure.Receipts, 1, null, new([], ["women"], ["pos", "eshop"], []), PurchaseWindow.Last(365));
        var answer = await PreviewAsync(host, RuleDocuments.Write(rule), "?language=zh-Hans");
        var expected = customers.Count(story => SlowInterpreter.Holds(rule, story, TestHost.Start));
        Assert.That(expected, Is.InRange(5, 75));
        Assert.That(answer.GetProperty("matching").GetInt64(), Is.EqualTo(expected));
        Assert.That(answer.GetProperty("customers").GetInt64(), Is.EqualTo(80));
        Assert.That(answer.GetProperty("share").GetDouble(), Is.EqualTo(expected / 80.0).Within(1e-9));
        Assert.That(answer.GetProperty("sentence").GetString(), Is.EqualTo("最近365天、品类为women、渠道为pos，或者eshop，购买至少1次"));
        Assert.That(answer.GetProperty("partitionsCounted").GetInt32(), Is.EqualTo(answer.GetProperty("partitions").GetInt32()));

        var wrong = await PreviewAsync(host, """{"kind":"all","clauses":[{"kind":"number","column":"Points"}]}""");
        Assert.That(wrong.GetProperty("errors")[0].GetProperty("pointer").GetString(), Is.EqualTo("/clauses/0/min"));
        Assert.That((await PreviewAsync(host, "{}", "?language=xx")).GetProperty("errors")[0].GetProperty("pointer").GetString(), Is.EqualTo("language"));
    }

    [Test]
    public async Task A_purchase_that_changes_no_membership_writes_no_row()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync(TestHost.Start);
        for (var purchase = 0; purchase < 5; purchase++)
            await facts.WriteAsync(host, Topics.Profile, Anna, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00)));
        await host.DrainAsync(CancellationToken.None);

        await using var command = host.Service("segmentation").Database.CreateCommand("select count(*) from events");
        Assert.That(await command.ExecuteScalarAsync(), Is.EqualTo(6), "new, active, first-time, which is left for repeat, and the schedule of scans");
    }

    private static SortedDictionary<string, long> Expected(IEnumerable<Story> customers, DateTimeOffset now) => new(ReadyMade.Segments.ToDictionary(
        segment => $"in segment {segment.Name}", segment => customers.LongCount(story => SlowInterpreter.Holds(segment.Rule, story, now))));

    private static SortedDictionary<string, long> Sizes(IEnumerable<Figure> figures) => new(figures
        .Where(figure => figure.Name.StartsWith("in segment", StringComparison.Ordinal)).ToDictionary(figure => figure.Name, figure => figure.Value));

    // What the columns take depends on what is sorted already, and is no truth of the deployment.
    private static async Task<IReadOnlyList<Figure>> FiguresAsync(TestHost host) =>
        [.. (await host.Http.GetFromJsonAsync("/v1/segmentation/figures", StoryJson.Default.IReadOnlyListFigure))!
            .Where(figure => !figure.Name.StartsWith("bytes", StringComparison.Ordinal))];

    private static async Task<JsonElement> PreviewAsync(TestHost host, string rule, string query = "")
    {
        using var body = new StringContent(rule, System.Text.Encoding.UTF8, "application/json");
        var answer = await host.Http.PostAsync(new Uri($"/v1/segmentation/preview{query}", UriKind.Relative), body);
        return await answer.Content.ReadFromJsonAsync<JsonElement>();
    }

    private static async Task<List<(string Segment, string Reason, DateTimeOffset At)>> FactsAsync(TestHost host) =>
        [.. (await host.ReadTopicAsync(new Topic(Topics.Segmentation), CancellationToken.None)).Select(fact => Read(fact.Envelope, fact.Record.Value!.Value))];

    private static (string Segment, string Reason, DateTimeOffset At) Read(Envelope envelope, ReadOnlyMemory<byte> value)
    {
        if (envelope.Type == Contract.SegmentEntered.Descriptor.FullName)
        {
            var entered = Contract.SegmentEntered.Parser.ParseFrom(value.Span);
            return ($"+{entered.Segment}", entered.Reason, entered.EvaluatedAt.ToDateTimeOffset());
        }

        var left = Contract.SegmentLeft.Parser.ParseFrom(value.Span);
        return ($"-{left.Segment}", left.Reason, left.EvaluatedAt.ToDateTimeOffset());
    }

    private static string TopicOf(Source source) => source switch
    {
        Source.Profile => Topics.Profile,
        Source.Loyalty => Topics.Loyalty,
        _ => Topics.Tagging,
    };

    private Task<TestHost> StartAsync(DateTimeOffset start) => TestHost.StartAsync(
        builder => builder.AddSegmentation(), app => app.MapSegmentation(), CancellationToken.None, database, start: start);
}
