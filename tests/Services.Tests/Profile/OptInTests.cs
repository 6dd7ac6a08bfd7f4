using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>Double opt-in from the form to the confirmed consent: profile asks, email sends, the person confirms, over real SMTP and HTTP.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class OptInTests
{
    private static readonly (string, string) Required = ("Consent:DoubleOptIn:0", "email/marketing");

    [Test]
    public async Task A_grant_counts_when_the_person_confirms_by_the_mail_and_both_steps_are_evidence(CancellationToken cancellation)
    {
        await using var marketing = await MarketingHost.StartAsync(cancellation, null, Required);
        var anna = await marketing.CustomerAsync("O-CONFIRM", cancellation, "zh-Hant-HK");
        await anna.ConsentAsync(8, granted: true, cancellation, consent => (consent["form"], consent["wordingVersion"]) = ("newsletter", 1));
        await marketing.Host.DrainAsync(cancellation);
        Assert.That((marketing.Mails.Catcher.Count, await anna.MarketingAsync(cancellation)), Is.EqualTo((1, "pending")));
        var link = await marketing.MailedLinkAsync(CustomerLinks.OptInPath, 0, cancellation);

        // What was shown at the form is what is confirmed, whatever the brand shows since.
        using (await ToldCustomer.PutAsync(
            marketing.Host, "/v1/wordings/patron-marketing/2/zh-Hant", new JsonObject { ["title"] = "全部", ["text"] = "一切" }, cancellation))
            Assert.That((await ToldCustomer.ReadAsync(marketing.Host, "/v1/wordings", cancellation)).ToJsonString(), Does.Contain("\"version\":2"));

        // As a program does it that opens links to look for harm.
        using var browser = marketing.Browser();
        var page = await browser.GetStringAsync(new Uri(link, UriKind.Relative), cancellation);
        Assert.That(page, Does.Contain("<html lang=\"zh-Hant\">").And.Contain("<form method=\"post\">").And.Contain("我願意接收有關新品").And.Not.Contain("一切"));
        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("pending"));

        for (var times = 0; times < 3; times++)
        {
            using var confirmed = await PostAsync(browser, link, cancellation);
            Assert.That(confirmed.StatusCode, Is.EqualTo(HttpStatusCode.OK));
            Assert.That(await confirmed.Content.ReadAsStringAsync(cancellation), Does.Contain("謝謝，已確認。"));
        }

        var history = (await anna.ReadAsync("consents/history", cancellation))["decisions"]!.AsArray();
        Assert.That(history.Select(d => $"{d!["status"]} {d["source"]}"), Is.EqualTo((string[])["granted /patron/opt-in", "pending /crm"]));
        Assert.That((string?)history[0]!["evidence"]!["method"], Is.EqualTo("double opt-in"));
        Assert.That((string?)history[0]!["evidence"]!["ipAddress"], Is.EqualTo("127.0.0.1"));
        Assert.That((string?)history[1]!["evidence"]!["form"], Is.EqualTo("newsletter"));
        Assert.That((string?)history[0]!["evidence"]!["optIn"], Is.EqualTo((string?)history[1]!["evidence"]!["optIn"]).And.Not.Null);
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(await StatesAsync(marketing.Host, cancellation), Is.EqualTo((ConsentState[])[ConsentState.Granted]));
        Assert.That(marketing.Mails.Catcher.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task A_link_whose_time_is_over_or_that_was_changed_confirms_nothing(CancellationToken cancellation)
    {
        await using var marketing = await MarketingHost.StartAsync(cancellation, null, Required, ("Consent:OptInValidFor", "2.00:00:00"));
        var anna = await marketing.CustomerAsync("O-LATE", cancellation);
        await anna.ConsentAsync(8, granted: true, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        var link = await marketing.MailedLinkAsync(CustomerLinks.OptInPath, 0, cancellation);
        using var browser = marketing.Browser();
        foreach (var forged in (string[])[link.Replace("t=", "t=A", StringComparison.Ordinal), link.Replace("opt-in", "preferences", StringComparison.Ordinal)])
        {
            using var refused = await PostAsync(browser, forged, cancellation);
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        }

        await marketing.Host.AdvanceToAsync(TestHost.Start.AddDays(2).AddMinutes(1), cancellation);
        using var late = await PostAsync(browser, link, cancellation);
        Assert.That(late.StatusCode, Is.EqualTo(HttpStatusCode.Gone));
        Assert.That(await late.Content.ReadAsStringAsync(cancellation), Does.Contain("Please sign up again"));
        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("expired"));
    }

    [Test]
    public async Task Who_refuses_by_the_mails_own_link_is_not_asked_for_the_same_request_again(CancellationToken cancellation)
    {
        await using var marketing = await MarketingHost.StartAsync(cancellation, null, Required);
        var anna = await marketing.CustomerAsync("O-REFUSE", cancellation);
        await anna.ConsentAsync(8, granted: true, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        var confirm = await marketing.MailedLinkAsync(CustomerLinks.OptInPath, 0, cancellation);
        var refuse = await marketing.MailedLinkAsync("/v1/email/unsubscribe", 0, cancellation);
        using var browser = marketing.Browser();
        using (var refused = await browser.PostAsync(
            new Uri(refuse, UriKind.Relative), new FormUrlEncodedContent([new("List-Unsubscribe", "One-Click")]), cancellation))
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("withdrawn"));
        using (var confirmed = await PostAsync(browser, confirm, cancellation))
            Assert.That(confirmed.StatusCode, Is.EqualTo(HttpStatusCode.Gone));

        // A new sign-up of the same person is a new request, and the mail for it goes out although the address withdrew before.
        await marketing.Host.AdvanceToAsync(TestHost.Start.AddHours(2), cancellation);
        await anna.ConsentAsync(10, granted: true, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(marketing.Mails.Catcher.Count, Is.EqualTo(2));
        using var again = await PostAsync(browser, await marketing.MailedLinkAsync(CustomerLinks.OptInPath, 1, cancellation), cancellation);
        Assert.That((again.StatusCode, await anna.MarketingAsync(cancellation)), Is.EqualTo((HttpStatusCode.OK, "granted")));
    }

    [Test]
    public async Task A_request_that_was_withdrawn_before_its_mail_went_out_leads_to_none(CancellationToken cancellation)
    {
        await using var marketing = await MarketingHost.StartAsync(cancellation, null, Required);
        var anna = await marketing.CustomerAsync("O-EARLY", cancellation);
        await marketing.Host.DrainAsync(cancellation);
        var port = marketing.Mails.Port;
        await marketing.Mails.StopAsync();
        await anna.ConsentAsync(7, granted: true, cancellation);
        await anna.ConsentAsync(8, granted: false, cancellation);
        marketing.Mails.Restart(port);
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(marketing.Mails.Catcher.Count, Is.Zero);
    }

    private static async Task<IReadOnlyList<ConsentState>> StatesAsync(TestHost host, CancellationToken cancellation) =>
        [.. (await host.ReadTopicAsync(new Topic(Topics.Profile), cancellation)).Where(f => f.Envelope.Type == Facts.ConsentChanged.Descriptor.FullName)
            .Select(f => Facts.ConsentChanged.Parser.ParseFrom(f.Record.Value!.Value.Span).State)];

    private static Task<HttpResponseMessage> PostAsync(HttpClient browser, string link, CancellationToken cancellation) =>
        browser.PostAsync(new Uri(link, UriKind.Relative), new FormUrlEncodedContent([new("do", "confirm")]), cancellation);
}
