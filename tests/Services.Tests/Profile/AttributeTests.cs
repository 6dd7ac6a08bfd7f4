using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.Privacy;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>What touchpoints tell of a customer's attributes, and what profile makes of it, through its public face.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class AttributeTests
{
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(CancellationToken.None, settings: ("Api:Keys:test:Scopes:6", "personal"));

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task Attributes_are_shown_with_their_origin_and_where_the_customer_may_be_known_by_them_only_to_who_may(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "A-ORIGIN");
        await anna.AttributesAsync(7, "/web", cancellation, ("birth_date", "2001-05-31"), ("city", " 香港　島 "), ("shoe_size", "３８"));
        var shown = (await anna.ReadAsync("attributes", cancellation))["attributes"]!.AsArray().ToDictionary(a => (string)a!["key"]!);

        Assert.That((string?)shown["city"]!["value"], Is.EqualTo("香港 島"));
        Assert.That((string?)shown["shoe_size"]!["value"], Is.EqualTo("38"));
        Assert.That((string?)shown["birth_date"]!["value"], Is.EqualTo("2001-05-31"));
        Assert.That((string?)shown["birth_date"]!["labels"]!["zh-Hant"], Is.EqualTo("出生日期"));
        Assert.That((string?)shown["city"]!["source"], Is.EqualTo("/web"));
        Assert.That((DateTimeOffset)shown["city"]!["toldAt"]!, Is.EqualTo(TestHost.Start.AddHours(-2)));
        Assert.That((DateTimeOffset)shown["city"]!["recordedAt"]!, Is.EqualTo(TestHost.Start));

        await using var masked = await ProfileHost.StartAsync(cancellation);
        var bert = new ToldCustomer(masked, "A-MASKED");
        await bert.AttributesAsync(7, "/web", cancellation, ("birth_date", "2001-05-31"), ("shoe_size", "38"));
        var less = (await bert.ReadAsync("attributes", cancellation))["attributes"]!.AsArray().ToDictionary(a => (string)a!["key"]!);
        Assert.That((string?)less["birth_date"]!["value"], Is.EqualTo("***"));
        Assert.That((string?)less["shoe_size"]!["value"], Is.EqualTo("38"));
    }

    [Test]
    public async Task The_history_tells_every_value_and_why_another_was_passed_over(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "A-HISTORY");
        await anna.AttributesAsync(5, "/web", cancellation, ("city", "Central"));
        await anna.AttributesAsync(7, "/pos/hk", cancellation, ("city", "Kowloon"));
        await anna.AttributesAsync(6, "/crm", cancellation, ("city", "Tai Po"), ("postal_code", "0000"));
        await anna.AttributesAsync(8, "/crm", cancellation, ("city", "Kowloon"));
        var told = (await anna.ReadAsync("attributes/history", cancellation))["told"]!.AsArray();

        var lines = told.Select(t => $"{t!["key"]} {t["outcome"]} {t["value"]} {t["source"]}".Replace("  ", " ", StringComparison.Ordinal));
        Assert.That(lines, Is.EqualTo((string[])
        [
            "city confirmed /crm", "postal_code placeholder /crm", "city older /crm", "city changed Kowloon /pos/hk", "city changed Central /web",
        ]));
    }

    [Test]
    public async Task Empty_texts_and_placeholders_never_overwrite(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "A-EMPTY");
        var data = ToldCustomer.Attributes(("city", "Central"));
        data["givenName"] = "ANNA";
        await anna.UpdateAsync(5, cancellation, data);
        var nothing = ToldCustomer.Attributes(("city", "  "));
        nothing["givenName"] = "test";
        await anna.UpdateAsync(6, cancellation, nothing);
        var shown = (await anna.ReadAsync("attributes", cancellation))["attributes"]!.AsArray();
        Assert.That(shown.Select(a => (string?)a!["value"]), Is.EquivalentTo((string[])["Anna", "Central"]));
    }

    [TestCase("hat_size", "56", "No attribute of this key is declared; GET /v1/attributes lists them.")]
    [TestCase("email", "a@example.com", "No attribute of this key is declared; GET /v1/attributes lists them.")]
    [TestCase("birth_date", "31.5.2001", "This must be a day such as 2001-05-31, from 1900 on.")]
    [TestCase("gender", "lady", "This must be one of female, male, other, undisclosed.")]
    public async Task A_wrong_attribute_is_answered_with_its_place_and_the_reason(string key, string value, string detail)
    {
        using var answer = await new ToldCustomer(host, "A-WRONG").PostAsync(5, CancellationToken.None, ToldCustomer.Attributes((key, value)));
        var error = (await answer.JsonAsync(CancellationToken.None))["errors"]!.AsArray().Single()!;
        Assert.That(
            ((int)answer.StatusCode, (string?)error["pointer"], (string?)error["detail"]), Is.EqualTo((400, $"/data/attributes/{key}", detail)));
    }

    [Test]
    public async Task A_brand_declares_an_attribute_and_which_source_goes_before(CancellationToken cancellation)
    {
        var declared = new JsonObject
        {
            ["type"] = "number",
            ["labels"] = new JsonObject { ["en"] = "Hat size", ["zh-Hant"] = "帽碼" },
            ["personal"] = false,
            ["priority"] = new JsonArray("/crm", "/pos", "/web"),
        };
        using (var answer = await ToldCustomer.PutAsync(host, "/v1/attributes/cap_size", declared, cancellation))
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK), await answer.Content.ReadAsStringAsync(cancellation));
        var anna = new ToldCustomer(host, "A-DECLARED");
        await anna.AttributesAsync(5, "/crm", cancellation, ("cap_size", "56.0"));
        await anna.AttributesAsync(6, "/web", cancellation, ("cap_size", "57"));
        var shown = (await anna.ReadAsync("attributes", cancellation))["attributes"]!.AsArray().Single()!;
        Assert.That(((string?)shown["value"], (string?)shown["source"]), Is.EqualTo(("56", "/crm")));

        declared["type"] = "text";
        using var other = await ToldCustomer.PutAsync(host, "/v1/attributes/cap_size", declared, cancellation);
        Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        using var nameless = await ToldCustomer.PutAsync(host, "/v1/attributes/Cap", new JsonObject { ["type"] = "choice" }, cancellation);
        Assert.That(
            (await nameless.JsonAsync(cancellation))["errors"]!.AsArray().Select(e => (string?)e!["pointer"]),
            Is.EqualTo((string[])["key", "/labels", "/values"]));
    }

    [Test]
    public async Task Another_instance_knows_what_was_declared(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var one = await ProfileHost.StartAsync(cancellation, database);
        await using var other = await ProfileHost.StartAsync(cancellation, database, ("Consent:RegistriesEvery", "00:00:00.05"));
        using (await ToldCustomer.PutAsync(
            one, "/v1/attributes/pet", new JsonObject { ["type"] = "text", ["labels"] = new JsonObject { ["en"] = "Pet" } }, cancellation))
        {
            while (!(await ToldCustomer.ReadAsync(other, "/v1/attributes", cancellation))["attributes"]!.AsArray().Any(a => (string?)a!["key"] == "pet"))
                await Task.Delay(10, cancellation);
        }
    }

    [Test]
    public async Task Updates_at_the_same_moment_in_any_order_leave_the_newest_value_of_each_attribute(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "A-RACE");
        await anna.UpdateAsync(0, cancellation);
        // Seconds differ: 40 calls from two sources, each of which tells one attribute or both.
        var updates = Enumerable.Range(1, 40).Select(i =>
        {
            var told = i % 3 == 0 ? ToldCustomer.Attributes(("city", $"city {i:00}"), ("region", $"region {i:00}"))
                : i % 3 == 1 ? ToldCustomer.Attributes(("city", $"city {i:00}"))
                : ToldCustomer.Attributes(("region", $"region {i:00}"));
            var update = Events.Update($"race-{i}", card: "A-RACE", data: told);
            update["time"] = $"2024-01-10T08:00:{i:00}Z";
            update["source"] = i % 2 == 0 ? "/web" : "/pos/hk";
            return update;
        }).ToArray();
        new Random(7).Shuffle(updates);
        await Task.WhenAll(updates.Select(async update => (await Events.PostAsync(host.Http, update, cancellation)).Dispose()));

        var shown = (await anna.ReadAsync("attributes", cancellation))["attributes"]!.AsArray()
            .ToDictionary(a => (string)a!["key"]!, a => (string?)a!["value"]);
        Assert.That((shown["city"], shown["region"]), Is.EqualTo(("city 40", "region 39")));
    }

    [Test]
    public async Task The_compacted_topic_carries_the_attributes_sealed_and_the_same_update_again_changes_nothing(CancellationToken cancellation)
    {
        await using var alone = await ProfileHost.StartAsync(cancellation);
        var anna = new ToldCustomer(alone, "A-STATE");
        await anna.AttributesAsync(5, "/web", cancellation, ("city", "Central"), ("shoe_size", "38"));
        await anna.AttributesAsync(6, "/web", cancellation, ("shoe_size", "39"));
        await alone.DrainAsync(cancellation);
        var states = await alone.ReadTopicAsync(new Topic(Topics.ProfileCustomers, Compacted: true), cancellation);
        var state = Facts.CustomerState.Parser.ParseFrom(states[^1].Record.Value!.Value.Span);
        var key = (await Keys(alone).GetAsync([anna.Customer], cancellation))[anna.Customer];

        Assert.That(state.SealedAttributes.Keys, Is.EquivalentTo((string[])["city", "shoe_size"]));
        Assert.That(key.Unseal(state.SealedAttributes["city"], SealedFields.Attribute("city")), Is.EqualTo("Central"));
        Assert.That(key.Unseal(state.SealedAttributes["shoe_size"], SealedFields.Attribute("shoe_size")), Is.EqualTo("39"));
    }

    private static ProfileKeys Keys(TestHost host) => new(
        () =>
        {
            var http = new HttpClient { BaseAddress = host.Http.BaseAddress };
            http.DefaultRequestHeaders.Add("X-Api-Key", host.Http.DefaultRequestHeaders.GetValues("X-Api-Key"));
            return http;
        },
        100, TimeSpan.FromMinutes(1), TimeProvider.System);
}
