using NUnit.Framework;
using Patron.Contracts.Channels.V1;
using Patron.Local;
using Patron.Testing;

namespace Patron.Services.Tests.Channels;

/// <summary>The email service alone, from a journey's request to the mail.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class EmailTests
{
    [Test]
    public async Task A_request_becomes_a_mail_in_the_customers_language(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var customer = await email.CustomerAsync(cancellation, "mei@cust.example", "美玲", "歐陽", "zh-HK");
        var send = await email.RequestAsync(customer, cancellation);
        await email.Host.DrainAsync(cancellation);

        var mail = await mails.OnlyAsync(cancellation);
        Assert.That(mails.Catcher.Mails[0].Recipients, Is.EqualTo(new[] { "mei@cust.example" }));
        Assert.That(mails.Catcher.Mails[0].Subject, Is.EqualTo("歐陽美玲，歡迎加入"));
        Assert.That(mail.Headers["Subject"], Is.EqualTo("歐陽美玲，歡迎加入"));
        Assert.That(mail.Headers["To"], Is.EqualTo("歐陽美玲 <mei@cust.example>"));
        Assert.That(mail.Headers["From"], Is.EqualTo("Käse & Brot <hello@brand.example>"));
        Assert.That(mail.Headers["Date"], Is.EqualTo("Wed, 10 Jan 2024 09:00:00 +0000"));
        Assert.That(mail.Headers["Message-ID"], Is.EqualTo($"<{send:N}@brand.example>"));
        Assert.That(mail.Headers["List-Unsubscribe-Post"], Is.EqualTo("List-Unsubscribe=One-Click"));
        Assert.That(mail.Headers["List-Unsubscribe"], Does.StartWith("<https://mail.brand.example/v1/email/unsubscribe?").And.Not.Contain("mei"));
        Assert.That(mail.Text, Does.Contain("歐陽美玲 您好：").And.Contain("https://mail.brand.example/v1/email/unsubscribe?"));
        Assert.That(mail.Html, Does.Contain("<p>歐陽美玲 您好：</p>").And.Contain("<html lang=\"zh-Hant\">"));
        var lines = mail.Raw.Split("\r\n").Where(l => !l.StartsWith("List-Unsubscribe:", StringComparison.Ordinal));
        Assert.That(lines.Max(l => l.Length), Is.LessThanOrEqualTo(76));

        var fact = (await email.FactsAsync(MessageSent.Parser, cancellation)).Single();
        Assert.That((fact.SendId, fact.Channel, fact.Template), Is.EqualTo((send.ToString("D"), "email", "welcome")));
        Assert.That((await email.FiguresAsync(cancellation))["emails sent"], Is.EqualTo(1));
        Assert.That((await email.FiguresAsync(cancellation))["emails waiting"], Is.Zero);
        Assert.That((await email.StoryAsync(customer, cancellation))[^1], Is.EqualTo("Sent the email welcome (the mail server took it: 250 2.0.0)"));
    }

    [Test]
    public async Task What_is_kept_and_published_holds_no_personal_data_in_clear(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        await email.RequestAsync(await email.CustomerAsync(cancellation, "mei@cust.example", "Mei", "Auyeung"), cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Count, Is.EqualTo(1));
        await using var command = email.Host.Service("email").Database.CreateCommand(
            "select string_agg(e::text, ' ') || (select string_agg(s::text, ' ') from streams s) "
                + "|| (select string_agg(c::text, ' ') from contacts c) from events e");
        var kept = (string)(await command.ExecuteScalarAsync(cancellation))!;
        Assert.That(kept, Does.Contain("email.sent.v1").And.Not.Contain("mei@").IgnoreCase.And.Not.Contain("auyeung").IgnoreCase);
    }

    [Test]
    public async Task Without_a_way_or_a_right_to_send_nothing_is_sent_and_the_code_says_why(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var never = Guid.CreateVersion7(TestHost.Start);
        await email.KnowAsync(never, 1, cancellation);
        var withdrawn = await email.CustomerAsync(cancellation);
        await email.ConsentAsync(withdrawn, false, 3, cancellation);
        await email.ConsentAsync(withdrawn, true, 1, cancellation);
        var nowhere = await email.CustomerAsync(cancellation, email: "");
        var unknown = Guid.CreateVersion7(TestHost.Start);
        await email.ConsentAsync(unknown, true, 1, cancellation);
        var odd = await email.CustomerAsync(cancellation, email: "no address");
        var erased = await email.CustomerAsync(cancellation);
        email.Erase(erased);
        var late = await email.CustomerAsync(cancellation);
        foreach (var customer in new[] { never, withdrawn, nowhere, unknown, odd, erased })
            await email.RequestAsync(customer, cancellation);
        await email.RequestAsync(late, cancellation, usefulFor: TimeSpan.FromMinutes(-1));
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Count, Is.Zero);
        var figures = await email.FiguresAsync(cancellation);
        Assert.That(figures["emails suppressed: no-consent"], Is.EqualTo(2));
        Assert.That(figures["emails suppressed: no-contact-point"], Is.EqualTo(4));
        Assert.That(figures["emails suppressed: too-late"], Is.EqualTo(1));
        var facts = await email.FactsAsync(MessageSuppressed.Parser, cancellation);
        Assert.That(facts.Select(f => f.Code).Distinct(), Is.EquivalentTo(new[] { "no-consent", "no-contact-point", "too-late" }));
        var told = (await email.StoryAsync(late, cancellation))[^1];
        Assert.That(told, Is.EqualTo("Did not send the email welcome: too-late (its deadline was 2024-01-10 08:59 UTC)"));
    }

    [Test]
    public async Task Requests_of_other_channels_and_repeats_are_left_alone(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var customer = await email.CustomerAsync(cancellation);
        await email.ConsentAsync(customer, false, 9, cancellation, channel: "sms");
        await email.RequestAsync(customer, cancellation, channel: "sms");
        var send = await email.RequestAsync(customer, cancellation);
        await email.RequestAsync(customer, cancellation, send: send);
        await email.Host.DrainAsync(cancellation);
        await email.RequestAsync(customer, cancellation, send: send);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Count, Is.EqualTo(1));
        Assert.That(await email.FactsAsync(customer, cancellation), Is.EqualTo(new[] { "MessageSent" }));
    }

    [Test]
    public async Task The_newest_address_counts_whatever_order_states_arrive_in(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var customer = await email.CustomerAsync(cancellation);
        await email.KnowAsync(customer, 7, cancellation, "new@cust.example");
        await email.Host.DrainAsync(cancellation);
        await email.KnowAsync(customer, 5, cancellation, "old@cust.example");
        await email.RequestAsync(customer, cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Mails.Single().Recipients, Is.EqualTo(new[] { "new@cust.example" }));
    }

    [TestCase(MailFaultKind.Refuse)]
    [TestCase(MailFaultKind.RefuseData)]
    public async Task A_refusal_for_now_is_tried_again_until_it_is_taken(MailFaultKind kind, CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        mails.Catcher.Faults = [new MailFault(_ => true, kind, "451 4.7.1 Later, anna@cust.example")];
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var customer = await email.CustomerAsync(cancellation);
        await email.RequestAsync(customer, cancellation);
        await EmailHost.UntilAsync(
            async () => (await email.FiguresAsync(cancellation)).GetValueOrDefault("email deferrals") >= 2, "two deferrals", cancellation);
        mails.Catcher.Faults = [];
        await EmailHost.UntilAsync(() => Task.FromResult(mails.Catcher.Count == 1), "the mail arrives", cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(await email.FactsAsync(customer, cancellation), Is.EqualTo(new[] { "MessageSent" }));
        Assert.That(await email.StoryAsync(customer, cancellation), Has.Some.Contains("the mail server answered 451 4.7.1)").And.None.Contains("anna@"));
    }

    [Test]
    public async Task A_refusal_for_good_fails_at_once(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        mails.Catcher.Faults = [new MailFault(to => to.StartsWith("anna", StringComparison.Ordinal), MailFaultKind.Refuse, "550 5.1.1 No such user")];
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation, more: ("Email:Connections", "1"));
        var anna = await email.CustomerAsync(cancellation);
        var bert = await email.CustomerAsync(cancellation, "bert@cust.example");
        await email.RequestAsync(anna, cancellation);
        await email.RequestAsync(bert, cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That((await email.FactsAsync(MessageFailed.Parser, cancellation)).Single().Reason, Is.EqualTo("the mail server answered 550 5.1.1"));
        Assert.That(mails.Catcher.Mails.Single().Recipients, Is.EqualTo(new[] { "bert@cust.example" }), "the connection goes on after a refusal");
    }

    [TestCase(MailFaultKind.DropAfterKeeping, 1)]
    [TestCase(MailFaultKind.DropBeforeKeeping, 0)]
    public async Task Without_an_answer_a_send_is_uncertain_and_never_repeated(MailFaultKind kind, int kept, CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        mails.Catcher.Faults = [new MailFault(_ => true, kind)];
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var customer = await email.CustomerAsync(cancellation);
        await email.RequestAsync(customer, cancellation);
        await email.Host.DrainAsync(cancellation);
        mails.Catcher.Faults = [];
        await email.Host.AdvanceToAsync(TestHost.Start.AddDays(1), cancellation);

        Assert.That(await email.FactsAsync(customer, cancellation), Is.EqualTo(new[] { "MessageUncertain" }));
        Assert.That(mails.Catcher.Count, Is.EqualTo(kept));
    }

    [Test]
    public async Task A_process_that_ends_between_call_and_record_leaves_an_uncertain_send_and_one_mail(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var mails = new CaughtMails();
        var profile = new FakeProfile();
        mails.Catcher.Faults = [new MailFault(_ => true, MailFaultKind.Delay, Delay: TimeSpan.FromMinutes(10))];
        Guid customer;
        await using (var first = await EmailHost.StartAsync(mails.Port, cancellation, database, profile))
        {
            customer = await first.CustomerAsync(cancellation);
            await first.RequestAsync(customer, cancellation);
            await EmailHost.UntilAsync(() => Task.FromResult(mails.Catcher.Count == 1), "the mail arrives", cancellation);
        }

        mails.Catcher.Faults = [];
        await using var second = await EmailHost.StartAsync(mails.Port, cancellation, database, profile);
        await second.Host.DrainAsync(cancellation);

        Assert.That(await second.FactsAsync(customer, cancellation), Is.EqualTo(new[] { "MessageUncertain" }));
        Assert.That((await second.StoryAsync(customer, cancellation))[^1], Does.Contain("the service ended between the call and its answer"));
        Assert.That(mails.Catcher.Count, Is.EqualTo(1));
    }

    [Test]
    public async Task While_the_mail_server_is_away_mails_wait_and_are_not_begun(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        var port = mails.Port;
        await mails.StopAsync();
        await using var email = await EmailHost.StartAsync(port, cancellation, more: ("Email:RetryMax", "00:00:00.100"));
        var customer = await email.CustomerAsync(cancellation);
        await email.RequestAsync(customer, cancellation);

        // After a few tries business time no longer waits for the mail server.
        await email.Host.DrainAsync(cancellation);
        Assert.That(await email.StoryAsync(customer, cancellation), Has.Count.EqualTo(1));
        Assert.That((await email.FiguresAsync(cancellation))["emails waiting"], Is.EqualTo(1));

        mails.Restart(port);
        await EmailHost.UntilAsync(() => Task.FromResult(mails.Catcher.Count == 1), "the mail arrives", cancellation);
        await EmailHost.UntilAsync(async () => (await email.FactsAsync(customer, cancellation)).Count == 1, "the fact arrives", cancellation);
        Assert.That(await email.FactsAsync(customer, cancellation), Is.EqualTo(new[] { "MessageSent" }));
    }

    [Test]
    public async Task Many_mails_arrive_once_each(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation, more: ("Email:SendsPerRoundMax", "64"));
        var sends = new List<Guid>();
        for (var i = 0; i < 300; i++)
            sends.Add(await email.RequestAsync(await email.CustomerAsync(cancellation, $"c{i}@cust.example"), cancellation));
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Mails.Select(m => m.MessageId), Is.EquivalentTo(sends.Select(s => $"{s:N}@brand.example")));
    }
}
