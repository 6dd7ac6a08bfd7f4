using System.Net.Http.Json;
using System.Text.Json;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;
using Patron.Tagging;
using Patron.Testing;
using Contract = Patron.Contracts.Tagging.V1;

namespace Patron.Services.Tests.Tagging;

/// <summary>Tagging through its public face: facts in, facts and answers out.</summary>
internal sealed class TaggingServiceTests
{
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task Purchases_and_tiers_become_tags_with_provenance()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        await facts.WriteAsync(host, Topics.Profile, Anna, Receipt.Of(TestHost.Start.AddHours(-2), Channel.Pos, Receipt.Sale(20_00)));
        await facts.WriteAsync(host, Topics.Profile, Anna, Receipt.Of(TestHost.Start.AddHours(-1), Channel.Eshop, Receipt.Sale(600_00)));
        await facts.WriteAsync(host, Topics.Loyalty, Anna, new TierChanged { From = "member", To = "gold", Reason = "600 points in a year" });
        await host.DrainAsync(CancellationToken.None);

        var tags = (await host.Http.GetFromJsonAsync<JsonElement>($"/v1/tagging/customers/{Anna}/tags")).GetProperty("tags");
        Assert.That(tags.EnumerateArray().Select(tag => (tag.GetProperty("tag").GetString(), tag.GetProperty("reason").GetString())), Is.EqualTo(new[]
        {
            ("consumption/basket/big", "a purchase of 600.00 GBP, above 500.00 GBP"),
            ("consumption/channel/multi-channel", "1 purchase in shops (20.00 GBP) and 1 in the eShop (600.00 GBP)"),
            ("consumption/frequency/repeat", "2 purchases, the last on 2024-01-10"),
            ("loyalty/tier/gold", "the loyalty tier is gold: 600 points in a year"),
        }));
        var timeline = await host.Http.GetFromJsonAsync($"/v1/tagging/customers/{Anna}/timeline", StoryJson.Default.IReadOnlyListTimelineEntry);
        Assert.That(timeline!.Take(2).Select(line => (line.What, line.Why)), Is.EqualTo(new[]
        {
            ("Tagged consumption/frequency/first-time", "1 purchase, on 2024-01-10 (rule first-time-buyer, version 1)"),
            ("Tag consumption/frequency/first-time removed", "replaced by consumption/frequency/repeat: 2 purchases, the last on 2024-01-10"),
        }));
        var published = await host.ReadTopicAsync(new Topic(Topics.Tagging), CancellationToken.None);
        Assert.That(published.Select(fact => fact.Envelope.Type), Is.EqualTo(timeline!.Select(line =>
            line.What.EndsWith("removed", StringComparison.Ordinal) ? Contract.TagRemoved.Descriptor.FullName : Contract.TagAdded.Descriptor.FullName)));
    }

    [Test]
    public async Task Counters_survive_restarts_and_a_repeated_delivery_counts_once()
    {
        var facts = new FactWriter();
        for (var run = 0; run < 3; run++)
        {
            await using var host = await StartAsync();
            for (var purchase = 0; purchase < 3; purchase++)
            {
                await facts.WriteAsync(host, Topics.Profile, Anna, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00)));
                await facts.RepeatAsync(host, Topics.Profile);
            }

            await host.DrainAsync(CancellationToken.None);
        }

        await using var last = await StartAsync();
        Assert.That(await TagsAsync(last), Is.EqualTo(new[] { "consumption/frequency/repeat" }), "Nine purchases");
        await facts.WriteAsync(last, Topics.Profile, Anna, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00)));
        await last.DrainAsync(CancellationToken.None);

        Assert.That(await TagsAsync(last), Is.EqualTo(new[] { "consumption/frequency/frequent" }));
        Assert.That(await last.Http.GetFromJsonAsync("/v1/tagging/figures", StoryJson.Default.IReadOnlyListFigure), Is.EqualTo(new Figure[]
        {
            new("tags held", 1),
            new("consumption/frequency/frequent", 1),
        }));
    }

    [Test]
    public async Task A_purchase_that_changes_no_tag_writes_one_row_and_an_anonymous_one_none()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        for (var purchase = 0; purchase < 5; purchase++)
            await facts.WriteAsync(host, Topics.Profile, Anna, Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00)));
        var anonymous = Receipt.Of(TestHost.Start, Channel.Pos, Receipt.Sale(20_00));
        anonymous.Anonymous = true;
        await facts.WriteAsync(host, Topics.Profile, new Guid("0b6f7a52-5f0e-7000-8000-00000000000f"), anonymous);
        await host.DrainAsync(CancellationToken.None);

        await using var command = host.Service("tagging").Database.CreateCommand(
            "select (select count(*) from events), (select count(*) from customer_activity), (select pos_purchases from customer_activity)");
        await using var row = await command.ExecuteReaderAsync();
        await row.ReadAsync();
        Assert.That((row.GetInt64(0), row.GetInt64(1), row.GetInt32(2)), Is.EqualTo((3, 1, 5)), "first-time, its removal and repeat");
    }

    [Test]
    public async Task The_taxonomy_names_its_branches_and_the_rules_that_assign_its_tags()
    {
        await using var host = await StartAsync();

        var taxonomy = await host.Http.GetFromJsonAsync<JsonElement>("/v1/tagging/taxonomy");

        var branches = taxonomy.GetProperty("branches").EnumerateArray();
        Assert.That(branches.Select(branch => branch.GetProperty("name").GetString()), Is.EqualTo(new[] { "consumption", "loyalty" }));
        Assert.That(taxonomy.GetProperty("rules").GetArrayLength(), Is.EqualTo(6));
    }

    private static async Task<IEnumerable<string?>> TagsAsync(TestHost host) =>
        (await host.Http.GetFromJsonAsync<JsonElement>($"/v1/tagging/customers/{Anna}/tags")).GetProperty("tags")
            .EnumerateArray().Select(tag => tag.GetProperty("tag").GetString());

    private Task<TestHost> StartAsync() =>
        TestHost.StartAsync(builder => builder.AddTagging(), app => app.MapTagging(), CancellationToken.None, database);
}
