using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Services.Tests.Channels;

namespace Patron.Services.Tests.Merges;

/// <summary>Mails of customers who turn out to be one person while they wait.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class MergedRecipientTests
{
    private static readonly Topic Profile = new(Topics.Profile);

    [Test]
    public async Task What_waits_for_the_one_is_sent_once_to_the_same_person_and_so_is_what_is_asked_for_later(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        var port = mails.Port;
        await using var email = await EmailHost.StartAsync(port, cancellation);
        var (anna, anne) = (await email.CustomerAsync(cancellation), await email.CustomerAsync(cancellation, "anne@cust.example", "Anne"));
        await mails.StopAsync();
        var waiting = await email.RequestAsync(anne, cancellation);
        await ClaimedAsync(email, 1, cancellation);

        await TellAsync(email, cancellation, People.Merge(anne, anna, 1));
        await EmailHost.UntilAsync(async () => await email.Host.Service("email").RootAsync(anne, cancellation) == anna, "the merge", cancellation);
        await email.RequestAsync(anne, cancellation, send: waiting);
        await email.RequestAsync(anne, cancellation, "tier-up");
        mails.Restart(port);
        await email.Host.DrainAsync(cancellation);
        await EmailHost.UntilAsync(() => Task.FromResult(mails.Catcher.Count == 2), "both mails", cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Mails.Select(mail => mail.Recipients[0]), Is.EqualTo(new[] { "anna@cust.example", "anna@cust.example" }));
        Assert.That(await email.FactsAsync(anna, cancellation), Is.EqualTo(new[] { "MessageSent", "MessageSent" }));
        Assert.That((await email.FiguresAsync(cancellation))["emails waiting"], Is.Zero);
        Assert.That(await email.StoryAsync(anne, cancellation), Is.EqualTo(await email.StoryAsync(anna, cancellation)));
    }

    [Test]
    public async Task What_still_waits_when_they_turn_out_to_be_two_people_is_sent_to_whom_it_was_for(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        var port = mails.Port;
        await using var email = await EmailHost.StartAsync(port, cancellation);
        var (anna, anne) = (await email.CustomerAsync(cancellation), await email.CustomerAsync(cancellation, "anne@cust.example", "Anne"));
        await mails.StopAsync();
        await email.RequestAsync(anne, cancellation);
        await email.RequestAsync(anna, cancellation);
        await ClaimedAsync(email, 2, cancellation);

        await TellAsync(email, cancellation, [.. People.Merge(anne, anna, 1), .. People.Split(anne, anna, 2)]);
        await EmailHost.UntilAsync(
            async () => (await email.Host.Service("email").ReadStreamAsync(anne, cancellation)).Count == 2, "the merge and its undoing", cancellation);
        mails.Restart(port);
        await EmailHost.UntilAsync(() => Task.FromResult(mails.Catcher.Count == 2), "both mails", cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Mails.Select(mail => mail.Recipients[0]), Is.EquivalentTo(new[] { "anna@cust.example", "anne@cust.example" }));
    }

    [Test]
    public async Task Who_was_just_parted_is_written_to_although_their_address_is_told_after_the_mail_was_asked_for(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation, more: ("Email:ContactWait", "00:00:30"));
        var (anna, anne) = (await email.CustomerAsync(cancellation), await email.CustomerAsync(cancellation, "anne@cust.example", "Anne"));
        await TellAsync(email, cancellation, People.Merge(anne, anna, 1));
        await email.KnowAsync(anne, 2, cancellation, email: "", given: "", family: "");
        await email.Host.DrainAsync(cancellation);

        await TellAsync(email, cancellation, People.Split(anne, anna, 2));
        await email.RequestAsync(anne, cancellation);
        await ClaimedAsync(email, 1, cancellation);
        await email.KnowAsync(anne, 3, cancellation, "anne@cust.example", "Anne");
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Mails.Select(mail => mail.Recipients[0]), Is.EqualTo(new[] { "anne@cust.example" }));
        Assert.That((await email.FactsAsync(anne, cancellation))[^1], Is.EqualTo("MessageSent"));
    }

    [Test]
    public async Task Who_withdrew_before_the_merge_is_not_written_to_at_that_address_afterwards(CancellationToken cancellation)
    {
        await using var mails = new CaughtMails();
        await using var email = await EmailHost.StartAsync(mails.Port, cancellation);
        var (anna, anne) = (await email.CustomerAsync(cancellation), await email.CustomerAsync(cancellation));
        await email.RequestAsync(anne, cancellation);
        await email.Host.DrainAsync(cancellation);
        var mail = await mails.OnlyAsync(cancellation);
        var link = new Uri(mail.Headers["List-Unsubscribe"].Trim('<', '>'));
        await TellAsync(email, cancellation, People.Merge(anne, anna, 1));
        await email.Host.DrainAsync(cancellation);

        using var form = new FormUrlEncodedContent(new Dictionary<string, string> { ["List-Unsubscribe"] = "One-Click" });
        using var answer = await email.Host.Http.PostAsync(new Uri(link.PathAndQuery, UriKind.Relative), form, cancellation);
        Assert.That((int)answer.StatusCode, Is.EqualTo(200));
        await email.RequestAsync(anna, cancellation);
        await email.Host.DrainAsync(cancellation);

        Assert.That(mails.Catcher.Count, Is.EqualTo(1));
        Assert.That((await email.FactsAsync(anna, cancellation))[^1], Is.EqualTo("MessageSuppressed"));
    }

    private static async Task TellAsync(EmailHost email, CancellationToken cancellation, params IReadOnlyList<(Guid Customer, IMessage Fact)> facts)
    {
        foreach (var (customer, fact) in facts)
            await email.Host.PublishAsync(Profile, "profile", customer, fact, cancellation);
    }

    private static Task ClaimedAsync(EmailHost email, long sends, CancellationToken cancellation) => EmailHost.UntilAsync(
        async () => (await email.FiguresAsync(cancellation)).GetValueOrDefault("emails waiting") == sends, "the claims", cancellation);
}
