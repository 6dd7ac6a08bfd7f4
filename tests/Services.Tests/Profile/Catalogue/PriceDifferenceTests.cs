using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Profile;
using Patron.Testing;
using static Patron.Services.Tests.Profile.Catalogue.CatalogueCalls;

namespace Patron.Services.Tests.Profile.Catalogue;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class PriceDifferenceTests
{
    private static readonly DateTimeOffset January = new(2023, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset May = new(2023, 5, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset June = new(2023, 6, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset July = new(2023, 7, 1, 0, 0, 0, TimeSpan.Zero);

    [Test]
    public void Channels_differ_since_the_last_moment_at_which_they_agreed()
    {
        ProductPrice[] prices =
        [
            Price("pos", 100, January, null), Price("eshop", 100, January, June), Price("eshop", 90, June, null),
            new("eshop", "HKD", 80, May, June, "May"),
        ];
        Assert.That(PriceDifferences.Of("A", prices, May.AddTicks(-1)), Is.Null);
        Assert.That(PriceDifferences.Of("A", prices, May)!.Since, Is.EqualTo(May));
        var after = PriceDifferences.Of("A", prices, July)!;
        Assert.That((after.DifferenceMinor, after.Since), Is.EqualTo((10L, (DateTimeOffset?)May)), "from the promotion to the new price there was no break");
    }

    [Test]
    public void Prices_without_a_beginning_differ_since_ever() =>
        Assert.That(PriceDifferences.Of("A", [Price("pos", 100, null, null), Price("eshop", 90, null, null)], July)!.Since, Is.Null);

    [Test]
    public async Task The_report_lists_each_product_whose_channels_ask_different_prices_page_by_page(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        await TellAsync(host, cancellation, [.. Enumerable.Range(0, 30).Select(i => (JsonNode)CatalogueCalls.Product(
            $"D-{i:00}", "x", more: new JsonObject
            {
                // Every third is the same everywhere, every third differs, and every third only seems to: a promotion brings it level.
                ["prices"] = new JsonArray(
                    CatalogueCalls.Price("pos", 100, "2023-01-01T00:00:00Z"),
                    CatalogueCalls.Price("tmall", i % 3 == 0 ? 100 : 120, "2023-02-01T00:00:00Z"),
                    i % 3 == 2
                        ? CatalogueCalls.Price("tmall", 100, "2023-03-01T00:00:00Z", "2023-04-01T00:00:00Z", "Spring")
                        : CatalogueCalls.Price("eshop", 100)),
            }))]);

        var spring = await PagesAsync("2023-03-15T00:00:00Z");
        var later = await PagesAsync("2023-04-15T00:00:00Z");
        Assert.That(spring.Select(d => (string)d["code"]!), Is.EqualTo(Enumerable.Range(0, 30).Where(i => i % 3 == 1).Select(i => $"D-{i:00}")));
        Assert.That(later.Select(d => (string)d["code"]!), Is.EqualTo(Enumerable.Range(0, 30).Where(i => i % 3 != 0).Select(i => $"D-{i:00}")));
        Assert.That((string?)later[1]["since"], Is.EqualTo("2023-04-01T00:00:00+00:00"), "the end of the promotion parted them again");
        Assert.That(
            later[0]["prices"]!.AsArray().Select(p => $"{p!["channel"]} {p["amountMinor"]}"), Is.EqualTo((string[])["eshop 100", "pos 100", "tmall 120"]));

        async Task<List<JsonNode>> PagesAsync(string at)
        {
            var all = new List<JsonNode>();
            for (string? after = ""; after is not null;)
            {
                var page = (await GetAsync(host, $"/v1/catalogue/price-differences?currency=HKD&limit=4&at={at}&after={after}", cancellation))!;
                Assert.That(page["differences"]!.AsArray(), Has.Count.LessThanOrEqualTo(4));
                all.AddRange(page["differences"]!.AsArray().Select(d => d!));
                after = (string?)page["next"];
            }
            return all;
        }
    }

    [Test]
    public async Task A_promotion_is_named_with_its_dates(CancellationToken cancellation)
    {
        await using var host = await ProfileHost.StartAsync(cancellation);
        await TellAsync(host, cancellation, CatalogueCalls.Product("P", "x", more: new JsonObject
        {
            ["prices"] = new JsonArray(
                CatalogueCalls.Price("pos", 100), CatalogueCalls.Price("eshop", 80, "2024-01-01T00:00:00Z", "2024-02-01T00:00:00Z", "New Year")),
        }));
        var report = (await GetAsync(host, "/v1/catalogue/price-differences?currency=HKD", cancellation))!["differences"]![0]!;
        var promotion = report["prices"]![0]!["promotion"]!;
        Assert.That(
            ((string?)promotion["name"], (string?)promotion["from"], (string?)promotion["until"]),
            Is.EqualTo(("New Year", "2024-01-01T00:00:00+00:00", "2024-02-01T00:00:00+00:00")));
        Assert.That(((long)report["differenceMinor"]!, (string?)report["since"]), Is.EqualTo((20L, "2024-01-01T00:00:00+00:00")));
    }

    private static ProductPrice Price(string channel, long minor, DateTimeOffset? from, DateTimeOffset? until) => new(channel, "HKD", minor, from, until, null);
}
