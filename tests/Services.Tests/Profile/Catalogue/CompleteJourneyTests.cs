using System.IO.Compression;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Services.Tests.Profile.Import;
using Patron.Testing;
using static Patron.Services.Tests.Profile.Catalogue.CatalogueCalls;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile.Catalogue;

/// <summary>The grocer's whole catalogue and its till receipts (Complete Journey, CC0), through the public door.</summary>
[TestFixture]
[CancelAfter(600_000)]
internal sealed class CompleteJourneyTests
{
    private const int Products = 92_331;
    private const int UnknownLines = 222;

    [Test]
    public async Task Ninety_thousand_products_go_in_and_enrich_real_receipts(CancellationToken cancellation)
    {
        var products = await UnpackedAsync("completejourney_products.csv.gz", cancellation);
        var transactions = await UnpackedAsync("completejourney_transactions_sample.csv.gz", cancellation);
        await using var host = await ProfileHost.StartAsync(cancellation);
        using var catalogue = new ImportFile("products.csv", products);
        using var receipts = new ImportFile("purchases.csv", transactions);

        var watch = System.Diagnostics.Stopwatch.StartNew();
        var told = await catalogue.ImportAsync(
            host, cancellation, "--map",
            "product_id=code,department=categoryLevel,product_category=categoryLevel,product_type=categoryLevel,brand=brand,package_size=attribute.size");
        await TestContext.Progress.WriteLineAsync($"{Products:#,##0} products in {watch.Elapsed.TotalSeconds:0.0} s");
        watch.Restart();
        var bought = await receipts.ImportAsync(
            host, cancellation, "--map",
            "household_id=loyaltyCard,store_id=store,basket_id=receipt,product_id=product,quantity=quantity,sales_value=amount,transaction_timestamp=time,"
                + "basket_id=id,product_id=id,'USD'=currency,'POS'=channel");
        await TestContext.Progress.WriteLineAsync($"75,000 lines of receipts in {watch.Elapsed.TotalSeconds:0.0} s");
        await host.DrainAsync(cancellation);
        var one = (await GetAsync(host, "/v1/catalogue/products/26190", cancellation))!;
        var (known, unknown) = await CountAsync(host, cancellation);

        Assert.That(told.Output, Does.StartWith("92,331 products went in"));
        Assert.That(bought.Output, Does.Contain("purchases went in"));
        Assert.That(((string?)one["category"], (string?)one["brand"]), Is.EqualTo(("GROCERY/FRUIT - SHELF STABLE/APPLE SAUCE", "Private")));
        Assert.That(unknown, Is.LessThanOrEqualTo(UnknownLines), "lines of products that the catalogue does not list");
        Assert.That(known, Is.GreaterThan(70_000));
    }

    private static async Task<(int Known, int Unknown)> CountAsync(TestHost host, CancellationToken cancellation)
    {
        var lines = (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation))
            .Where(r => r.Envelope.Type == Facts.PurchaseRecorded.Descriptor.FullName)
            .Select(r => Facts.PurchaseRecorded.Parser.ParseFrom(r.Record.Value!.Value.Span))
            .SelectMany(f => f.Lines.Select(l => f.Products.Any(p => p.Product == l.Product && p.Brand.Length > 0))).ToList();
        return (lines.Count(k => k), lines.Count(k => !k));
    }

    private static async Task<string> UnpackedAsync(string name, CancellationToken cancellation)
    {
        var folder = Environment.GetEnvironmentVariable("PATRON_DATA");
        if (string.IsNullOrEmpty(folder))
            Assert.Ignore($"PATRON_DATA does not name a folder with {name}, so the grocer's catalogue is not loaded.");
        await using var packed = new GZipStream(File.OpenRead(Path.Combine(FromTheCheckout(folder!), name)), CompressionMode.Decompress);
        using var text = new StreamReader(packed);
        return await text.ReadToEndAsync(cancellation);
    }

    /// <summary>A test runs in its output folder, so a relative folder is taken from where the solution is.</summary>
    private static string FromTheCheckout(string folder) => Path.GetFullPath(folder, Patron.Tool.Checkout.Find().Folder);
}
