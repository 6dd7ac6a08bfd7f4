using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Each kind of bad input is answered with the field that is wrong and the reason, in words that help.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class ValidationTests
{
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(
        CancellationToken.None, null, ("Profile:Currencies:0", "HKD"), ("Profile:EventsMax", "3"), ("Profile:BodyBytesMax", "4096"));

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    private static IEnumerable<TestCaseData> WrongPurchases()
    {
        yield return Wrong("a version of CloudEvents that is not known", e => e["specversion"] = "0.3",
            "/specversion", "This must be the text 1.0: the version of CloudEvents.");
        yield return Wrong("a missing source", e => e.Remove("source"), "/source", "Name the touchpoint, such as /pos/hk, in 1 to 256 characters.");
        yield return Wrong("a missing id", e => e.Remove("id"), "/id", "Name the event's id, unique within its source, in 1 to 256 characters.");
        yield return Wrong("a missing time", e => e.Remove("time"), "/time", "Say when it happened, such as 2024-03-01T10:15:00+08:00.");
        yield return Wrong("a time without its offset", e => e["time"] = "2024-01-10T08:30:00",
            "/time", "This is not a time with its offset as in RFC 3339, such as 2024-03-01T10:15:00+08:00.");
        yield return Wrong("a future time", e => e["time"] = "2024-01-10T09:05:01Z",
            "/time", "This is in the future: it is 2024-01-10T09:00:00Z here, and 5 minutes ahead are tolerated.");
        yield return Wrong("a time from a clock that was never set", e => e["time"] = "1970-01-01T00:00:00Z",
            "/time", "This is before 2000-01-01, the earliest time taken; check the clock of the touchpoint.");
        yield return Wrong("an unknown type", e => e["type"] = "patron.ingest.v1.Refund",
            "/type", "This type of event is not known: take patron.ingest.v1.Purchase, patron.ingest.v1.CustomerUpdate, patron.ingest.v1.Product, " +
            "patron.ingest.v1.Store or one that GET /v1/event-types lists, or register it there.");
        yield return Wrong("no data", e => e.Remove("data"), "/data", "The event has no data; send a patron.ingest.v1.Purchase.");
        yield return Wrong("data in base64", e => e["data_base64"] = "e30=", "/data_base64", "Send the data as JSON in 'data'; base64 is not taken.");
        yield return Wrong("data that is no JSON", e => e["datacontenttype"] = "text/xml", "/datacontenttype", "The data must be application/json.");
        yield return Wrong("an unknown attribute", e => e["Source"] = "x",
            "/Source", "This is no attribute: their names have 1 to 20 small letters and digits.");
        yield return Wrong("an unknown field", e => e["data"]!["total"] = 12, "/data/total", "patron.ingest.v1.Purchase has no field of this name.");
        yield return Wrong("an unknown field with a slash", e => Line(e)["a/b~c"] = 1,
            "/data/lines/0/a~1b~0c", "patron.ingest.v1.Line has no field of this name.");
        yield return Wrong("a number in place of a text", e => e["data"]!["receipt"] = 12, "/data/receipt", "This must be a text in double quotes.");
        yield return Wrong("an object in place of an array", e => e["data"]!["lines"] = new JsonObject(), "/data/lines", "This must be an array.");
        yield return Wrong("no receipt", e => e["data"]!["receipt"] = " ", "/data/receipt",
            "This must be the number on the receipt, 1 to 64 characters without control characters.");
        yield return Wrong("a return of a purchase by its receipt and its id",
            e => e["data"]!["returnsOf"] = new JsonObject { ["receipt"] = "R", ["id"] = "1" },
            "/data/returnsOf", "Name the purchase by its receipt or by its event's id: one of both.");
        yield return Wrong("a return of a purchase by nothing", e => e["data"]!["returnsOf"] = new JsonObject { ["source"] = "/pos/hk" },
            "/data/returnsOf", "Name the purchase by its receipt or by its event's id: one of both.");
        yield return Wrong("no channel", e => e["data"]!.AsObject().Remove("channel"),
            "/data/channel", "Say where it was bought: CHANNEL_POS or CHANNEL_ESHOP.");
        yield return Wrong("an unknown channel", e => e["data"]!["channel"] = "CHANNEL_FAX",
            "/data/channel", "This must be one of CHANNEL_POS, CHANNEL_ESHOP.");
        yield return Wrong("an unknown currency", e => e["data"]!["currency"] = "HKX",
            "/data/currency", "This is not a currency code of ISO 4217, such as GBP.");
        yield return Wrong("a currency in small letters", e => e["data"]!["currency"] = "hkd",
            "/data/currency", "This is not a currency code of ISO 4217, such as GBP.");
        yield return Wrong("a currency that is not the brand's", e => e["data"]!["currency"] = "GBP",
            "/data/currency", "This brand does not sell in GBP, only in HKD.");
        yield return Wrong("no lines", e => e["data"]!["lines"] = new JsonArray(), "/data/lines", "A purchase has 1 to 5000 lines, not 0.");
        yield return Wrong("no pieces", e => Line(e)["quantity"] = 0, "/data/lines/0/quantity", "The quantity must be from 1 to 1000000, whatever the kind.");
        yield return Wrong("too many pieces", e => Line(e)["quantity"] = 1_000_001,
            "/data/lines/0/quantity", "The quantity must be from 1 to 1000000, whatever the kind.");
        yield return Wrong("half a piece", e => Line(e)["quantity"] = 0.5,
            "/data/lines/0/quantity", "This must be a whole number from -2147483648 to 2147483647.");
        yield return Wrong("a sale that gives money back", e => Line(e)["amountMinor"] = -1,
            "/data/lines/0/amountMinor", "The amount of a sale is not negative; goods that come back are LINE_KIND_RETURN.");
        yield return Wrong("a return that costs money", e => Line(e)["kind"] = "LINE_KIND_RETURN",
            "/data/lines/0/amountMinor", "The amount of a return is not positive: the money goes back to the customer.");
        yield return Wrong("an amount beyond reason", e => Line(e)["amountMinor"] = "1000000000001",
            "/data/lines/0/amountMinor", "The amount must be from -1000000000000 to 1000000000000 minor units.");
        yield return Wrong("no product", e => Line(e).Remove("product"),
            "/data/lines/0/product", "A product code has 1 to 64 characters and no control characters.");
        yield return Wrong("no kind", e => Line(e).Remove("kind"),
            "/data/lines/0/kind", "Say what the line is: LINE_KIND_SALE, LINE_KIND_RETURN, LINE_KIND_FEE or LINE_KIND_ADJUSTMENT.");
        yield return Wrong("a wrong e-mail address", e => e["data"]!["customer"] = new JsonObject { ["email"] = "anna@" },
            "/data/customer/email", "This is not an e-mail address.");
        yield return Wrong("a local phone number", e => e["data"]!["customer"] = new JsonObject { ["phone"] = "9123 4567" },
            "/data/customer/phone", "This is not a phone number in E.164, such as +85291234567; to write it without a plus sign, name the country.");
    }

    private static IEnumerable<TestCaseData> WrongUpdates()
    {
        yield return Wrong("nobody named", e => e["data"]!.AsObject().Remove("customer"),
            "/data/customer", "Name the customer by at least one identifier, such as loyaltyCard, shopCustomerId, phone or email.", update: true);
        yield return Wrong("a wrong language", e => e["data"]!["language"] = "english",
            "/data/language", "This is not a language tag of BCP 47, such as zh-Hant-HK.", update: true);
        yield return Wrong("a wrong time zone", e => e["data"]!["timeZone"] = "Asia/Kowloon",
            "/data/timeZone", "This is not a time zone of the IANA database, such as Asia/Hong_Kong.", update: true);
        yield return Wrong("a wrong country", e => e["data"]!["country"] = "UK",
            "/data/country", "This is not a country code of ISO 3166-1 alpha-2, such as HK.", update: true);
        yield return Wrong("a name with a control character", e => e["data"]!["givenName"] = "An\u0000na",
            "/data/givenName", "A name has at most 200 characters and no control characters.", update: true);
        yield return Wrong("consent by fax", e => e["data"]!["consents"] = new JsonArray(Consent("fax", "CONSENT_STATE_GRANTED", "w")),
            "/data/consents/0/channel", "The channel must be email, sms or wechat.", update: true);
        yield return Wrong("a grant without its wording", e => e["data"]!["consents"] = new JsonArray(Consent("sms", "CONSENT_STATE_GRANTED", "")),
            "/data/consents/0/wording", "A grant names the wording that was shown, in 1 to 128 characters.", update: true);
        yield return Wrong("two decisions on one consent",
            e => e["data"]!["consents"] = new JsonArray(Consent("sms", "CONSENT_STATE_GRANTED", "w"), Consent("sms", "CONSENT_STATE_WITHDRAWN", "")),
            "/data/consents/1", "This channel and purpose are named twice; name them once.", update: true);
    }

    [TestCaseSource(nameof(WrongPurchases))]
    [TestCaseSource(nameof(WrongUpdates))]
    public async Task A_wrong_event_is_answered_with_the_field_and_the_reason(JsonObject wrong, string pointer, string detail)
    {
        using var answer = await Events.PostAsync(host.Http, wrong.DeepClone(), CancellationToken.None);
        var problem = await answer.JsonAsync(CancellationToken.None);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That(
            problem["errors"]!.AsArray().Select(e => ((string?)e!["pointer"], (string?)e["detail"])), Is.EqualTo(((string?, string?)[])[(pointer, detail)]));
    }

    [Test]
    public async Task Every_wrong_field_of_a_call_is_listed(CancellationToken cancellation)
    {
        var first = Events.Purchase("many-1");
        first.Remove("id");
        first["data"]!["currency"] = "XXX";
        var second = Events.Purchase("many-2", phone: "1");
        second["data"]!["lines"]![1]!["quantity"] = -4;
        using var answer = await Events.PostAsync(host.Http, new JsonArray(first, 7, second), cancellation);
        var problem = await answer.JsonAsync(cancellation);

        Assert.That(
            problem["errors"]!.AsArray().Select(e => (string?)e!["pointer"]),
            Is.EqualTo((string[])["/0/id", "/0/data/currency", "/1", "/2/data/customer/phone", "/2/data/lines/1/quantity"]));
    }

    [TestCase("{ \"specversion\": ", "This is not JSON, or nested too deeply (line 1, byte 18).")]
    [TestCase("{\"id\":\"1\",\"id\":\"2\"}", "This is not JSON that can be taken: every name of an object may occur once.")]
    public async Task Malformed_JSON_is_answered_with_its_place(string body, string detail)
    {
        using var answer = await Events.PostAsync(host.Http, body, Events.Structured, CancellationToken.None);
        var error = (await answer.JsonAsync(CancellationToken.None))["errors"]![0]!;
        Assert.That(((int)answer.StatusCode, (string?)error["pointer"], (string?)error["detail"]), Is.EqualTo((400, "", detail)));
    }

    [Test]
    public async Task A_body_that_is_too_large_is_refused(CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, new string(' ', 5_000) + "{}", Events.Structured, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
        Assert.That(answer.Content.Headers.ContentType?.MediaType, Is.EqualTo("application/problem+json"));
    }

    [Test]
    public async Task More_events_than_a_call_may_carry_are_refused(CancellationToken cancellation)
    {
        using var answer = await Events.PostAsync(host.Http, Events.Many(4, i => Events.Purchase(Events.Id(i))), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.RequestEntityTooLarge));
        Assert.That((string?)(await answer.JsonAsync(cancellation))["detail"], Is.EqualTo("Send at most 3 events in one call."));
    }

    [Test]
    public async Task A_body_of_another_content_type_is_refused()
    {
        using var answer = await Events.PostAsync(host.Http, "{}", "text/plain", CancellationToken.None);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.UnsupportedMediaType));
    }

    [Test]
    public async Task A_wrong_header_in_binary_mode_is_named(CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/events");
        request.Content = new StringContent(Events.Purchase("b")["data"]!.ToJsonString(), Encoding.UTF8, "application/json");
        request.Headers.Add("ce-specversion", "1.0");
        request.Headers.Add("ce-type", "patron.ingest.v1.Purchase");
        request.Headers.Add("ce-source", "/pos/hk");
        request.Headers.Add("ce-time", "yesterday");
        using var answer = await host.Http.SendAsync(request, cancellation);
        var problem = await answer.JsonAsync(cancellation);
        Assert.That(problem["errors"]!.AsArray().Select(e => (string?)e!["pointer"]), Is.EqualTo((string[])["ce-id", "ce-time"]));
    }

    private static JsonObject Line(JsonObject purchase) => purchase["data"]!["lines"]![0]!.AsObject();

    private static JsonObject Consent(string channel, string state, string wording) =>
        new() { ["channel"] = channel, ["purpose"] = "marketing", ["state"] = state, ["wording"] = wording };

    private static TestCaseData Wrong(string what, Action<JsonObject> spoil, string pointer, string detail, bool update = false)
    {
        var wrong = update ? Events.Update("wrong", card: "C-wrong") : Events.Purchase("wrong");
        spoil(wrong);
        return new TestCaseData(wrong, pointer, detail).SetArgDisplayNames(what);
    }
}
