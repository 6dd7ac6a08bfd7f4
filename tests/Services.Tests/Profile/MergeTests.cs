using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>Merges and unmerges through the doors of profile, and what others hear of them.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class MergeTests
{
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(CancellationToken.None);

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_merge_closes_one_customer_and_both_ids_lead_to_the_other(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("both", cancellation);
        var merge = await MergeAsync(stays, goes, cancellation);
        var facts = await FactsAsync(goes, cancellation);

        Assert.That(((Guid)merge["customer"]!, (Guid)merge["merged"]!), Is.EqualTo((stays, goes)));
        Assert.That(facts[^1].Envelope.Type, Is.EqualTo("patron.profile.v1.MergedAway"), "its last fact");
        Assert.That(await IdOfAsync(goes, cancellation), Is.EqualTo(stays));
        Assert.That(await LookUpAsync("email", "both@example.com", cancellation), Is.EqualTo(stays));
    }

    [Test]
    public async Task Both_sides_of_a_merge_and_of_its_undoing_carry_the_same_link_and_growing_versions(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("links", cancellation);
        var link = (Guid)(await MergeAsync(stays, goes, cancellation))["link"]!;
        await UndoAsync(link, cancellation);
        var away = Of<Facts.MergedAway>(await FactsAsync(goes, cancellation)).Single();
        var split = Of<Facts.SplitOff>(await FactsAsync(goes, cancellation)).Single();
        var absorbed = Of<Facts.Absorbed>(await FactsAsync(stays, cancellation)).Single();
        var gave = Of<Facts.GaveBack>(await FactsAsync(stays, cancellation)).Single();

        Assert.That(new[] { away.LinkId, split.LinkId, absorbed.LinkId, gave.LinkId }, Is.All.EqualTo(link.ToString("D")));
        Assert.That((away.Into, split.From, absorbed.Customer, gave.Customer), Is.EqualTo((Text(stays), Text(stays), Text(goes), Text(goes))));
        Assert.That(new[] { away.Version, absorbed.Version, split.Version, gave.Version }, Is.EqualTo((long[])[1, 1, 2, 2]));
    }

    [Test]
    public async Task A_purchase_by_a_merged_customers_card_is_recorded_for_the_root_and_names_the_origin(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("origin", cancellation);
        await MergeAsync(stays, goes, cancellation);
        await AcceptAsync(Events.Purchase("origin-later", email: "origin@example.com"), cancellation);
        await AcceptAsync(Events.Purchase("origin-own", card: "C-origin"), cancellation);
        var purchases = Of<Facts.PurchaseRecorded>(await FactsAsync(stays, cancellation)).ToList();

        Assert.That(purchases.TakeLast(2).Select(p => p.Origin), Is.EqualTo((string[])[Text(goes), ""]));
        Assert.That((await FactsAsync(goes, cancellation))[^1].Envelope.Type, Is.EqualTo("patron.profile.v1.MergedAway"));
    }

    [Test]
    public async Task Of_two_decisions_on_a_consent_the_withdrawal_counts_and_a_late_older_grant_does_not_undo_it(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("consents", cancellation);
        await AcceptAsync(Consent("consents-1", "CONSENT_STATE_GRANTED", "2024-01-08T00:00:00Z", card: "C-consents"), cancellation);
        await AcceptAsync(Consent("consents-2", "CONSENT_STATE_WITHDRAWN", "2024-01-05T00:00:00Z", email: "consents@example.com"), cancellation);
        var link = (Guid)(await MergeAsync(stays, goes, cancellation))["link"]!;
        await AcceptAsync(Consent("consents-3", "CONSENT_STATE_GRANTED", "2024-01-07T00:00:00Z", card: "C-consents"), cancellation);
        var merged = await ViewAsync(stays, cancellation);
        await UndoAsync(link, cancellation);
        var parted = await ViewAsync(stays, cancellation);

        Assert.That((bool)merged["consents"]![0]!["granted"]!, Is.False);
        Assert.That((bool)parted["consents"]![0]!["granted"]!, Is.True, "it was the other's withdrawal");
        Assert.That(
            Of<Facts.ConsentChanged>(await FactsAsync(stays, cancellation)).Select(c => c.Version), Is.EqualTo((long[])[1, 2, 3]), "an older one loses");
    }

    [Test]
    public async Task Details_that_were_told_later_count_and_the_compacted_topic_shows_each_change(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("details", cancellation);
        await AcceptAsync(Named("details-1", "Anna", "2024-01-05T00:00:00Z", card: "C-details"), cancellation);
        await AcceptAsync(Named("details-2", "Anne", "2024-01-06T00:00:00Z", email: "details@example.com"), cancellation);
        var before = (await StateAsync(stays, cancellation), await StateAsync(goes, cancellation));
        var link = (Guid)(await MergeAsync(stays, goes, cancellation))["link"]!;
        var merged = (await StateAsync(stays, cancellation), await StateAsync(goes, cancellation));
        await UndoAsync(link, cancellation);
        var after = (await StateAsync(stays, cancellation), await StateAsync(goes, cancellation));

        Assert.That(merged.Item1.SealedGivenName, Is.Not.EqualTo(before.Item1.SealedGivenName));
        Assert.That(merged.Item1.SealedEmail, Is.Not.Empty, "it came with the other");
        Assert.That(merged.Item2, Is.EqualTo(new Facts.CustomerState { Version = merged.Item2.Version }), "who is merged away has no contacts");
        Assert.That((Unversioned(after.Item1), Unversioned(after.Item2)), Is.EqualTo((Unversioned(before.Item1), Unversioned(before.Item2))));
        Assert.That(after.Item1.Version, Is.GreaterThan(merged.Item1.Version));
    }

    [Test]
    public async Task What_was_done_by_a_merged_customers_identifiers_goes_back_with_them(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("back", cancellation);
        var link = (Guid)(await MergeAsync(stays, goes, cancellation))["link"]!;
        await AcceptAsync(Events.Update("back-phone", email: "back@example.com", phone: "+85291230001"), cancellation);
        await AcceptAsync(Consent("back-consent", "CONSENT_STATE_GRANTED", "2024-01-09T00:00:00Z", email: "back@example.com"), cancellation);
        await UndoAsync(link, cancellation);
        var (one, other) = (await ViewAsync(stays, cancellation), await ViewAsync(goes, cancellation));

        Assert.That((one["consents"]!.AsArray().Count, other["consents"]!.AsArray().Count), Is.EqualTo((0, 1)));
        Assert.That((one["details"]!["phone"], (string?)other["details"]!["phone"]), Is.EqualTo(((JsonNode?)null, "+85***01")));
        Assert.That(await LookUpAsync("phone", "+85291230001", cancellation), Is.EqualTo(goes));
        Assert.That(
            Of<Facts.ConsentChanged>(await FactsAsync(stays, cancellation)).Select(c => c.State.ToString()), Is.EqualTo((string[])["Granted", "Withdrawn"]));
    }

    [Test]
    public async Task Customers_in_a_chain_lead_to_its_end_and_are_parted_from_the_outside_in(CancellationToken cancellation)
    {
        var (first, second) = await TwoAsync("chain-a", cancellation);
        var (third, fourth) = await TwoAsync("chain-b", cancellation);
        var inner = (Guid)(await MergeAsync(second, fourth, cancellation))["link"]!;
        var outer = (Guid)(await MergeAsync(first, second, cancellation))["link"]!;
        var last = (Guid)(await Identity.MergeAsync(host, fourth, third, cancellation, despiteConflicts: true))["link"]!;
        using var refused = await PostAsync($"/v1/customers/merges/{inner}/undo", Said(), cancellation);
        var roots = new List<Guid>();
        foreach (var customer in new[] { first, second, third, fourth })
            roots.Add(await IdOfAsync(customer, cancellation));

        Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That((string?)(await refused.JsonAsync(cancellation))["detail"], Does.Contain(outer.ToString("D")));
        Assert.That(roots.Distinct().Count(), Is.EqualTo(1));
        await UndoAsync(last, cancellation);
        await UndoAsync(outer, cancellation);
        await UndoAsync(inner, cancellation);
        Assert.That(await IdOfAsync(fourth, cancellation), Is.EqualTo(fourth));
    }

    [Test]
    public async Task A_merge_needs_two_known_customers_a_reason_and_somebody_who_says_so(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("wrong", cancellation);
        using var wrong = await PostAsync("/v1/customers/merges", new JsonObject { ["customers"] = new JsonArray(stays, stays) }, cancellation);
        using var unknown = await PostAsync("/v1/customers/merges", Said(stays, Guid.Empty), cancellation);
        await MergeAsync(stays, goes, cancellation);
        using var again = await PostAsync("/v1/customers/merges", Said(stays, goes), cancellation);
        using var undone = await PostAsync($"/v1/customers/merges/{stays}/undo", Said(), cancellation);

        Assert.That(wrong.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        var pointers = (await wrong.JsonAsync(cancellation))["errors"]!.AsArray().Select(e => (string?)e!["pointer"]);
        Assert.That(pointers, Is.EqualTo((string[])["/customers", "/reason", "/who"]));
        Assert.That(unknown.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        Assert.That((string?)(await again.JsonAsync(cancellation))["type"], Does.EndWith("one-customer-already"));
        Assert.That(undone.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
    }

    [Test]
    public async Task A_preview_tells_what_would_come_along_and_changes_nothing(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("preview", cancellation);
        await AcceptAsync(Consent("preview-1", "CONSENT_STATE_WITHDRAWN", "2024-01-05T00:00:00Z", email: "preview@example.com"), cancellation);
        await AcceptAsync(Named("preview-2", "Anne", "2024-01-06T00:00:00Z", email: "preview@example.com"), cancellation);
        var preview = await (await PostAsync("/v1/customers/merges/preview", Said(goes, stays), cancellation)).JsonAsync(cancellation);

        Assert.That(((Guid)preview["stays"]!["id"]!, (Guid)preview["goes"]!["id"]!), Is.EqualTo((stays, goes)), "a card is surer than an address");
        Assert.That(preview["identifiers"]!.ToJsonString(), Is.EqualTo("""{"email":1}"""));
        Assert.That(preview["details"]!.AsArray().Select(d => (string?)d), Is.EqualTo((string[])["email", "given_name"]));
        Assert.That(preview["consents"]!.ToJsonString(), Is.EqualTo("""[{"channel":"email","purpose":"marketing","granted":false,"status":"withdrawn"}]"""));
        Assert.That((long)preview["purchases"]!, Is.EqualTo(1));
        Assert.That(preview["conflicts"]!.AsArray(), Is.Empty);
        Assert.That(await IdOfAsync(goes, cancellation), Is.EqualTo(goes));
    }

    [Test]
    public async Task The_story_of_a_merged_customer_is_told_with_the_roots(CancellationToken cancellation)
    {
        var (stays, goes) = await TwoAsync("story", cancellation);
        await MergeAsync(stays, goes, cancellation);
        var lines = (await host.Http.GetFromJsonAsync<JsonArray>(new Uri($"/v1/profile/customers/{goes}/timeline", UriKind.Relative), cancellation))!;
        var told = lines.Select(l => (string)l!["what"]!).ToList();
        Assert.That(told.Count(w => w.StartsWith("Bought", StringComparison.Ordinal)), Is.EqualTo(2));
        Assert.That(told, Has.Some.StartsWith("Took in customer").And.Some.StartsWith("Was merged into"));
    }

    /// <summary>One known by a card and one known by an address, each with a purchase.</summary>
    private async Task<(Guid Card, Guid Email)> TwoAsync(string name, CancellationToken cancellation) => (
        await AcceptAsync(Events.Purchase($"{name}-card", card: $"C-{name}"), cancellation),
        await AcceptAsync(Events.Purchase($"{name}-email", email: $"{name}@example.com"), cancellation));

    private async Task<Guid> AcceptAsync(JsonObject happened, CancellationToken cancellation) => await Identity.AcceptAsync(host, happened, cancellation);

    private Task<JsonNode> MergeAsync(Guid one, Guid other, CancellationToken cancellation) => Identity.MergeAsync(host, one, other, cancellation);

    private async Task UndoAsync(Guid link, CancellationToken cancellation)
    {
        using var answer = await PostAsync($"/v1/customers/merges/{link}/undo", Said(), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
    }

    private Task<HttpResponseMessage> PostAsync(string path, JsonNode body, CancellationToken cancellation) =>
        Identity.PostAsync(host, path, body, cancellation);

    private static JsonObject Said(params IReadOnlyList<Guid> customers) => Identity.Said(customers);

    private async Task<JsonNode> ViewAsync(Guid customer, CancellationToken cancellation) =>
        (await host.Http.GetFromJsonAsync<JsonNode>(new Uri($"/v1/customers/{customer}", UriKind.Relative), cancellation))!;

    private async Task<Guid> IdOfAsync(Guid customer, CancellationToken cancellation) => (Guid)(await ViewAsync(customer, cancellation))["id"]!;

    private async Task<Guid> LookUpAsync(string kind, string value, CancellationToken cancellation)
    {
        using var answer = await PostAsync("/v1/customers/lookup", new JsonObject { [kind] = value }, cancellation);
        return (Guid)(await answer.JsonAsync(cancellation))["customer"]!;
    }

    private Task<IReadOnlyList<(Envelope Envelope, LogRecord Record)>> FactsAsync(Guid customer, CancellationToken cancellation) =>
        Identity.FactsAsync(host, customer, cancellation);

    private async Task<Facts.CustomerState> StateAsync(Guid customer, CancellationToken cancellation)
    {
        await host.DrainAsync(cancellation);
        var records = await host.ReadTopicAsync(new Topic(Topics.ProfileCustomers, Compacted: true), cancellation);
        var last = records.LastOrDefault(r => r.Record.Key == Text(customer)).Record;
        return last is null ? new Facts.CustomerState() : Facts.CustomerState.Parser.ParseFrom(last.Value!.Value.Span);
    }

    private static Facts.CustomerState Unversioned(Facts.CustomerState state) => new(state) { Version = 0 };

    private static IEnumerable<T> Of<T>(IEnumerable<(Envelope Envelope, LogRecord Record)> facts)
        where T : Google.Protobuf.IMessage<T>, new() => Identity.Of<T>(facts);

    private static JsonObject Consent(string id, string state, string time, string? card = null, string? email = null)
    {
        var consent = new JsonObject { ["channel"] = "email", ["purpose"] = "marketing", ["state"] = state, ["wording"] = "w" };
        var update = Events.Update(id, card, email, data: new JsonObject { ["consents"] = new JsonArray(consent) });
        update["time"] = time;
        return update;
    }

    private static JsonObject Named(string id, string name, string time, string? card = null, string? email = null)
    {
        var update = Events.Update(id, card, email, data: new JsonObject { ["givenName"] = name });
        update["time"] = time;
        return update;
    }

    private static string Text(Guid id) => id.ToString("D");
}
