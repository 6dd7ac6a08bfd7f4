using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Loyalty;
using Patron.Runtime.EventLog;
using Patron.Testing;
using Facts = Patron.Contracts.Loyalty.V1;

namespace Patron.Services.Tests.Loyalty;

/// <summary>Loyalty alone in a host, over PostgreSQL: facts in by the log, HTTP, facts out.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class LoyaltyServiceTests
{
    private static readonly Topic Profile = new(Topics.Profile);
    private static readonly Topic Loyalty = new(Topics.Loyalty);

    [Test]
    [CancelAfter(60_000)]
    public async Task A_purchase_and_a_return_become_points_facts_figures_and_a_story(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var anna = NewCustomer();
        await PublishAsync(host, anna, Sale(1, "SOFA", 2, 60_000), cancellation);
        await PublishAsync(host, anna, Back(2, "SOFA", 1), cancellation);
        await PublishAsync(host, anna, Back(3, "LAMP", 4), cancellation);
        await PublishAsync(host, NewCustomer(), new PurchaseRecorded(Sale(4, "MUG", 1, 500)) { Anonymous = true }, cancellation);
        await host.DrainAsync(cancellation);

        var ledger = await GetAsync(host, $"/v1/loyalty/customers/{anna}", cancellation);
        Assert.That((long)ledger["balance"]!, Is.EqualTo(300));
        Assert.That((string)ledger["tier"]!, Is.EqualTo("silver"));
        Assert.That((long)ledger["nextTier"]!["spendMissingMinor"]!, Is.EqualTo(170_000));
        Assert.That(ledger["lots"]!.AsArray(), Has.Count.EqualTo(1));
        Assert.That((string)ledger["openReturns"]![0]!["product"]!, Is.EqualTo("LAMP"));

        var facts = await host.ReadTopicAsync(Loyalty, cancellation);
        Assert.That(
            facts.Select(fact => fact.Envelope.Type.Split('.')[^1]), Is.EqualTo(new[] { "PointsEarned", "TierChanged", "PointsReversed", "ReturnUnmatched" }));
        Assert.That(facts.Select(fact => fact.Record.Key), Is.All.EqualTo(anna.ToString("D")));
        Assert.That(Facts.PointsReversed.Parser.ParseFrom(facts[2].Record.Value!.Value.Span).Balance, Is.EqualTo(300));

        var figures = await FiguresAsync(host, cancellation);
        Assert.That(figures["members"], Is.EqualTo(1));
        Assert.That((figures["points issued"], figures["points reversed"], figures["points outstanding"]), Is.EqualTo((600L, 300L, 300L)));
        Assert.That((figures["members in tier silver"], figures["pieces of open unmatched returns"]), Is.EqualTo((1L, 4L)));
        Assert.That(figures.Keys, Does.Not.Contain("members in tier member"));

        var story = (await GetAsync(host, $"/v1/loyalty/customers/{anna}/timeline", cancellation)).AsArray();
        Assert.That(story.Select(entry => (string)entry!["what"]!), Has.One.EqualTo("Tier changed from member to silver"));
        Assert.That(story.Select(entry => (string)entry!["why"]!), Has.Some.Contains("600.00 GBP of goods as member"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Purchases_and_returns_of_new_customers_in_one_burst_all_match(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customers = Enumerable.Range(0, 40).Select(_ => NewCustomer()).ToList();
        foreach (var (index, customer) in customers.Index())
        {
            await PublishAsync(host, customer, Sale(2 * index, "MUG", 2, 1_000), cancellation);
            await PublishAsync(host, customer, Back((2 * index) + 1, "MUG", 1), cancellation);
        }

        await host.DrainAsync(cancellation);
        var figures = await FiguresAsync(host, cancellation);
        Assert.That((figures["members"], figures["points issued"], figures["points reversed"]), Is.EqualTo((40L, 400L, 200L)));
        Assert.That(figures["pieces of open unmatched returns"], Is.Zero);
        Assert.That(figures["members in tier member"], Is.EqualTo(40));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_redemption_is_done_once_per_key_and_refused_beyond_the_balance(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var anna = NewCustomer();
        await PublishAsync(host, anna, Sale(1, "MUG", 1, 10_000), cancellation);
        await host.DrainAsync(cancellation);

        var first = await RedeemAsync(host, anna, "key-1", 60, cancellation);
        var again = await RedeemAsync(host, anna, "key-1", 60, cancellation);
        Assert.That((first.Status, again.Status), Is.EqualTo((HttpStatusCode.OK, HttpStatusCode.OK)));
        Assert.That((long)first.Body["balance"]!, Is.EqualTo(40));
        Assert.That(again.Body.ToJsonString(), Is.EqualTo(first.Body.ToJsonString()));

        await AssertRefusedAsync(host, anna, "key-1", 61, HttpStatusCode.Conflict, "idempotency-key-reused", cancellation);
        await AssertRefusedAsync(host, anna, "key-2", 41, HttpStatusCode.Conflict, "not-enough-points", cancellation);
        await AssertRefusedAsync(host, anna, "key-3", -1, HttpStatusCode.BadRequest, "points-out-of-range", cancellation);
        await AssertRefusedAsync(host, anna, null, 1, HttpStatusCode.BadRequest, "invalid-request", cancellation);
        await AssertRefusedAsync(host, NewCustomer(), "key-4", 1, HttpStatusCode.NotFound, "no-ledger", cancellation);

        var figures = await FiguresAsync(host, cancellation);
        Assert.That((figures["points redeemed"], figures["points outstanding"]), Is.EqualTo((60L, 40L)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Tills_that_race_for_the_same_points_never_spend_more_than_there_are(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var anna = NewCustomer();
        await PublishAsync(host, anna, Sale(1, "MUG", 1, 10_000), cancellation);
        await host.DrainAsync(cancellation);

        var tries = await Task.WhenAll(Enumerable.Range(0, 30).Select(till => RedeemAsync(host, anna, $"till-{till}", 30, cancellation)));
        Assert.That(tries.Count(answer => answer.Status == HttpStatusCode.OK), Is.EqualTo(3));
        Assert.That((long)(await GetAsync(host, $"/v1/loyalty/customers/{anna}", cancellation))["balance"]!, Is.EqualTo(10));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Points_expire_at_the_cut_off_and_a_tier_falls_at_its_review_by_timers(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var anna = NewCustomer();
        await PublishAsync(host, anna, Sale(1, "SOFA", 1, 60_000), cancellation);
        await host.DrainAsync(cancellation);

        var cutOff = new DateTimeOffset(2025, 1, 11, 0, 0, 0, TimeSpan.Zero);
        await host.AdvanceToAsync(cutOff.AddSeconds(-1), cancellation);
        Assert.That((long)(await GetAsync(host, $"/v1/loyalty/customers/{anna}", cancellation))["balance"]!, Is.EqualTo(600));

        await host.AdvanceToAsync(cutOff.AddMonths(13), cancellation);
        var ledger = await GetAsync(host, $"/v1/loyalty/customers/{anna}", cancellation);
        Assert.That(((long)ledger["balance"]!, (string)ledger["tier"]!), Is.EqualTo((0L, "member")));

        var facts = (await host.ReadTopicAsync(Loyalty, cancellation)).Select(fact => (fact.Envelope.Type.Split('.')[^1], fact.Envelope.Time)).ToList();
        Assert.That(facts, Does.Contain(("PointsExpired", cutOff)));
        Assert.That(facts[^1], Is.EqualTo(("TierChanged", new DateTimeOffset(2026, 1, 12, 0, 0, 0, TimeSpan.Zero))));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task An_unknown_customer_has_no_ledger_and_an_empty_story(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var nobody = NewCustomer();
        using var answer = await host.Http.GetAsync(new Uri($"/v1/loyalty/customers/{nobody}", UriKind.Relative), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That((await GetAsync(host, $"/v1/loyalty/customers/{nobody}/timeline", cancellation)).AsArray(), Is.Empty);
        Assert.That((await FiguresAsync(host, cancellation))["members"], Is.Zero);
    }

    private static Task<TestHost> StartAsync(CancellationToken cancellation) =>
        TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation);

    private static Guid NewCustomer() => Guid.CreateVersion7(TestHost.Start);

    private static Task PublishAsync(TestHost host, Guid customer, PurchaseRecorded fact, CancellationToken cancellation) =>
        host.PublishAsync(Profile, "profile", customer, fact, cancellation);

    private static PurchaseRecorded Sale(int receipt, string product, int quantity, long minor) => Document(
        receipt, new Line { Product = product, Kind = LineKind.Sale, Quantity = quantity, AmountMinor = minor });

    private static PurchaseRecorded Back(int receipt, string product, int quantity) => Document(
        receipt, new Line { Product = product, Kind = LineKind.Return, Quantity = quantity, AmountMinor = -1 });

    private static PurchaseRecorded Document(int receipt, Line line) => new()
    {
        PurchaseId = LedgerStories.Receipt(receipt).ToString(),
        Source = "pos",
        Currency = "GBP",
        OccurredAt = TestHost.Start.AddSeconds(receipt).ToTimestamp(),
        Lines = { line },
    };

    private static async Task<JsonNode> GetAsync(TestHost host, string path, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonNode>(new Uri(path, UriKind.Relative), cancellation))!;

    private static async Task<Dictionary<string, long>> FiguresAsync(TestHost host, CancellationToken cancellation) =>
        (await GetAsync(host, "/v1/loyalty/figures", cancellation)).AsArray()
        .ToDictionary(figure => (string)figure!["name"]!, figure => (long)figure!["value"]!);

    private static async Task<(HttpStatusCode Status, JsonNode Body)> RedeemAsync(
        TestHost host, Guid customer, string? key, long points, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"/v1/loyalty/customers/{customer}/redemptions", UriKind.Relative));
        request.Content = JsonContent.Create(new { points, reason = "voucher-5-gbp" });
        if (key is not null)
            request.Headers.Add("Idempotency-Key", key);
        using var answer = await host.Http.SendAsync(request, cancellation);
        return (answer.StatusCode, (await answer.Content.ReadFromJsonAsync<JsonNode>(cancellation))!);
    }

    private static async Task AssertRefusedAsync(
        TestHost host, Guid customer, string? key, long points, HttpStatusCode status, string code, CancellationToken cancellation)
    {
        var answer = await RedeemAsync(host, customer, key, points, cancellation);
        Assert.That((answer.Status, ((string)answer.Body["type"]!).Split('/')[^1]), Is.EqualTo((status, code)));
    }
}
