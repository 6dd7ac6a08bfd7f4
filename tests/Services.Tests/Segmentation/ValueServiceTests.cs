using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Google.Protobuf;
using MathNet.Numerics.Distributions;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Segmentation;
using Patron.Segmentation.Rfm;
using Patron.Segmentation.Value;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation;

/// <summary>RFM, lifecycle and predicted value through the public face.</summary>
internal sealed class ValueServiceTests
{
    private static readonly DateTimeOffset Today = TestHost.Start;
    private TestDatabase database = null!;

    [SetUp]
    public async Task CreateDatabase() => database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);

    [TearDown]
    public async Task DropDatabase() => await database.DisposeAsync();

    [Test]
    public async Task Customers_are_shown_by_scores_names_and_stages()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        await TellAsync(host, facts, Customer(1), Bought(-400, 10_00), Bought(-300, 10_00), Bought(-5, 30_00), Bought(-5, 30_00));
        await TellAsync(host, facts, Customer(2), Bought(-700, 900_00));
        await TellAsync(host, facts, Customer(3), Bought(-3, 5_00));
        await TellAsync(host, facts, Customer(4), Bought(-80, 5_00), Bought(-60, 5_00));
        await host.DrainAsync(CancellationToken.None);
        await facts.WriteAsync(host, Topics.Loyalty, Customer(4), new TierChanged { To = "gold" });
        await facts.WriteAsync(host, Topics.Loyalty, Customer(5), new TierChanged { To = "gold" });
        await host.DrainAsync(CancellationToken.None);

        var rfm = await GetAsync(host, "rfm?recencyDays=30,90,180,365&purchases=2,3,5,10&spendMinor=1000,5000,10000,50000");
        Assert.That(Named(rfm), Is.EqualTo(new Dictionary<string, int>
        {
            ["potential loyalist"] = 2, ["new"] = 1, ["lost"] = 1,
        }));
        var quintiles = await GetAsync(host, "rfm");
        Assert.That(quintiles.GetProperty("rule").GetString(), Is.EqualTo("quintiles"));
        Assert.That(Named(quintiles).Values.Sum(), Is.EqualTo(4));
        Assert.That(quintiles.GetProperty("grid").EnumerateArray().Sum(cell => cell.GetProperty("customers").GetInt32()), Is.EqualTo(4));

        var stages = await GetAsync(host, "lifecycle");
        Assert.That(stages.GetProperty("stages").EnumerateArray().Select(stage => stage.GetString()),
            Is.EqualTo(new[] { "Prospect", "New", "Active", "AtRisk", "Dormant", "Lost", "WonBack" }));
        Assert.That(
            stages.GetProperty("tiers").EnumerateArray().Select(row =>
                $"{row.GetProperty("tier").GetString() ?? "none"}: {string.Join(' ', row.GetProperty("customers").EnumerateArray())}"),
            Is.EqualTo(new[] { "none: 0 1 0 0 0 1 1", "gold: 1 0 1 0 0 0 0" }));
    }

    [Test]
    public async Task Bounds_that_make_no_sense_are_refused_by_name()
    {
        await using var host = await StartAsync();
        using var answer = await host.Http.GetAsync(new Uri("/v1/segmentation/rfm?recencyDays=30,90,180,365&purchases=9,3,5,10", UriKind.Relative));

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        var problem = await answer.Content.ReadFromJsonAsync<JsonElement>();
        Assert.That(
            problem.GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("pointer").GetString()),
            Is.EqualTo(new[] { "purchases", "spendMinor" }));
    }

    [Test]
    public async Task What_customers_will_be_worth_is_told_or_why_it_cannot_be()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        Assert.That((await GetAsync(host, "value")).GetProperty("refusal").GetString(), Does.StartWith("There is no customer with a purchase"));

        var random = new Random(21);
        for (var customer = 1; customer <= 300; customer++)
            await TellAsync(host, facts, Customer(customer), [.. Life(random)]);
        await host.DrainAsync(CancellationToken.None);

        var value = await GetAsync(host, "value");
        Assert.That(value.GetProperty("refusal").ValueKind, Is.EqualTo(JsonValueKind.Null), value.ToString());
        Assert.That(value.GetProperty("customers").GetInt32(), Is.EqualTo(300));
        Assert.That(value.GetProperty("expectedAlive").GetDouble(), Is.InRange(50, 300));
        Assert.That(value.GetProperty("expectedPurchases").GetDouble(), Is.InRange(100, 3_000));
        Assert.That(value.GetProperty("valueMinor").GetInt64(), Is.LessThan(value.GetProperty("expectedSpendMinor").GetInt64()).And.GreaterThan(0));
        Assert.That(value.GetProperty("purchaseModel").GetProperty("r").GetDouble(), Is.InRange(0.2, 20));
    }

    [Test]
    public async Task The_names_of_cells_are_a_table_that_people_put()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        await TellAsync(host, facts, Customer(1), Bought(-5, 30_00), Bought(-3, 30_00));
        await TellAsync(host, facts, Customer(2), Bought(-700, 900_00));
        await host.DrainAsync(CancellationToken.None);
        var shipped = await GetAsync(host, "rfm/cells");
        Assert.That((shipped.GetProperty("revision").GetInt32(), shipped.GetProperty("rows").GetArrayLength()), Is.EqualTo((0, RfmCells.Standard.Count)));

        const string rows = """{ "rows": ["lately 4-5 1-5 1-5", "long ago 1-3 1-5 1-5"] }""";
        const string cuts = "rfm?recencyDays=30,90,180,365&purchases=2,3,5,10&spendMinor=1000,5000,10000,50000";
        Assert.That((await host.PutAsync("rfm/cells", rows)).Answer.GetProperty("revision").GetInt32(), Is.EqualTo(1));
        Assert.That((await host.PutAsync("rfm/cells", rows)).Answer.GetProperty("revision").GetInt32(), Is.EqualTo(1), "The same again");
        Assert.That(Named(await GetAsync(host, cuts)), Is.EqualTo(new Dictionary<string, int> { ["lately"] = 1, ["long ago"] = 1 }));

        var (status, problem) = await host.PutAsync("rfm/cells", """{ "rows": ["lately 4-5 1-5 1-5"] }""");
        Assert.That((status, SegmentHttp.Pointers(problem)[0]), Is.EqualTo((HttpStatusCode.BadRequest, "/rows")));
        Assert.That(problem.GetProperty("errors")[0].GetProperty("detail").GetString(), Does.StartWith("Recency, frequency and money (1, 1, 1) have no name"));
        Assert.That(SegmentHttp.Pointers((await host.PutAsync("rfm/cells", """{ "row": [] }""")).Answer), Is.EquivalentTo(new[] { "/rows", "/row" }));
        Assert.That((await GetAsync(host, "rfm/cells")).GetProperty("putBy").GetString(), Is.EqualTo("test"));
    }

    [Test]
    public async Task Customers_move_between_cells_from_one_day_to_another()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        for (var customer = 1; customer <= 20; customer++)
            await TellAsync(host, facts, Customer(customer), Bought(-400 - customer, 10_00));
        await TellAsync(host, facts, Customer(21), Bought(-500, 10_00), Bought(-20, 80_00), Bought(-10, 80_00));
        await TellAsync(host, facts, Customer(22), Bought(-15, 10_00));
        await host.DrainAsync(CancellationToken.None);

        var answer = await GetAsync(host, "rfm/migration?from=2023-01-01&to=2024-01-10");

        var names = answer.GetProperty("names").EnumerateArray().Select(name => name.GetString()).ToList();
        var rows = answer.GetProperty("rows").EnumerateArray().ToDictionary(
            row => row.GetProperty("name").GetString() ?? "", row => row.GetProperty("customers").EnumerateArray().Select(c => c.GetInt32()).ToArray());
        Assert.That(rows.Values.Sum(row => row.Sum()), Is.EqualTo(22));
        Assert.That(rows[""].Sum(), Is.EqualTo(1), "Who had not bought by the first day");
        var champions = rows.Where(row => row.Value[names.IndexOf("champions")] > 0).Select(row => row.Key).ToList();
        Assert.That(champions, Has.Count.EqualTo(1).And.None.EqualTo("").And.None.EqualTo("champions"), "The one who came back");
        Assert.That(answer.GetProperty("countedFrom").GetString(), Is.EqualTo("2021-12-10"));
        Assert.That(SegmentHttp.Pointers((await host.TryAsync("rfm/migration?from=2021-01-01")).Answer), Is.EqualTo(new[] { "from" }));
        Assert.That(SegmentHttp.Pointers((await host.TryAsync("rfm/migration?from=2024-01-01&to=2024-02-01")).Answer), Is.EqualTo(new[] { "to" }));
    }

    [Test]
    public async Task The_model_is_checked_on_the_time_that_it_has_not_seen()
    {
        var facts = new FactWriter();
        await using var host = await StartAsync();
        var (status, problem) = await host.TryAsync("value/holdout");
        Assert.That((status, problem.GetProperty("type").GetString()), Is.EqualTo((HttpStatusCode.Conflict, "https://patron.example/problems/no-customers")));
        var sameDay = await host.TryAsync("value/holdout?calibrationEnd=2024-01-10&end=2024-01-10");
        Assert.That(SegmentHttp.Pointers(sameDay.Answer), Is.EqualTo(new[] { "calibrationEnd" }));

        var random = new Random(22);
        var told = Enumerable.Range(1, 400).Select(customer => (Customer: Customer(customer), Bought: Life(random).ToArray())).ToList();
        await facts.WriteAsync(host, Topics.Profile, [.. told.SelectMany(of => of.Bought.Select(fact => (of.Customer, (IMessage)fact)))]);
        await host.DrainAsync(CancellationToken.None);

        var answer = await GetAsync(host, "value/holdout?calibrationEnd=2023-07-10");
        var split = new DateTimeOffset(2023, 7, 11, 0, 0, 0, TimeSpan.Zero);
        var known = told.Where(of => of.Bought.Any(fact => fact.OccurredAt.ToDateTimeOffset() < split)).ToList();
        Assert.That(answer.GetProperty("customers").GetInt32(), Is.EqualTo(known.Count));
        Assert.That(answer.GetProperty("actual").GetInt64(), Is.EqualTo(known.Sum(of =>
            of.Bought.Select(fact => fact.OccurredAt.ToDateTimeOffset()).Where(at => at >= split).Select(at => at.Date).Distinct().Count())));
        Assert.That(answer.GetProperty("expected").GetDouble(), Is.EqualTo(answer.GetProperty("actual").GetDouble()).Within(35).Percent);
        Assert.That(answer.GetProperty("byFrequency").GetArrayLength(), Is.EqualTo(Holdout.RepeatsTogether + 1));
    }

    private static Task TellAsync(TestHost host, FactWriter facts, Guid customer, params PurchaseRecorded[] bought) =>
        facts.WriteAsync(host, Topics.Profile, [.. bought.Select(fact => (customer, (IMessage)fact))]);

    /// <summary>Days of purchase of one customer in the last two years, some with two receipts.</summary>
    private static IEnumerable<PurchaseRecorded> Life(Random random)
    {
        var worth = 100 * Gamma.Sample(random, 3, 0.1);
        var (rate, leaves) = (Gamma.Sample(random, 1, 60), Beta.Sample(random, 0.6, 1.8));
        for (var day = (double)random.Next(-700, -100); day < 0; day += Math.Max(1, Exponential.Sample(random, rate)))
        {
            yield return Bought((int)day, 100 + (long)(worth * (0.5 + random.NextDouble())));
            if (random.Next(10) == 0)
                yield return Bought((int)day, 100);
            if (random.NextDouble() < leaves)
                yield break;
        }
    }

    private static PurchaseRecorded Bought(int day, long amount) => Receipt.Of(Today.AddDays(day), Channel.Pos, Receipt.Sale(amount));

    private static Guid Customer(int number) => new($"0b6f7a52-5f0e-7000-8000-{number:x12}");

    private static Dictionary<string, int> Named(JsonElement rfm) => rfm.GetProperty("names").EnumerateArray()
        .Where(name => name.GetProperty("customers").GetInt32() > 0)
        .ToDictionary(name => name.GetProperty("name").GetString()!, name => name.GetProperty("customers").GetInt32());

    private static Task<JsonElement> GetAsync(TestHost host, string what) => host.Http.GetFromJsonAsync<JsonElement>($"/v1/segmentation/{what}");

    private Task<TestHost> StartAsync() => TestHost.StartAsync(
        builder => builder.AddSegmentation(), app => app.MapSegmentation(), CancellationToken.None, database, start: Today);
}
