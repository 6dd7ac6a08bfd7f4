using System.Net;
using System.Text;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.Services.Tests.Channels;

/// <summary>The link in a mail: who may use it, what it does, and what it leads to.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class UnsubscribeTests
{
    private static readonly KeyValuePair<string, string>[] OneClick = [new("List-Unsubscribe", "One-Click")];

    [Test]
    public async Task One_click_shuts_the_gate_tells_profile_and_ends_all_mail_to_the_address(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var anna = await email.CustomerAsync(cancellation);
        var alsoAnna = await email.CustomerAsync(cancellation, "ANNA@cust.example ");
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);
        var link = Link(await mails.OnlyAsync(cancellation));

        // As a mail provider does it: no cookies, no key, no page before.
        using var provider = new HttpClient { BaseAddress = email.Host.Http.BaseAddress };
        using var answer = await provider.PostAsync(link, new FormUrlEncodedContent(OneClick), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using var again = await provider.PostAsync(link, new FormUrlEncodedContent(OneClick), cancellation);
        Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        await email.RequestAsync(anna, cancellation);
        await email.RequestAsync(alsoAnna, cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Count, Is.EqualTo(1));
        Assert.That(await email.FactsAsync(anna, cancellation), Is.EqualTo(new[] { "MessageSent", "MessageSuppressed" }));
        Assert.That(await email.FactsAsync(alsoAnna, cancellation), Is.EqualTo(new[] { "MessageSuppressed" }));
        var told = email.Told.Single();
        Assert.That((string)told["type"]!, Is.EqualTo("patron.ingest.v1.CustomerUpdate"));
        Assert.That((string)told["data"]!["customer"]!["email"]!, Is.EqualTo("anna@cust.example"));
        Assert.That((string)told["data"]!["consents"]![0]!["state"]!, Is.EqualTo("CONSENT_STATE_WITHDRAWN"));
        Assert.That(await email.StoryAsync(anna, cancellation), Has.Some.StartsWith("Told profile").And.Some.StartsWith("Shut the gate for marketing emails"));
    }

    [Test]
    public async Task A_grant_opens_the_gate_again_only_when_it_is_newer_and_later(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var anna = await email.CustomerAsync(cancellation);
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);
        await PostAsync(email, Link(await mails.OnlyAsync(cancellation)), cancellation);

        // A grant from before the withdrawal that arrives after it.
        await email.ConsentAsync(anna, true, 3, cancellation);
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);
        Assert.That(mails.Catcher.Count, Is.EqualTo(1));

        await email.Host.AdvanceToAsync(TestHost.Start.AddHours(1), cancellation);
        await email.ConsentAsync(anna, true, 4, cancellation);
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);
        Assert.That(mails.Catcher.Count, Is.EqualTo(2));
    }

    [Test]
    public async Task Looking_at_the_page_changes_nothing(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var anna = await email.CustomerAsync(cancellation, language: "de");
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);
        var link = Link(await mails.OnlyAsync(cancellation));

        var page = await email.Host.Http.GetStringAsync(link, cancellation);
        Assert.That(page, Does.Contain("lang=\"de\"").And.Contain("<form method=\"post\"><button name=\"List-Unsubscribe\" value=\"One-Click\">"));
        using var bare = await email.Host.Http.PostAsync(link, new StringContent("", Encoding.UTF8, "text/plain"), cancellation);
        Assert.That(bare.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        var changed = link.Replace("p=marketing", "p=receipts", StringComparison.Ordinal);
        using var forged = await email.Host.Http.PostAsync(changed, new FormUrlEncodedContent(OneClick), cancellation);
        Assert.That(forged.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden));
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Count, Is.EqualTo(2));
        Assert.That(email.Told, Is.Empty);
    }

    [Test]
    public async Task Profile_is_told_again_until_it_listens_and_the_gate_is_shut_meanwhile(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        var profile = new FakeProfile { Refusals = 2 };
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation, profile: profile);
        var anna = await email.CustomerAsync(cancellation);
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);
        await PostAsync(email, Link(await mails.OnlyAsync(cancellation)), cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(email.Told, Has.Count.EqualTo(1));
        Assert.That((await email.FiguresAsync(cancellation))["email withdrawals by link"], Is.EqualTo(1));
    }

    private static async Task PostAsync(EmailHost email, string link, CancellationToken cancellation)
    {
        using var answer = await email.Host.Http.PostAsync(link, new FormUrlEncodedContent(OneClick), cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.OK));
    }

    private static string Link(ReadMail mail) => new Uri(mail.Headers["List-Unsubscribe"].Trim('<', '>')).PathAndQuery;
}
