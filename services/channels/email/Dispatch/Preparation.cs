using System.Security.Cryptography;
using HandlebarsDotNet;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Channels.Email;

/// <summary>A send that is ready to be handed over.</summary>
internal sealed record PreparedSend(OutboxRow Row, Calling Calling, OutgoingMail Mail)
{
    public string Recipient => Calling.Recipient;
}

/// <summary>What a look at a waiting send led to: a message, an end without one, or neither when the contact state is yet to arrive.</summary>
internal readonly record struct Prepared(PreparedSend? Ready, DomainEvent? Ending);

/// <summary>Opens the seals, renders and composes, or says why nothing can be sent.</summary>
internal sealed class Preparation(
    EmailSettings settings, MailComposer composer, Templates templates, RecipientHash recipients, SignedLinks links, CustomerLinks pages,
    TimeProvider systemTime)
{
    /// <param name="key">Null when the customer was erased.</param>
    /// <param name="now">Business time.</param>
    public Prepared Prepare(OutboxRow row, CustomerKey? key, DateTimeOffset now)
    {
        if (WhyNot(row, now) is { } ending)
            return new Prepared(null, ending);
        if (row.Contact is not { } contact)
            return default;
        if (key is null)
            return NoContactPoint("the customer was erased");
        try
        {
            if (Mailbox.Of(key.Unseal(contact.Email, SealedFields.Email)) is not { } address)
                return NoContactPoint("the address is not one that mail can be sent to");
            var addressee = new Addressee(
                Open(key, contact.GivenName, SealedFields.GivenName),
                Open(key, contact.FamilyName, SealedFields.FamilyName),
                Open(key, contact.Language, SealedFields.Language));
            return Compose(row, address, addressee, now);
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            return new Prepared(null, new Failed("the sealed contact state cannot be opened with the customer's key"));
        }
        catch (HandlebarsException)
        {
            return new Prepared(null, new Failed($"the template {row.Template} cannot be rendered"));
        }
    }

    /// <summary>Reasons that need no key. Without any contact state it is too early to say that there is no address.</summary>
    private static Suppressed? WhyNot(OutboxRow row, DateTimeOffset now)
    {
        if (now > row.Deadline)
            return new Suppressed(SuppressionCode.TooLate, $"its deadline was {row.Deadline.UtcDateTime:yyyy-MM-dd HH:mm} UTC");
        if (!row.Granted)
            return new Suppressed(SuppressionCode.NoConsent, row.OptIn ? "the request was answered" : $"there is no consent to email for {row.Purpose}");
        return row.Contact is { Email.Length: 0 } ? new Suppressed(SuppressionCode.NoContactPoint, "no address is known") : null;
    }

    private Prepared Compose(OutboxRow row, string address, Addressee addressee, DateTimeOffset now)
    {
        var recipient = recipients.Of(address);
        var unsubscribe = UnsubscribeLink.Make(links, settings.BaseAddress, row.Customer, row.Purpose, recipient, addressee.Language, now);
        if (row.OptIn && settings.PagesAddress.Length == 0)
            return new Prepared(null, new Failed("Email:PagesAddress is not set, so that nothing can be confirmed"));
        var mailLinks = new MailLinks(
            unsubscribe.AbsoluteUri, PageLink(pages.Preferences(row.Customer, now), addressee),
            row.OptIn ? PageLink(pages.OptIn(row.Customer, row.Send, now), addressee) : "");
        if (templates.Render(row.Template, addressee, row.Data, mailLinks) is not { } content)
            return new Prepared(null, new Failed($"there is no template {row.Template}"));
        var mail = composer.Compose(row.Send, address, addressee.FullName, content, unsubscribe, now);
        var calling = new Calling(Guid.CreateVersion7(systemTime.GetUtcNow()), composer.MessageIdOf(row.Send), recipient);
        return new Prepared(new PreparedSend(row, calling, new OutgoingMail(composer.FromAddress, address, mail)), null);
    }

    private string PageLink(string path, Addressee addressee) => settings.PagesAddress.Length == 0
        ? ""
        : $"{settings.PagesAddress.TrimEnd('/')}{path}&{CustomerLinks.Language}={Templates.LanguageOf(addressee.Language)}";

    private static Prepared NoContactPoint(string reason) => new(null, new Suppressed(SuppressionCode.NoContactPoint, reason));

    private static string Open(CustomerKey key, string text, string field) => text.Length == 0 ? "" : key.Unseal(text, field);
}
