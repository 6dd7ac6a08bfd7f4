using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Profile;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Testing;
using static Patron.Services.Tests.Profile.Catalogue.CatalogueCalls;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile.Catalogue;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class EnrichmentTests
{
    private TestDatabase database = null!;
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        database = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        host = await ProfileHost.StartAsync(CancellationToken.None, database, ("Profile:CatalogueRefresh", "00:00:00.020"));
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        await host.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task A_purchase_leaves_with_category_and_brand_as_they_were_when_it_was_made(CancellationToken cancellation)
    {
        await TellAsync(host, cancellation, Product("E-1", "toys", "Lumo", "2023-01-01T00:00:00Z"), Product("E-2", "tea", "Nova"));
        await TellAsync(host, cancellation, Product("E-1", "gifts", "Lumo", "2024-01-05T00:00:00Z"));
        await BuyAsync(host, "before", "2024-01-04T23:59:59Z", cancellation, "E-1", "E-2", "E-unknown", "E-1");
        await BuyAsync(host, "after", "2024-01-05T00:00:00Z", cancellation, "E-1");

        Assert.That((await FactAsync(host, "before", cancellation)).Products.Select(Text), Is.EqualTo((string[])["E-1 toys Lumo", "E-2 tea Nova"]));
        Assert.That((await FactAsync(host, "after", cancellation)).Products.Select(Text), Is.EqualTo((string[])["E-1 gifts Lumo"]));
    }

    [Test]
    public async Task What_was_recorded_is_published_again_as_it_was_whatever_the_catalogue_says_by_then(CancellationToken cancellation)
    {
        await TellAsync(host, cancellation, Product("E-again", "old", "Lumo", "2023-01-01T00:00:00Z"));
        await BuyAsync(host, "again", "2024-01-09T00:00:00Z", cancellation, "E-again");
        var published = await FactAsync(host, "again", cancellation);
        await TellAsync(host, cancellation, Product("E-again", "rewritten", "Nova", "2023-01-01T00:00:00Z"));

        var stored = (await host.Service("profile").ReadStreamAsync(Guid.Parse(published.PurchaseId), cancellation)).Single();
        Assert.That(Published.FactOf(stored), Is.EqualTo(published));
    }

    [Test]
    public async Task An_unknown_product_leaves_the_purchase_bare(CancellationToken cancellation)
    {
        await BuyAsync(host, "bare", "2024-01-09T00:00:00Z", cancellation, "nobody-knows");
        Assert.That((await FactAsync(host, "bare", cancellation)).Products, Is.Empty);
    }

    [Test]
    public async Task Another_instance_and_one_that_starts_later_know_the_same_catalogue(CancellationToken cancellation)
    {
        await using (var other = await ProfileHost.StartAsync(cancellation, database))
            await TellAsync(other, cancellation, Product("E-other", "elsewhere", "Nova"));
        var index = (CatalogueIndex)host.Services.GetService(typeof(CatalogueIndex))!;
        while (!index.Knows("E-other"))
            await Task.Delay(10, cancellation);
        await BuyAsync(host, "other", "2024-01-09T00:00:00Z", cancellation, "E-other");
        await using var later = await ProfileHost.StartAsync(cancellation, database);
        await BuyAsync(later, "later", "2024-01-09T00:00:00Z", cancellation, "E-other");

        foreach (var receipt in (string[])["other", "later"])
            Assert.That((await FactAsync(host, receipt, cancellation)).Products.Select(Text), Is.EqualTo((string[])["E-other elsewhere Nova"]), receipt);
    }

    [Test]
    public void A_purchase_that_was_stored_before_there_was_a_catalogue_is_read_as_it_was()
    {
        const string Data =
            """
            {"purchase":{"id":"00000001-1234-7abc-8000-0000000000ff","source":"/pos","receipt":"R","channel":1,"store":"hk","occurredAt":
            "2011-12-09T12:50:00+00:00","currency":"HKD","lines":[["85123A",1,6,1530]]}}
            """;
        var read = (PurchaseRecorded)CustomerProfile.Events.Read("profile.purchase-recorded.v1", Data);
        Assert.That(read.Purchase.Products, Is.Null);
        Assert.That(CustomerProfile.Events.Write(read), Does.Not.Contain("products"));
    }

    private static string Text(Facts.ProductAtTheTime product) => $"{product.Product} {product.Category} {product.Brand}";

    private static async Task BuyAsync(TestHost at, string receipt, string time, CancellationToken cancellation, params string[] products)
    {
        var purchase = Events.Purchase($"enrich-{receipt}");
        purchase["time"] = time;
        purchase["data"]!["receipt"] = receipt;
        purchase["data"]!["lines"] = new JsonArray([.. products.Select(p =>
            new JsonObject { ["product"] = p, ["kind"] = "LINE_KIND_SALE", ["quantity"] = 1, ["amountMinor"] = 100 })]);
        using var answer = await Events.PostAsync(at.Http, purchase, cancellation);
        Assert.That((int)answer.StatusCode, Is.EqualTo(202));
    }

    private static async Task<Facts.PurchaseRecorded> FactAsync(TestHost at, string receipt, CancellationToken cancellation)
    {
        while (true)
        {
            var facts = (await at.ReadTopicAsync(new Topic(Topics.Profile), cancellation))
                .Where(r => r.Envelope.Type == Facts.PurchaseRecorded.Descriptor.FullName)
                .Select(r => Facts.PurchaseRecorded.Parser.ParseFrom(r.Record.Value!.Value.Span));
            if (facts.FirstOrDefault(f => f.Receipt == receipt) is { } fact)
                return fact;
            await Task.Delay(10, cancellation);
        }
    }
}
