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
