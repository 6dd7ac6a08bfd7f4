using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Testing;
using static Patron.Services.Tests.Profile.Catalogue.CatalogueCalls;

namespace Patron.Services.Tests.Profile.Catalogue;

[TestFixture]
[CancelAfter(60_000)]
internal sealed class ProductTests
{
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(CancellationToken.None);

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_product_gets_a_version_with_every_change_and_none_without(CancellationToken cancellation)
    {
        var first = await TellAsync(host, cancellation, Product("V-1", "women/shoes", "Lumo"));
        var again = await TellAsync(host, cancellation, Product("V-1", "women/shoes", "Lumo"));
        var moved = await TellAsync(host, cancellation, Product("V-1", "women/shoes/boots"));
        var shown = (await GetAsync(host, "/v1/catalogue/products/V-1", cancellation))!;

        Assert.That(first.Concat(again).Concat(moved), Is.EqualTo((string[])["V-1 changed 1", "V-1 unchanged 1", "V-1 changed 2"]));
        Assert.That(((string?)shown["category"], (string?)shown["brand"], (int)shown["version"]!), Is.EqualTo(("women/shoes/boots", "Lumo", 2)));
    }

    [Test]
    public async Task What_a_product_was_at_a_past_moment_can_be_asked(CancellationToken cancellation)
    {
        await TellAsync(host, cancellation, Product("P-1", "toys", "Lumo", "2023-01-01T00:00:00Z"));
        await TellAsync(host, cancellation, Product("P-1", "gifts", "Nova", "2023-06-01T00:00:00+08:00"));

        Assert.That(await CategoryAsync("2022-12-31T23:59:59Z"), Is.Null);
        Assert.That(await CategoryAsync("2023-05-31T15:59:59Z"), Is.EqualTo("toys Lumo"));
        Assert.That(await CategoryAsync("2023-05-31T16:00:00Z"), Is.EqualTo("gifts Nova"));

        async Task<string?> CategoryAsync(string asOf) =>
            await GetAsync(host, $"/v1/catalogue/products/P-1?asOf={Uri.EscapeDataString(asOf)}", cancellation) is { } product
                ? $"{product["category"]} {product["brand"]}" : null;
    }

    [Test]
    public async Task Systems_may_tell_their_parts_in_any_order_and_what_is_older_loses(CancellationToken cancellation)
    {
        var prices = new JsonObject { ["prices"] = new JsonArray(Price("pos", 10_000), Price("eshop", 9_000)) };
        var stock = new JsonObject { ["stock"] = new JsonArray(new JsonObject { ["store"] = "hk-1", ["pieces"] = 7 }) };
        await TellAsync(host, cancellation, Product("O-1", since: "2023-03-01T00:00:00Z", more: prices));
        await TellAsync(host, cancellation, Product("O-1", since: "2023-02-01T00:00:00Z", more: stock));
        await TellAsync(host, cancellation, Product("O-1", "tea", "Nova", "2023-03-02T00:00:00Z"));
        var older = await TellAsync(
            host, cancellation,
            Product("O-1", "coffee", since: "2023-03-01T00:00:00Z", more: new JsonObject { ["prices"] = new JsonArray(Price("POS", 1)) }),
            Product("O-1", since: "2023-02-28T00:00:00Z", more: new JsonObject { ["prices"] = new JsonArray(Price("eshop", 1)) }));
        var shown = (await GetAsync(host, "/v1/catalogue/products/O-1", cancellation))!;

        Assert.That(older[1], Is.EqualTo("O-1 unchanged 5"));
        Assert.That((string?)shown["category"], Is.EqualTo("tea"));
        Assert.That((long)shown["stock"]!["hk-1"]!, Is.EqualTo(7));
        Assert.That(
            shown["price"]!.AsArray().Select(p => $"{p!["channel"]} {p["amountMinor"]}"), Is.EqualTo((string[])["eshop 9000", "pos 1"]),
            "the price list of the shops is of the same moment as the one before and corrects it; the eShop's is older");
    }

    [Test]
    public async Task A_promotion_counts_before_the_usual_price_while_it_lasts(CancellationToken cancellation)
    {
        var prices = new JsonArray(
            Price("pos", 10_000, from: "2023-01-01T00:00:00Z"), Price("pos", 8_000, "2023-05-01T00:00:00Z", "2023-05-08T00:00:00Z", "May"));
        await TellAsync(host, cancellation, Product("M-1", since: "2023-01-01T00:00:00Z", more: new JsonObject { ["prices"] = prices }));

        Assert.That(await PriceAsync("2023-04-30T23:59:59Z"), Is.EqualTo(10_000));
        Assert.That(await PriceAsync("2023-05-01T00:00:00Z"), Is.EqualTo(8_000));
        Assert.That(await PriceAsync("2023-05-08T00:00:00Z"), Is.EqualTo(10_000));

        async Task<long> PriceAsync(string asOf) =>
            (long)(await GetAsync(host, $"/v1/catalogue/products/M-1?asOf={asOf}", cancellation))!["price"]![0]!["amountMinor"]!;
    }

    [TestCase("羊毛", "S-1")]
    [TestCase("ウール", "S-1")]
    [TestCase("ｳｰﾙ", "S-1")]
    [TestCase("WOOL SC", "S-1")]
    [TestCase("s-2", "S-2")]
    [TestCase("100%", "S-2")]
    [TestCase("1_0", "")]
    public async Task Products_are_found_by_a_part_of_their_name_in_any_language(string words, string found, CancellationToken cancellation)
    {
        var wool = new JsonObject { ["names"] = new JsonObject { ["en"] = "Wool scarf", ["zh-hant-hk"] = "羊毛圍巾", ["ja"] = "ウールのマフラー" } };
        await TellAsync(
            host, cancellation, Product("S-1", "search/scarves", more: wool),
            Product("S-2", "search/shirts", more: new JsonObject { ["names"] = new JsonObject { ["en"] = "100% cotton shirt" } }));
        var page = await GetAsync(host, $"/v1/catalogue/products?category=search&q={Uri.EscapeDataString(words)}", cancellation);
        Assert.That(page!["products"]!.AsArray().Select(p => (string)p!["code"]!), Is.EqualTo(found.Length == 0 ? [] : (string[])[found]));
    }

    [Test]
    public async Task Pages_go_on_after_a_code(CancellationToken cancellation)
    {
        await TellAsync(host, cancellation, [.. Enumerable.Range(0, 25).Select(i => Product($"page-{i:00}", "pages"))]);
        var seen = new List<string>();
        for (var after = ""; ; after = seen[^1])
        {
            var page = (await GetAsync(host, $"/v1/catalogue/products?category=pages&limit=10&after={after}", cancellation))!["products"]!.AsArray();
            if (page.Count == 0)
                break;
            seen.AddRange(page.Select(p => (string)p!["code"]!));
        }
        Assert.That(seen, Is.EqualTo(Enumerable.Range(0, 25).Select(i => $"page-{i:00}")));
    }

    [Test]
    public async Task Every_wrong_field_is_named_and_nothing_of_the_call_is_taken(CancellationToken cancellation)
    {
        var wrong = new JsonObject
        {
            ["code"] = "W-2",
            ["category"] = "women//shoes",
            ["since"] = "2024-01-10T09:06:00Z",
            ["names"] = new JsonObject { ["english!"] = "x", ["en"] = " " },
            ["attributes"] = new JsonArray(new JsonObject { ["name"] = "weight", ["type"] = "ATTRIBUTE_TYPE_NUMBER", ["value"] = "heavy" }),
            ["prices"] = new JsonArray(Price("eshop", -1, "2024-02-01T00:00:00Z", "2024-01-01T00:00:00Z"), Price("e shop", 1)),
            ["stock"] = new JsonArray(new JsonObject { ["store"] = "", ["pieces"] = "many" }),
        };
        using var answer = await PutAsync(host, "products", cancellation, Product("W-1", "women"), wrong);
        var problem = await answer.JsonAsync(cancellation);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(problem["errors"]!.AsArray().Select(e => (string)e!["pointer"]!), Is.EquivalentTo((string[])
        [
            "/products/1/stock/0/pieces", "/products/1/category", "/products/1/since", "/products/1/names/english!", "/products/1/names/en",
            "/products/1/attributes/0/value", "/products/1/prices/0/amountMinor", "/products/1/prices/0/until", "/products/1/prices/1/channel",
            "/products/1/stock/0/store",
        ]));
        Assert.That(await GetAsync(host, "/v1/catalogue/products/W-1", cancellation), Is.Null);
    }

    [Test]
    public async Task A_full_catalogue_admits_no_more_products(CancellationToken cancellation)
    {
        await using var small = await ProfileHost.StartAsync(cancellation, null, ("Profile:CatalogueProductsMax", "2"));
        await TellAsync(small, cancellation, Product("a", "x"), Product("b", "x"));
        using var answer = await PutAsync(small, "products", cancellation, Product("c", "x"));
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That(await TellAsync(small, cancellation, Product("b", "y")), Is.EqualTo((string[])["b changed 2"]));
    }

    [Test]
    public async Task Stores_are_told_shown_and_remembered(CancellationToken cancellation)
    {
        var store = JsonNode.Parse(
            """
            {
              "code": "hk-tst", "since": "2023-01-01T00:00:00Z", "names": { "en": "Tsim Sha Tsui", "zh-Hant": "尖沙咀" }, "timeZone": "Asia/Hong_Kong",
              "position": { "latitude": 22.297604, "longitude": 114.172207 }, "channel": "POS",
              "openingHours": [{ "weekday": 1, "opens": "10:00", "closes": "22:00" }]
            }
            """)!;
        using var told = await PutAsync(host, "stores", cancellation, store);
        using var moved = await PutAsync(host, "stores", cancellation, new JsonObject { ["code"] = "hk-tst", ["names"] = new JsonObject { ["en"] = "TST" } });
        var now = (await GetAsync(host, "/v1/catalogue/stores/hk-tst", cancellation))!;
        var then = (await GetAsync(host, "/v1/catalogue/stores/hk-tst?asOf=2023-06-01T00:00:00Z", cancellation))!;
        var page = (await GetAsync(host, "/v1/catalogue/stores", cancellation))!;

        Assert.That((told.StatusCode, moved.StatusCode), Is.EqualTo((HttpStatusCode.OK, HttpStatusCode.OK)));
        Assert.That(((string?)now["names"]!["en"], (string?)now["names"]!["zh-Hant"], (int)now["version"]!), Is.EqualTo(("TST", "尖沙咀", 2)));
        Assert.That(((double)now["latitude"]!, (double)now["longitude"]!, (string?)now["channel"]), Is.EqualTo((22.297604, 114.172207, "pos")));
        Assert.That((string?)then["names"]!["en"], Is.EqualTo("Tsim Sha Tsui"));
        Assert.That(page["stores"]!.AsArray().Select(s => (string?)s!["code"]), Is.EqualTo((string[])["hk-tst"]));
    }

    [Test]
    public async Task Products_and_stores_come_by_the_topic_too_and_a_repeat_changes_nothing(CancellationToken cancellation)
    {
        var product = Events.Event("patron.ingest.v1.Product", "pim-1", "/pim", Product("T-1", "topic", "Nova"));
        product["data"]!["names"] = new JsonObject { ["en"] = "Tea", ["ja"] = "茶" };
        using var first = await Events.PostAsync(host.Http, product, cancellation);
        product["data"]!["names"] = new JsonObject { ["ja"] = "茶", ["en"] = "Tea" };
        using var second = await Events.PostAsync(host.Http, product, cancellation);
        Assert.That((string?)(await second.JsonAsync(cancellation))["events"]?[0]!["status"], Is.EqualTo("repeated"), "in another order it is the same");
        for (var times = 0; times < 2; times++)
            await IngestTopic.PublishAsync(host, product.ToJsonString(), cancellation);
        await IngestTopic.PublishAsync(
            host, Events.Event("patron.ingest.v1.Product", "pim-2", "/pim", Product("T-1", "topic/later", since: "2024-01-10T08:31:00Z")).ToJsonString(),
            cancellation);
        JsonNode? shown;
        do
        {
            shown = await GetAsync(host, "/v1/catalogue/products/T-1", cancellation);
        }
        while ((string?)shown?["category"] != "topic/later");
        Assert.That(((int)shown!["version"]!, (string?)shown["since"]), Is.EqualTo((2, "2024-01-10T08:31:00+00:00")));
    }

    [Test]
    public async Task A_touchpoints_key_does_not_change_the_catalogue(CancellationToken cancellation)
    {
        var key = ApiKey.Create();
        await using var guarded = await ProfileHost.StartAsync(cancellation, null, ("Api:Keys:till:Hash", key.Hash), ("Api:Keys:till:Scopes:0", "ingest"));
        using var till = new HttpClient { BaseAddress = guarded.Http.BaseAddress };
        till.DefaultRequestHeaders.Add("X-Api-Key", key.Text);
        using var answer = await Events.PostAsync(
            till, Events.Event("patron.ingest.v1.Product", "1", "/till", Product("G-1", "free")), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        Assert.That(await GetAsync(guarded, "/v1/catalogue/products/G-1", cancellation), Is.Null);
    }
}
