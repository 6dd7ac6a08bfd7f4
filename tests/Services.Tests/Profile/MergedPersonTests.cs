using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>
/// What two people had told stays theirs: attributes of sources of different weight, consents of every status, and links in their mails, before,
/// while and after they were taken for one. Anna is known by a card and stays; Bert is known by an address.
/// </summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class MergedPersonTests
{
    private const string Card = "C-ANNA";
    private const string Address = "bert@example.com";
    private MarketingHost marketing = null!;
    private Guid anna;
    private Guid bert;
    private int told;

    [SetUp]
    public async Task StartAsync()
    {
        marketing = await MarketingHost.StartAsync(
            CancellationToken.None, null, ("Consent:DoubleOptIn:0", "email/marketing"), ("Consent:Purposes:0:Name", "marketing"),
            ("Consent:Purposes:0:Wording", "patron-marketing"), ("Consent:Purposes:1:Name", "feedback"), ("Consent:Purposes:1:Wording", "patron-feedback"),
            ("Consent:Purposes:1:GrantDays", "30"));
        var city = new JsonObject { ["type"] = "text", ["labels"] = new JsonObject { ["en"] = "City" }, ["priority"] = new JsonArray("/crm") };
        using (await ToldCustomer.PutAsync(marketing.Host, "/v1/attributes/city", city, CancellationToken.None))
            anna = await TellAsync(Card, 1, "/crm", new JsonObject { ["attributes"] = City("Kowloon") });
        bert = await TellAsync(Address, 3, "/web", new JsonObject { ["attributes"] = City("Central"), ["givenName"] = "Bert" });
    }

    [TearDown]
    public Task StopAsync() => marketing.DisposeAsync().AsTask();

    [Test]
    public async Task Each_has_their_own_attributes_and_consents_again_with_what_they_told_meanwhile(CancellationToken cancellation)
    {
        await TellAsync(Card, 2, "/crm", Decided("sms", granted: true));
        await TellAsync(Address, 1, "/crm", Decided("sms", granted: false));
        await TellAsync(Address, 4, "/crm", Decided("email", granted: true));
        await marketing.Host.DrainAsync(cancellation);
        var confirm = await marketing.MailedLinkAsync(CustomerLinks.OptInPath, 0, cancellation);

        var link = await MergeAsync(cancellation);
        Assert.That(await KnownAsync(bert, cancellation), Is.EqualTo("city Kowloon /crm, email bert@example.com /crm, given_name Bert /web"));
        Assert.That(await ConsentsAsync(bert, cancellation), Is.EqualTo("email/marketing pending, sms/marketing withdrawn"), "of two decisions the withdrawal");

        await TellAsync(Address, 5, "/web", new JsonObject { ["attributes"] = City("Tai Po") });
        await TellAsync(Card, 6, "/web", new JsonObject { ["attributes"] = City("Sha Tin"), ["language"] = "zh-Hant" });
        await TellAsync(Address, 6, "/crm", Decided("sms", granted: true));
        await TellAsync(Card, 5, "/crm", Decided("sms", granted: false));
        Assert.That(await PostAsync(confirm, cancellation, ("do", "confirm")), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await KnownAsync(anna, cancellation), Does.Contain("city Kowloon /crm"));
        Assert.That(await ConsentsAsync(anna, cancellation), Is.EqualTo("email/marketing granted, sms/marketing granted"));

        await UndoAsync(link, cancellation);
        Assert.That(await KnownAsync(anna, cancellation), Is.EqualTo("city Kowloon /crm, language zh-Hant /web"));
        Assert.That(await KnownAsync(bert, cancellation), Is.EqualTo("city Tai Po /web, email bert@example.com /crm, given_name Bert /web"));
        Assert.That(await ConsentsAsync(anna, cancellation), Is.EqualTo("sms/marketing withdrawn"), "told late, and passed over while they were one");
        Assert.That(await ConsentsAsync(bert, cancellation), Is.EqualTo("email/marketing granted, sms/marketing granted"));
        var evidence = (await ToldCustomer.ReadAsync(marketing.Host, $"/v1/customers/{bert}/consents/history", cancellation))["decisions"]!.AsArray()
            .Select(d => d!["evidence"]).First(e => (string?)e?["method"] == "double opt-in")!;
        Assert.That((string?)evidence["ipAddress"], Is.EqualTo("127.0.0.1"), "under the own key again");
    }

    [Test]
    public async Task What_others_hear_last_of_either_is_what_is_in_force(CancellationToken cancellation)
    {
        await TellAsync(Card, 2, "/crm", Decided("sms", granted: true));
        await TellAsync(Address, 1, "/crm", Decided("sms", granted: false));
        await TellAsync(Address, 4, "/crm", Decided("wechat", granted: true));
        var link = await MergeAsync(cancellation);
        Assert.That(await HeardAsync(anna, cancellation), Is.EqualTo("sms Withdrawn, wechat Granted"));
        Assert.That((await StateAsync(anna, cancellation)).SealedEmail, Is.Not.Empty);

        await TellAsync(Address, 5, "/crm", Decided("wechat", granted: false));
        await UndoAsync(link, cancellation);
        Assert.That(await HeardAsync(anna, cancellation), Is.EqualTo("sms Granted, wechat Withdrawn"), "who never decided has withdrawn to others");
        Assert.That(await HeardAsync(bert, cancellation), Is.EqualTo("sms Withdrawn, wechat Withdrawn"));
        Assert.That((await StateAsync(anna, cancellation)).SealedEmail, Is.Empty);
        Assert.That((await StateAsync(bert, cancellation)).SealedEmail, Is.Not.Empty);
        Assert.That((await StateAsync(bert, cancellation)).SealedAttributes.Keys, Is.EqualTo((string[])["city"]));
    }

    [Test]
    public async Task A_merged_customers_own_page_changes_what_is_in_force_and_only_theirs_for_ever(CancellationToken cancellation)
    {
        await TellAsync(Card, 2, "/crm", Decided("sms", granted: true));
        var page = await marketing.PreferencesAsync(bert, cancellation);
        var link = await MergeAsync(cancellation);
        Assert.That(await PostAsync(page, cancellation, ("do", "stop")), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await ConsentsAsync(anna, cancellation), Does.Contain("sms/marketing withdrawn"));

        await UndoAsync(link, cancellation);
        Assert.That(await ConsentsAsync(anna, cancellation), Is.EqualTo("sms/marketing granted"));
        Assert.That(await ConsentsAsync(bert, cancellation), Does.Contain("sms/marketing withdrawn"));
    }

    [Test]
    public async Task A_grant_that_ends_while_merged_has_ended_for_both_and_nothing_happens_to_who_is_merged_away(CancellationToken cancellation)
    {
        await TellAsync(Card, 2, "/crm", Decided("sms", granted: true, "feedback"));
        await TellAsync(Address, 4, "/crm", Decided("sms", granted: true, "feedback"));
        await TellAsync(Address, 4, "/crm", Decided("wechat", granted: true, "feedback"));
        var link = await MergeAsync(cancellation);
        await marketing.Host.AdvanceToAsync(TestHost.Start.AddDays(31), cancellation);
        Assert.That(await ConsentsAsync(anna, cancellation), Is.EqualTo("sms/feedback expired, wechat/feedback expired"));
        Assert.That((await FactsAsync(bert, cancellation))[^1].Envelope.Type, Is.EqualTo("patron.profile.v1.MergedAway"));

        await UndoAsync(link, cancellation);
        Assert.That(await ConsentsAsync(anna, cancellation), Is.EqualTo("sms/feedback expired"));
        Assert.That(await ConsentsAsync(bert, cancellation), Is.EqualTo("sms/feedback expired, wechat/feedback expired"));
        Assert.That(await HeardAsync(bert, cancellation), Is.EqualTo("sms Expired, wechat Expired"));
    }

    [Test]
    public async Task Who_was_to_confirm_while_merged_is_asked_anew_when_they_are_parted(CancellationToken cancellation)
    {
        var link = await MergeAsync(cancellation);
        await TellAsync(Address, 4, "/crm", Decided("email", granted: true));
        await marketing.Host.DrainAsync(cancellation);
        var mailed = await marketing.MailedLinkAsync(CustomerLinks.OptInPath, 0, cancellation);
        await UndoAsync(link, cancellation);
        Assert.That((await ConsentsAsync(anna, cancellation), await ConsentsAsync(bert, cancellation)), Is.EqualTo(("", "email/marketing pending")));
        Assert.That(await PostAsync(mailed, cancellation, ("do", "confirm")), Is.EqualTo(HttpStatusCode.Gone), "it was sent to the other one");

        var asked = Identity.Of<Facts.OptInRequested>(await FactsAsync(bert, cancellation)).Single();
        var links = marketing.Host.Services.GetRequiredService<CustomerLinks>();
        var confirm = links.OptIn(bert, Guid.Parse(asked.RequestId), TestHost.Start);
        Assert.That(await PostAsync(confirm, cancellation, ("do", "confirm")), Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await ConsentsAsync(bert, cancellation), Is.EqualTo("email/marketing granted"));
    }

    [Test]
    public async Task An_import_of_a_merged_customer_and_their_device_lead_to_the_root(CancellationToken cancellation)
    {
        var device = Behaviours.Viewed("m-device", "d-bert");
        device["data"]!["customer"]!["email"] = Address;
        await Identity.AcceptAsync(marketing.Host, device, cancellation);
        await MergeAsync(cancellation);
        using var file = new ByteArrayContent(Encoding.UTF8.GetBytes($"email,familyName\n{Address},Chan\n"));
        file.Headers.ContentType = new MediaTypeHeaderValue("text/csv");
        using var import = await marketing.Host.Http.PostAsync(
            new Uri($"/v1/imports?kind=customers&time=2024-01-09T00:00:00Z&id={Guid.CreateVersion7()}", UriKind.Relative), file, cancellation);
        Assert.That(import.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        Assert.That(await KnownAsync(anna, cancellation), Does.Contain("family_name Chan"));

        Assert.That(await Identity.AcceptAsync(marketing.Host, Behaviours.Viewed("m-later", "d-bert"), cancellation), Is.EqualTo(anna));
        var viewed = Identity.Of<Facts.BehaviourRecorded>(await FactsAsync(anna, cancellation)).Last();
        Assert.That(viewed.Origin, Is.EqualTo(bert.ToString("D")));
    }

    [Test]
    public async Task An_export_tells_a_merged_customer_once_and_by_the_identifiers_of_both(CancellationToken cancellation)
    {
        await Identity.AcceptAsync(marketing.Host, Events.Update("m-phone", email: Address, phone: "+85291230009"), cancellation);
        var link = await MergeAsync(cancellation);
        var merged = await ExportAsync(cancellation);
        await UndoAsync(link, cancellation);
        var parted = await ExportAsync(cancellation);

        Assert.That(merged, Is.EqualTo(new[] { $"{anna},{Card},,'+85291230009,{Address}" }));
        Assert.That(parted, Is.EquivalentTo(new[] { $"{anna},{Card},,,", $"{bert},,,'+85291230009,{Address}" }));
    }

    private async Task<IReadOnlyList<string>> ExportAsync(CancellationToken cancellation)
    {
        var csv = await marketing.Host.Http.GetStringAsync(new Uri("/v1/exports/customers?personal=true", UriKind.Relative), cancellation);
        return [.. csv.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1).Select(line => string.Join(',', line.Split(',').Take(5)))];
    }

    private async Task<Guid> TellAsync(string who, int hour, string source, JsonObject data)
    {
        var update = Events.Update($"merged-{++told}", who == Card ? who : null, who == Address ? who : null, data: data);
        update["source"] = source;
        update["time"] = TestHost.Start.Date.AddHours(hour).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return await Identity.AcceptAsync(marketing.Host, update, CancellationToken.None);
    }

    private static JsonObject City(string city) => new() { ["city"] = city };

    private static JsonObject Decided(string channel, bool granted, string purpose = "marketing") =>
        ToldCustomer.Consent(granted, c => (c["channel"], c["purpose"]) = (channel, purpose));

    private async Task<Guid> MergeAsync(CancellationToken cancellation)
    {
        var merge = await Identity.MergeAsync(marketing.Host, anna, bert, cancellation);
        Assert.That((Guid)merge["customer"]!, Is.EqualTo(anna));
        return (Guid)merge["link"]!;
    }

    private async Task UndoAsync(Guid link, CancellationToken cancellation)
    {
        using var answer = await Identity.PostAsync(marketing.Host, $"/v1/customers/merges/{link}/undo", Identity.Said([]), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
    }

    private async Task<HttpStatusCode> PostAsync(string link, CancellationToken cancellation, params IEnumerable<(string Name, string Value)> fields)
    {
        using var browser = marketing.Browser();
        using var form = new FormUrlEncodedContent(fields.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await browser.PostAsync(new Uri(link, UriKind.Relative), form, cancellation);
        return answer.StatusCode;
    }

    private async Task<string> KnownAsync(Guid customer, CancellationToken cancellation)
    {
        var attributes = (await ToldCustomer.ReadAsync(marketing.Host, $"/v1/customers/{customer}/attributes", cancellation))["attributes"]!.AsArray();
        return string.Join(", ", attributes.Select(a => $"{a!["key"]} {a["value"]} {a["source"]}").Order(StringComparer.Ordinal));
    }

    private async Task<string> ConsentsAsync(Guid customer, CancellationToken cancellation)
    {
        var consents = (await ToldCustomer.ReadAsync(marketing.Host, $"/v1/customers/{customer}/consents", cancellation))["consents"]!.AsArray();
        return string.Join(", ", consents.Where(c => (string?)c!["status"] != "unknown").Select(c => $"{c!["channel"]}/{c["purpose"]} {c["status"]}"));
    }

    /// <summary>Of each consent what its newest fact says.</summary>
    private async Task<string> HeardAsync(Guid customer, CancellationToken cancellation)
    {
        var heard = Identity.Of<Facts.ConsentChanged>(await FactsAsync(customer, cancellation)).GroupBy(c => c.Channel).OrderBy(g => g.Key);
        return string.Join(", ", heard.Select(g => $"{g.Key} {g.MaxBy(c => c.Version)!.State}"));
    }

    private Task<IReadOnlyList<(Envelope Envelope, LogRecord Record)>> FactsAsync(Guid customer, CancellationToken cancellation) =>
        Identity.FactsAsync(marketing.Host, customer, cancellation);

    private async Task<Facts.CustomerState> StateAsync(Guid customer, CancellationToken cancellation)
    {
        await marketing.Host.DrainAsync(cancellation);
        var last = (await marketing.Host.ReadTopicAsync(new Topic(Topics.ProfileCustomers, Compacted: true), cancellation))
            .Last(r => r.Record.Key == customer.ToString("D"));
        return Facts.CustomerState.Parser.ParseFrom(last.Record.Value!.Value.Span);
    }
}
