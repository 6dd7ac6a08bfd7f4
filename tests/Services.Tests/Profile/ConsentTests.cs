using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventLog;
using Patron.Testing;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Services.Tests.Profile;

/// <summary>What customers agreed to, what proves it, and what goes before what.</summary>
[TestFixture]
[CancelAfter(60_000)]
internal sealed class ConsentTests
{
    private TestHost host = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => host = await ProfileHost.StartAsync(
        CancellationToken.None, null, ("Api:Keys:test:Scopes:6", "personal"), ("Consent:DoubleOptIn:0", "email/feedback"),
        ("Consent:Purposes:0:Name", "marketing"), ("Consent:Purposes:0:Wording", "patron-marketing"), ("Consent:Purposes:0:GrantDays", "30"),
        ("Consent:Purposes:1:Name", "feedback"), ("Consent:Purposes:1:Wording", "patron-feedback"));

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task A_consent_is_kept_with_when_where_how_who_and_which_wording(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "C-EVIDENCE");
        await anna.ConsentAsync(8, granted: true, cancellation, consent =>
        {
            consent["wordingVersion"] = 1;
            consent["wordingLanguage"] = "zh-hant";
            consent["method"] = "CONSENT_METHOD_POS";
            consent["form"] = "till-3";
            consent["takenBy"] = "staff-77";
            consent["ipAddress"] = "203.0.113.9";
            consent["userAgent"] = "Till/9.1";
            consent["decidedAt"] = "2024-01-10T15:30:00+08:00";
        });
        await anna.ConsentAsync(9, granted: false, cancellation);
        var history = (await anna.ReadAsync("consents/history", cancellation))["decisions"]!.AsArray();
        var (granted, evidence) = (history[1]!, history[1]!["evidence"]!);

        Assert.That(history.Select(d => $"{d!["status"]} {d["version"]}"), Is.EqualTo((string[])["withdrawn 2", "granted 1"]));
        Assert.That((DateTimeOffset)granted["decidedAt"]!, Is.EqualTo(new DateTimeOffset(2024, 1, 10, 7, 30, 0, TimeSpan.Zero)));
        Assert.That((DateTimeOffset)granted["recordedAt"]!, Is.EqualTo(host.Clock.GetUtcNow()));
        Assert.That(((string?)granted["source"], (string?)granted["wording"]), Is.EqualTo(("/crm", "patron-marketing")));
        Assert.That(
            ((string?)evidence["method"], (string?)evidence["form"], (int)evidence["wordingVersion"]!, (string?)evidence["wordingLanguage"]),
            Is.EqualTo(("pos", "till-3", 1, "zh-Hant")));
        Assert.That(((string?)evidence["takenBy"], (string?)evidence["ipAddress"]), Is.EqualTo(("staff-77", "203.0.113.9")));
        Assert.That((string?)evidence["userAgentHash"], Has.Length.EqualTo(32).And.Not.Contain("Till"));
        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("withdrawn"));
    }

    // Each step is an hour at which it is told, +/- for the decision, and for an import i and the hour of the decision or ? for none.
    [TestCase("5- 6+i4", "withdrawn", Description = "an import of an older grant")]
    [TestCase("5- 6+i?", "withdrawn", Description = "an import that does not know when")]
    [TestCase("6+i? 5-", "withdrawn", Description = "an import that does not know when, and then an older withdrawal")]
    [TestCase("5+ 6-i5", "withdrawn", Description = "an imported withdrawal of the same moment")]
    [TestCase("5- 8+i7", "granted", Description = "an import of a newer grant")]
    [TestCase("6+i?", "granted", Description = "where nothing is known")]
    [TestCase("5+ 7- 6+", "withdrawn", Description = "a grant that arrives late")]
    public async Task What_was_decided_last_is_in_force_and_a_withdrawal_goes_before_older_imports(string steps, string status)
    {
        var anna = new ToldCustomer(host, $"C-{string.Concat(steps.Where(c => c != ' ')).Replace('+', 'G').Replace('-', 'W').Replace('?', 'X')}");
        foreach (var step in steps.Split(' '))
        {
            await anna.ConsentAsync(step[0] - '0', step[1] == '+', CancellationToken.None, consent =>
            {
                if (step.Length > 2)
                    consent["method"] = "CONSENT_METHOD_IMPORT";
                if (step.Length > 2 && step[3] != '?')
                    consent["decidedAt"] = $"2024-01-10T0{step[3]}:00:00Z";
            });
        }

        Assert.That(await anna.MarketingAsync(CancellationToken.None), Is.EqualTo(status));
    }

    [Test]
    public async Task A_withdrawal_and_grants_at_the_same_moment_from_many_calls_end_withdrawn(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "C-RACE");
        await anna.UpdateAsync(1, cancellation);
        var calls = Enumerable.Range(0, 24).Select(i => anna.PostAsync(7, cancellation, ToldCustomer.Consent(i % 4 != 0)));
        foreach (var answer in await Task.WhenAll(calls))
        {
            Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
            answer.Dispose();
        }

        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("withdrawn"));
    }

    [Test]
    public async Task A_grant_for_a_limited_time_ends_by_itself_and_everybody_hears_it(CancellationToken cancellation)
    {
        await using var alone = await ProfileHost.StartAsync(
            cancellation, null, ("Consent:Purposes:0:Name", "marketing"), ("Consent:Purposes:0:Wording", "patron-marketing"),
            ("Consent:Purposes:0:GrantDays", "30"));
        var anna = new ToldCustomer(alone, "C-LIMITED");
        await anna.ConsentAsync(8, granted: true, cancellation);
        await alone.AdvanceToAsync(TestHost.Start.AddDays(29), cancellation);
        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("granted"));
        await alone.AdvanceToAsync(TestHost.Start.AddDays(31), cancellation);

        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("expired"));
        var last = (await alone.ReadTopicAsync(new Topic(Topics.Profile), cancellation)).Last(f => f.Envelope.Type == Facts.ConsentChanged.Descriptor.FullName);
        var fact = Facts.ConsentChanged.Parser.ParseFrom(last.Record.Value!.Value.Span);
        Assert.That((fact.State, fact.Version), Is.EqualTo((ConsentState.Expired, 2)));
    }

    [Test]
    public async Task A_grant_that_is_to_be_confirmed_is_pending_asked_for_at_most_so_often_and_expires(CancellationToken cancellation)
    {
        await using var alone = await ProfileHost.StartAsync(
            cancellation, null, ("Consent:DoubleOptIn:0", "email/marketing"), ("Consent:OptInAgainAfter", "00:30:00"), ("Consent:OptInsPerWeekMax", "2"));
        var anna = new ToldCustomer(alone, "C-PENDING");
        await anna.ConsentAsync(4, granted: true, cancellation);
        await anna.ConsentAsync(5, granted: true, cancellation);
        Assert.That(await RequestsAsync(), Is.EqualTo(1), "asked again at once");
        await alone.AdvanceToAsync(TestHost.Start.AddHours(1), cancellation);
        await anna.ConsentAsync(6, granted: true, cancellation);
        Assert.That(await RequestsAsync(), Is.EqualTo(2));
        await alone.AdvanceToAsync(TestHost.Start.AddHours(2), cancellation);
        await anna.ConsentAsync(7, granted: true, cancellation);
        Assert.That(await RequestsAsync(), Is.EqualTo(2), "asked too often in a week");
        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("pending"));

        await alone.AdvanceToAsync(TestHost.Start.AddDays(7).AddHours(1).AddMinutes(1), cancellation);
        Assert.That(await anna.MarketingAsync(cancellation), Is.EqualTo("expired"));

        async Task<int> RequestsAsync()
        {
            await alone.DrainAsync(cancellation);
            return (await alone.ReadTopicAsync(new Topic(Topics.Profile), cancellation))
                .Count(f => f.Envelope.Type == Facts.OptInRequested.Descriptor.FullName);
        }
    }

    [Test]
    public async Task A_touchpoint_that_had_the_address_confirmed_itself_grants_at_once(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "C-CONFIRMED");
        await anna.ConsentAsync(8, granted: true, cancellation, consent =>
        {
            consent["purpose"] = "feedback";
            consent["method"] = "CONSENT_METHOD_DOUBLE_OPT_IN";
        });
        var feedback = (await anna.ReadAsync("consents", cancellation))["consents"]!.AsArray()
            .Single(c => (string?)c!["purpose"] == "feedback" && (string?)c["channel"] == "email")!;
        Assert.That((string?)feedback["status"], Is.EqualTo("granted"));
    }

    [TestCase("purpose", "parties", "/data/consents/0/purpose", "This brand asks consent only for marketing, feedback.")]
    [TestCase("state", "CONSENT_STATE_EXPIRED", "/data/consents/0/state", "Say what was decided: CONSENT_STATE_GRANTED or CONSENT_STATE_WITHDRAWN.")]
    [TestCase("decidedAt", "2024-01-10T09:00:01Z", "/data/consents/0/decidedAt", "This is later than the event's own time.")]
    [TestCase("decidedAt", "yesterday", "/data/consents/0/decidedAt", "This is not a time with its offset as in RFC 3339, such as 2024-03-01T10:15:00+08:00.")]
    public async Task A_wrong_consent_is_answered_with_its_place_and_the_reason(string field, string value, string pointer, string detail)
    {
        using var answer = await new ToldCustomer(host, "C-WRONG").PostAsync(9, CancellationToken.None, ToldCustomer.Consent(true, c => c[field] = value));
        var error = (await answer.JsonAsync(CancellationToken.None))["errors"]!.AsArray().Single()!;
        Assert.That(((int)answer.StatusCode, (string?)error["pointer"], (string?)error["detail"]), Is.EqualTo((400, pointer, detail)));
    }

    [Test]
    public async Task A_withdrawal_is_taken_whatever_its_purpose(CancellationToken cancellation)
    {
        var anna = new ToldCustomer(host, "C-ANY");
        await anna.ConsentAsync(8, granted: false, cancellation, consent => consent["purpose"] = "parties");
        Assert.That((await anna.ReadAsync("consents", cancellation))["consents"]!.AsArray().Any(c => (string?)c!["purpose"] == "parties"), Is.True);
    }

    [Test]
    public async Task The_text_of_a_wording_never_changes_and_a_brand_can_take_no_others(CancellationToken cancellation)
    {
        await using var strict = await ProfileHost.StartAsync(cancellation, null, ("Consent:RegisteredWordingsOnly", "true"));
        var anna = new ToldCustomer(strict, "C-STRICT");
        using (var unknown = await anna.PostAsync(8, cancellation, Summer()))
            Assert.That((string?)(await unknown.JsonAsync(cancellation))["errors"]![0]!["pointer"], Is.EqualTo("/data/consents/0/wording"));

        var text = new JsonObject { ["title"] = "Summer", ["text"] = "I want to hear of the summer." };
        using (var first = await ToldCustomer.PutAsync(strict, "/v1/wordings/summer/2/en", text, cancellation))
            Assert.That(first.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using (var again = await ToldCustomer.PutAsync(strict, "/v1/wordings/summer/2/en", text, cancellation))
            Assert.That(again.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        text["text"] = "I want to hear of everything.";
        using (var other = await ToldCustomer.PutAsync(strict, "/v1/wordings/summer/2/en", text, cancellation))
            Assert.That(other.StatusCode, Is.EqualTo(HttpStatusCode.Conflict));
        await anna.UpdateAsync(8, cancellation, Summer());
        var kept = (await ToldCustomer.ReadAsync(strict, "/v1/wordings", cancellation))["wordings"]!.AsArray().Single(w => (string?)w!["wording"] == "summer")!;
        Assert.That((string?)kept["text"], Is.EqualTo("I want to hear of the summer."));

        static JsonObject Summer() => ToldCustomer.Consent(true, consent =>
            (consent["wording"], consent["wordingVersion"], consent["wordingLanguage"]) = ("summer", 2, "en"));
    }
}
