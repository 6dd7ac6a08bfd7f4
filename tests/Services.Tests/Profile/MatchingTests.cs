using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts.Profile.V1;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>Who events are about: anonymous devices that become known, merges that events ask for, and what waits for a person.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class MatchingTests
{
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(
        CancellationToken.None, null, ("Profile:SourceCountries:/pos/taipei", "TW"), ("Profile:KnownIdentifiersLifetime", "00:00:00"));

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_device_is_nobody_until_something_surer_is_told_with_it_and_keeps_its_id_then(CancellationToken cancellation)
    {
        var device = await BuyAsync("device-1", cancellation, ("anonymousId", "D-device"));
        using var nobody = await host.Http.GetAsync(new Uri($"/v1/customers/{device}", UriKind.Relative), cancellation);
        var known = await BuyAsync("device-2", cancellation, ("anonymousId", "D-device"), ("email", "device@example.com"));
        var types = (await Identity.FactsAsync(host, device, cancellation)).Select(f => f.Envelope.Type.Split('.')[^1]);

        Assert.That(nobody.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(known, Is.EqualTo(device));
        Assert.That(types, Is.EqualTo((string[])["PurchaseRecorded", "CustomerRegistered", "PurchaseRecorded"]));
    }

    [Test]
    public async Task What_a_device_did_joins_the_customer_who_is_named_with_it(CancellationToken cancellation)
    {
        var customer = await BuyAsync("join-1", cancellation, ("loyaltyCard", "C-join"));
        var device = await BuyAsync("join-2", cancellation, ("anonymousId", "D-join"));
        var named = await BuyAsync("join-3", cancellation, ("anonymousId", "D-join"), ("loyaltyCard", "C-join"));
        var later = await BuyAsync("join-4", cancellation, ("anonymousId", "D-join"));

        Assert.That((named, later), Is.EqualTo((customer, customer)));
        Assert.That(
            Identity.Of<MergedAway>(await Identity.FactsAsync(host, device, cancellation)).Single().Into, Is.EqualTo(customer.ToString("D")));
        Assert.That(
            Identity.Of<PurchaseRecorded>(await Identity.FactsAsync(host, customer, cancellation)).Last().Origin, Is.EqualTo(device.ToString("D")));
    }

    [Test]
    public async Task In_one_call_a_device_that_nobody_knew_before_is_the_customers_from_the_beginning(CancellationToken cancellation)
    {
        var customer = await BuyAsync("call-1", cancellation, ("loyaltyCard", "C-call"));
        using var answer = await Events.PostAsync(
            host.Http,
            new JsonArray(Purchase("call-2", ("anonymousId", "D-call")), Purchase("call-3", ("anonymousId", "D-call"), ("loyaltyCard", "C-call"))),
            cancellation);
        var who = (await answer.JsonAsync(cancellation))["events"]!.AsArray().Select(e => (Guid)e!["customer"]!);

        Assert.That(who, Is.EqualTo((Guid[])[customer, customer]));
        Assert.That(Identity.Of<Absorbed>(await Identity.FactsAsync(host, customer, cancellation)), Is.Empty, "there was nobody to merge");
    }

    [Test]
    public async Task A_device_that_more_persons_use_than_the_rules_allow_names_nobody(CancellationToken cancellation)
    {
        foreach (var person in new[] { "a", "b", "c" })
            await BuyAsync($"shared-{person}", cancellation, ("anonymousId", "D-shared"), ("loyaltyCard", $"C-shared-{person}"));
        var alone = await BuyAsync("shared-alone", cancellation, ("anonymousId", "D-shared"));
        var update = Events.Update("shared-update", data: new JsonObject { ["givenName"] = "Anna" });
        update["data"]!["customer"] = new JsonObject { ["anonymousId"] = "D-shared" };
        using var refused = await Events.PostAsync(host.Http, update, cancellation);

        Assert.That(alone, Is.EqualTo(Guid.Empty), "an anonymous purchase");
        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That((await refused.JsonAsync(cancellation)).ToJsonString(), Does.Contain("shared by many customers"));
    }

    [Test]
    public async Task Two_sure_identifiers_of_one_event_make_their_customers_one(CancellationToken cancellation)
    {
        var first = await BuyAsync("sure-1", cancellation, ("loyaltyCard", "C-sure"));
        var second = await BuyAsync("sure-2", cancellation, ("wechatUnionid", "U-sure"));
        var both = await BuyAsync("sure-3", cancellation, ("wechatUnionid", "U-sure"), ("loyaltyCard", "C-sure"));
        var away = Identity.Of<MergedAway>(await Identity.FactsAsync(host, second, cancellation)).Single();
        Assert.That((both, away.Into), Is.EqualTo((first, first.ToString("D"))));
    }

    [Test]
    public async Task An_address_merges_only_where_it_was_verified_and_otherwise_waits_for_a_person(CancellationToken cancellation)
    {
        var card = await BuyAsync("verified-1", cancellation, ("loyaltyCard", "C-verified"));
        var email = await BuyAsync("verified-2", cancellation, ("email", "verified@example.com"));
        await BuyAsync("verified-3", cancellation, ("loyaltyCard", "C-verified"), ("email", "verified@example.com"));
        var waiting = await ConflictOfAsync(card, email, cancellation);
        var merged = await BuyAsync("verified-4", cancellation, ("loyaltyCard", "C-verified"), ("email", "verified@example.com"), ("emailVerified", true));

        Assert.That(((string?)waiting!["cause"], (string?)waiting["kind"]), Is.EqualTo(("notSure", "email")));
        Assert.That((string?)waiting["other"]!["details"]!["email"] ?? (string?)waiting["one"]!["details"]!["email"], Is.EqualTo("v***@e***.com"));
        Assert.That(merged, Is.EqualTo(card));
        Assert.That(await ConflictOfAsync(card, email, cancellation), Is.Null, "they are one by now");
    }

    [Test]
    public async Task Who_has_a_card_gets_no_other_and_a_person_decides_whether_they_are_one(CancellationToken cancellation)
    {
        var old = await BuyAsync("single-1", cancellation, ("loyaltyCard", "C-single-1"), ("phone", "+85291230101"));
        var other = await BuyAsync("single-2", cancellation, ("loyaltyCard", "C-single-2"), ("phone", "+85291230101"));
        var conflict = (await ConflictOfAsync(old, other, cancellation))!;
        using var decided = await DecideAsync(conflict, "merge", cancellation);
        using var again = await DecideAsync(conflict, "keep-apart", cancellation);

        Assert.That(other, Is.Not.EqualTo(old));
        Assert.That((string?)conflict["cause"], Is.EqualTo("singleValued"));
        Assert.That(decided.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.Conflict), "they are one customer");
        Assert.That(
            await BuyAsync("single-3", cancellation, ("loyaltyCard", "C-single-2")),
            Is.EqualTo(await BuyAsync("single-4", cancellation, ("loyaltyCard", "C-single-1"))));
    }

    [Test]
    public async Task Who_was_kept_apart_is_not_merged_by_events(CancellationToken cancellation)
    {
        var card = await BuyAsync("apart-1", cancellation, ("loyaltyCard", "C-apart"));
        var email = await BuyAsync("apart-2", cancellation, ("email", "apart@example.com"));
        await BuyAsync("apart-3", cancellation, ("loyaltyCard", "C-apart"), ("email", "apart@example.com"));
        using var decided = await DecideAsync((await ConflictOfAsync(card, email, cancellation))!, "keep-apart", cancellation);
        var named = await BuyAsync("apart-4", cancellation, ("loyaltyCard", "C-apart"), ("email", "apart@example.com"), ("emailVerified", true));
        using var preview = await Identity.PostAsync(host, "/v1/customers/merges/preview", Identity.Said([card, email]), cancellation);

        Assert.That(decided.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        Assert.That(named, Is.EqualTo(card));
        Assert.That(await BuyAsync("apart-5", cancellation, ("email", "apart@example.com")), Is.EqualTo(email));
        Assert.That(await ConflictOfAsync(card, email, cancellation), Is.Null, "it is decided");
        Assert.That((await preview.JsonAsync(cancellation))["conflicts"]!.ToJsonString(), Is.EqualTo("""[{"cause":"keptApart"}]"""));
    }

    [Test]
    public async Task Who_was_parted_is_not_merged_again_by_the_next_event(CancellationToken cancellation)
    {
        var card = await BuyAsync("parted-1", cancellation, ("loyaltyCard", "C-parted"));
        var union = await BuyAsync("parted-2", cancellation, ("wechatUnionid", "U-parted"));
        await BuyAsync("parted-3", cancellation, ("loyaltyCard", "C-parted"), ("wechatUnionid", "U-parted"));
        var link = Identity.Of<MergedAway>(await Identity.FactsAsync(host, union, cancellation)).Single().LinkId;
        using var undone = await Identity.PostAsync(host, $"/v1/customers/merges/{link}/undo", Identity.Said([]), cancellation);

        Assert.That(await BuyAsync("parted-4", cancellation, ("loyaltyCard", "C-parted"), ("wechatUnionid", "U-parted")), Is.EqualTo(card));
        Assert.That(await BuyAsync("parted-5", cancellation, ("wechatUnionid", "U-parted")), Is.EqualTo(union));
    }

    [Test]
    public async Task An_openid_means_something_within_its_account_and_a_partners_number_within_the_partner(CancellationToken cancellation)
    {
        var one = await BuyAsync("scope-1", cancellation, ("wechatOpenid", "O-scope"), ("wechatAccount", "wx-one"));
        var other = await BuyAsync("scope-2", cancellation, ("wechatOpenid", "O-scope"), ("wechatAccount", "wx-other"));
        var partner = await BuyAsync("scope-3", cancellation, ("partnerId", "17"), ("partner", "airline"));
        var another = await BuyAsync("scope-4", cancellation, ("partnerId", "17"), ("partner", "hotel"));
        using var wrong = await Events.PostAsync(host.Http, Purchase("scope-5", ("wechatOpenid", "O-scope")), cancellation);

        Assert.That(new[] { one, other, partner, another }, Is.Unique);
        Assert.That(wrong.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((string?)(await wrong.JsonAsync(cancellation))["errors"]![0]!["pointer"], Is.EqualTo("/data/customer/wechatAccount"));
    }

    [Test]
    public async Task A_local_number_is_read_by_the_country_of_the_event_or_of_its_source(CancellationToken cancellation)
    {
        var international = await BuyAsync("local-1", cancellation, ("phone", "+886912345678"));
        var hinted = await BuyAsync("local-2", cancellation, ("phone", "０９１２ ３４５ ６７８"), ("country", "TW"));
        var taipei = Purchase("local-3", ("phone", "0912-345-678"));
        taipei["source"] = "/pos/taipei";
        using var looked = await Identity.PostAsync(
            host, "/v1/customers/lookup", new JsonObject { ["phone"] = "0912 345 678", ["country"] = "TW" }, cancellation);

        Assert.That(
            new[] { hinted, await Identity.AcceptAsync(host, taipei, cancellation), (Guid)(await looked.JsonAsync(cancellation))["customer"]! },
            Is.All.EqualTo(international));
    }

    private Task<Guid> BuyAsync(string id, CancellationToken cancellation, params (string Name, JsonNode Value)[] identifiers) =>
        Identity.AcceptAsync(host, Purchase(id, identifiers), cancellation);

    private static JsonObject Purchase(string id, params (string Name, JsonNode Value)[] identifiers)
    {
        var purchase = Events.Purchase(id);
        purchase["data"]!["customer"] = new JsonObject(identifiers.Select(i => KeyValuePair.Create(i.Name, (JsonNode?)i.Value)));
        return purchase;
    }

    private async Task<JsonNode?> ConflictOfAsync(Guid one, Guid other, CancellationToken cancellation)
    {
        var list = await host.Http.GetFromJsonAsync<JsonNode>(new Uri("/v1/customers/conflicts", UriKind.Relative), cancellation);
        return list!["conflicts"]!.AsArray().SingleOrDefault(c =>
            new HashSet<Guid> { (Guid)c!["one"]!["id"]!, (Guid)c["other"]!["id"]! }.SetEquals([one, other]));
    }

    private Task<HttpResponseMessage> DecideAsync(JsonNode conflict, string decision, CancellationToken cancellation)
    {
        var said = Identity.Said([]);
        said["decision"] = decision;
        return Identity.PostAsync(host, $"/v1/customers/conflicts/{(Guid)conflict["id"]!}/decision", said, cancellation);
    }
}
