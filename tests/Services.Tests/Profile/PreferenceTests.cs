using System.Net;
using System.Text.RegularExpressions;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Journey.V1;
using Patron.Local;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Testing;

namespace Patron.Services.Tests.Profile;

/// <summary>The preference centre as a browser without scripts sees it, and what its changes do to mails.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed partial class PreferenceTests
{
    private MarketingHost marketing = null!;
    private volatile bool doorOpen = true;
    private HttpClient browser = null!;

    [SetUp]
    public async Task StartAsync()
    {
        doorOpen = true;
        marketing = await MarketingHost.StartAsync(CancellationToken.None, () => doorOpen);
        browser = marketing.Browser();
    }

    [TearDown]
    public async Task StopAsync()
    {
        browser.Dispose();
        await marketing.DisposeAsync();
    }

    [Test]
    public async Task The_link_shows_no_id_and_only_the_right_one_opens_the_page(CancellationToken cancellation)
    {
        var anna = await marketing.CustomerAsync("P-LINK", cancellation);
        var bert = await marketing.CustomerAsync("P-LINK-2", cancellation, email: "bert@example.com");
        var link = await marketing.PreferencesAsync(anna.Customer, cancellation);
        var other = await marketing.PreferencesAsync(bert.Customer, cancellation);

        Assert.That(link, Does.Not.Contain(anna.Customer.ToString("D")).And.Not.Contain(anna.Customer.ToString("N")));
        Assert.That(link.Length, Is.LessThan(160));
        var token = Token().Match(link).Value;
        foreach (var wrong in (string[])
        [
            other.Replace(Token().Match(other).Value, token, StringComparison.Ordinal), link[..^1] + (link[^1] == 'A' ? 'B' : 'A'),
            CustomerLinks.PreferencesPath, link.Replace("k=k1", "k=k2", StringComparison.Ordinal), link + "&t=" + token,
        ])
        {
            using var refused = await browser.GetAsync(new Uri(wrong, UriKind.Relative), cancellation);
            Assert.That(refused.StatusCode, Is.EqualTo(HttpStatusCode.Forbidden), wrong);
        }
    }

    [Test]
    public async Task The_page_is_safe_needs_no_script_and_names_every_choice(CancellationToken cancellation)
    {
        var anna = await marketing.CustomerAsync("P-PAGE", cancellation);
        await anna.ConsentAsync(8, granted: true, cancellation);
        using var answer = await browser.GetAsync(new Uri(await marketing.PreferencesAsync(anna.Customer, cancellation), UriKind.Relative), cancellation);
        var page = await answer.Content.ReadAsStringAsync(cancellation);

        var policy = answer.Headers.GetValues("Content-Security-Policy").Single();
        Assert.That(policy, Does.StartWith("default-src 'none'; style-src 'sha256-").And.Not.Contain("unsafe"));
        Assert.That(answer.Headers.CacheControl?.NoStore, Is.True);
        Assert.That(answer.Headers.GetValues("Referrer-Policy").Single(), Is.EqualTo("same-origin"));
        Assert.That(answer.Headers.Contains("Set-Cookie"), Is.False);
        foreach (var unwanted in (string[])["<script", "http://", "https://", "style=\"", "meiling.chan"])
            Assert.That(page, Does.Not.Contain(unwanted));
        Assert.That(Boxes(page), Is.EqualTo((string[])
        [
            "email/marketing on", "sms/marketing off", "wechat/marketing off", "email/feedback off", "sms/feedback off", "wechat/feedback off",
        ]));
        // Every control has a label of its own, and every group a legend.
        Assert.That(LabelledBox().Count(page), Is.EqualTo(6));
        Assert.That(page, Does.Contain("<label class=\"above\" for=\"language\">").And.Contain("<legend>News and offers</legend>"));
        Assert.That(page, Does.Contain("m***@e***.com"));
    }

    [TestCase("zh-Hant-HK", null, null, "zh-Hant", "您的選擇")]
    [TestCase("zh-CN", "en", null, "zh-Hans", "您的选择")]
    [TestCase("fr", "fr, zh-TW;q=0.8, en;q=0.5", null, "zh-Hant", "您的選擇")]
    [TestCase("zh-Hant-HK", null, "en", "en", "Your choices")]
    [TestCase("de", null, null, "en", "Your choices")]
    public async Task It_speaks_the_chosen_language_else_the_customers_else_the_browsers(
        string known, string? accepted, string? chosen, string language, string title)
    {
        var anna = await marketing.CustomerAsync("P-LANG", CancellationToken.None, known);
        var link = await marketing.PreferencesAsync(anna.Customer, CancellationToken.None) + (chosen is null ? "" : $"&l={chosen}");
        using var request = new HttpRequestMessage(HttpMethod.Get, link);
        if (accepted is not null)
            request.Headers.Add("Accept-Language", accepted);
        using var answer = await browser.SendAsync(request);
        Assert.That(await answer.Content.ReadAsStringAsync(), Does.Contain($"<html lang=\"{language}\">").And.Contain($"<h1>{title}</h1>"));
    }

    [Test]
    public async Task A_person_changes_only_what_they_touch_and_it_is_kept_with_its_evidence(CancellationToken cancellation)
    {
        var anna = await marketing.CustomerAsync("P-CHANGE", cancellation);
        await anna.ConsentAsync(8, granted: true, cancellation);
        var link = await marketing.PreferencesAsync(anna.Customer, cancellation);
        // While the page is open, something else is decided elsewhere, which stays.
        await anna.ConsentAsync(8, granted: true, cancellation, consent => consent["channel"] = "sms");
        var page = await PostAsync(
            link, HttpStatusCode.OK, cancellation, ("was", "email/marketing"), ("choice", "email/marketing"), ("choice", "wechat/feedback"),
            ("was-language", "en"), ("language", "zh-Hant"), ("do", "save"));

        Assert.That(page, Does.Contain("<html lang=\"zh-Hant\">").And.Contain("已儲存，您的選擇現已生效。"));
        Assert.That(
            Boxes(page).Where(b => b.EndsWith(" on", StringComparison.Ordinal)),
            Is.EqualTo((string[])["email/marketing on", "sms/marketing on", "wechat/feedback on"]));
        var last = (await anna.ReadAsync("consents/history", cancellation))["decisions"]![0]!;
        Assert.That(
            $"{last["channel"]} {last["purpose"]} {last["status"]} {last["source"]} {last["wording"]}",
            Is.EqualTo("wechat feedback granted /patron/preferences patron-feedback"));
        Assert.That(
            $"{last["evidence"]!["method"]} {last["evidence"]!["form"]} {last["evidence"]!["wordingVersion"]} {last["evidence"]!["wordingLanguage"]}",
            Is.EqualTo("form preferences 1 en"));
        Assert.That(await PostAsync(link, HttpStatusCode.OK, cancellation, ("was", "email/marketing"), ("choice", "email/marketing"), ("do", "save")),
            Does.Contain("沒有任何更改。"));
    }

    [Test]
    public async Task A_form_of_another_site_is_not_taken(CancellationToken cancellation)
    {
        var anna = await marketing.CustomerAsync("P-CSRF", cancellation);
        using var request = new HttpRequestMessage(HttpMethod.Post, await marketing.PreferencesAsync(anna.Customer, cancellation));
        request.Headers.Add("Sec-Fetch-Site", "cross-site");
        request.Content = new FormUrlEncodedContent([new("do", "stop")]);
        using var refused = await browser.SendAsync(request, cancellation);
        Assert.That((refused.StatusCode, await anna.MarketingAsync(cancellation)), Is.EqualTo((HttpStatusCode.Forbidden, "unknown")));
    }

    [Test]
    public async Task After_the_page_says_in_force_no_mail_goes_out_although_no_fact_was_read_since(CancellationToken cancellation)
    {
        var anna = await marketing.CustomerAsync("P-FORCE", cancellation);
        await anna.ConsentAsync(8, granted: true, cancellation);
        await RequestAsync(anna.Customer, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(marketing.Mails.Catcher.Count, Is.EqualTo(1));
        var link = await marketing.MailedLinkAsync(CustomerLinks.PreferencesPath, 0, cancellation);

        var page = await PostAsync(link, HttpStatusCode.OK, cancellation, ("do", "stop"));
        Assert.That(page, Does.Contain("Your choices are in force."));
        Assert.That(Boxes(page), Has.All.EndsWith(" off"));
        await RequestAsync(anna.Customer, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(marketing.Mails.Catcher.Count, Is.EqualTo(1));

        await marketing.Host.AdvanceToAsync(TestHost.Start.AddHours(1), cancellation);
        await PostAsync(link, HttpStatusCode.OK, cancellation, ("choice", "email/marketing"), ("do", "save"));
        await marketing.Host.DrainAsync(cancellation);
        await RequestAsync(anna.Customer, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(marketing.Mails.Catcher.Count, Is.EqualTo(2), "a grant opens the gate again");
    }

    [Test]
    public async Task The_answer_waits_for_a_mail_that_is_just_being_handed_over(CancellationToken cancellation)
    {
        var anna = await marketing.CustomerAsync("P-CALL", cancellation);
        await anna.ConsentAsync(8, granted: true, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        marketing.Mails.Catcher.Faults = [new MailFault(_ => true, MailFaultKind.Delay, Delay: TimeSpan.FromMilliseconds(600))];
        await RequestAsync(anna.Customer, cancellation);
        while (marketing.Mails.Catcher.Count == 0)
            await Task.Delay(5, cancellation);

        // The server has the mail and has not answered yet.
        var link = await marketing.PreferencesAsync(anna.Customer, cancellation);
        var page = await PostAsync(link, HttpStatusCode.OK, cancellation, ("do", "stop"));
        Assert.That(page, Does.Contain("Your choices are in force."));
        var story = await ToldCustomer.ReadAsync(marketing.Host, $"/v1/email/customers/{anna.Customer}/timeline", cancellation);
        Assert.That(story.AsArray().Select(e => (string?)e!["what"]), Has.Some.StartsWith("Sent the email"), "the answer of the server was waited for");
    }

    [Test]
    public async Task A_door_that_does_not_answer_is_told_honestly_and_the_gate_shuts_by_the_fact(CancellationToken cancellation)
    {
        var anna = await marketing.CustomerAsync("P-DOOR", cancellation);
        await anna.ConsentAsync(8, granted: true, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        doorOpen = false;
        var page = await PostAsync(await marketing.PreferencesAsync(anna.Customer, cancellation), HttpStatusCode.Accepted, cancellation, ("do", "stop"));
        Assert.That(page, Does.Contain("not in force everywhere yet"));
        await marketing.Host.DrainAsync(cancellation);
        await RequestAsync(anna.Customer, cancellation);
        await marketing.Host.DrainAsync(cancellation);
        Assert.That(marketing.Mails.Catcher.Count, Is.Zero);
    }

    private async Task<string> PostAsync(string link, HttpStatusCode status, CancellationToken cancellation, params (string Name, string Value)[] form)
    {
        using var content = new FormUrlEncodedContent(form.Select(f => KeyValuePair.Create(f.Name, f.Value)));
        using var answer = await browser.PostAsync(new Uri(link, UriKind.Relative), content, cancellation);
        var page = await answer.Content.ReadAsStringAsync(cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(status), page);
        return page;
    }

    private Task RequestAsync(Guid customer, CancellationToken cancellation) => marketing.Host.PublishAsync(
        new Topic(Topics.Journey),
        "journey",
        customer,
        new SendRequested
        {
            SendId = Guid.CreateVersion7(TestHost.Start).ToString("D"),
            Journey = "welcome",
            InstanceId = Guid.Empty.ToString("D"),
            Step = "welcome",
            Channel = "email",
            Purpose = "marketing",
            Template = "welcome",
            Deadline = Timestamp.FromDateTimeOffset(TestHost.Start.AddDays(3)),
        },
        cancellation);

    private static IEnumerable<string> Boxes(string page) =>
        Box().Matches(page).Select(m => $"{m.Groups[1].Value} {(m.Groups[2].Value.Contains("checked", StringComparison.Ordinal) ? "on" : "off")}");

    [GeneratedRegex("type=\"checkbox\" name=\"choice\" value=\"([^\"]+)\"([^>]*)>")]
    private static partial Regex Box();

    [GeneratedRegex("<label class=\"choice\"><input type=\"checkbox\"[^>]*><span>[^<]+", RegexOptions.Singleline)]
    private static partial Regex LabelledBox();

    [GeneratedRegex("(?<=[?&]t=)[^&]+")]
    private static partial Regex Token();
}
