using System.Globalization;
using System.Net.Mail;
using System.Text;

namespace Patron.Channels.Email;

/// <summary>What a mail says, in clear.</summary>
internal sealed record MailContent(string Subject, string Text, string Html);

/// <summary>Writes messages by RFC 5322 and MIME: a text and an HTML alternative, with one-click unsubscribe (RFC 2369, RFC 8058).</summary>
internal sealed class MailComposer(MailAddress from)
{
    public string FromAddress { get; } = from.Address;

    /// <summary>The same for every try of a send, so that a receiver can see a repeat.</summary>
    public string MessageIdOf(Guid send) => $"{send:N}@{from.Host}";

    /// <param name="to">A checked address; see <see cref="Mailbox"/>.</param>
    /// <param name="unsubscribe">The signed link that withdraws by one POST.</param>
    /// <param name="date">Business time.</param>
    public byte[] Compose(Guid send, string to, string toName, MailContent content, Uri unsubscribe, DateTimeOffset date)
    {
        var boundary = $"=_{send:N}";
        var mail = new StringBuilder(content.Html.Length * 2);
        Header(mail, "Date", date.UtcDateTime.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        Header(mail, "From", Person(from.DisplayName, from.Address));
        Header(mail, "To", Person(toName, to));
        Header(mail, "Subject", MailText.Header(content.Subject));
        Header(mail, "Message-ID", $"<{MessageIdOf(send)}>");
        Header(mail, "List-Unsubscribe", $"<{unsubscribe.AbsoluteUri}>");
        Header(mail, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        Header(mail, "MIME-Version", "1.0");
        Header(mail, "Content-Type", $"multipart/alternative;\r\n boundary=\"{boundary}\"");
        mail.Append("\r\n");
        Part(mail, boundary, "text/plain", content.Text);
        Part(mail, boundary, "text/html", content.Html);
        mail.Append("--").Append(boundary).Append("--\r\n");
        return Encoding.UTF8.GetBytes(mail.ToString());
    }

    private static void Part(StringBuilder mail, string boundary, string type, string text)
    {
        var (encoding, body) = MailText.Body(text);
        mail.Append("--").Append(boundary).Append("\r\n");
        Header(mail, "Content-Type", $"{type}; charset=utf-8");
        Header(mail, "Content-Transfer-Encoding", encoding);
        mail.Append("\r\n").Append(body);
    }

    // The address gets a line of its own: with an encoded name it could be longer than a line may be.
    private static string Person(string name, string address) => name.Length == 0 ? address : $"{MailText.DisplayName(name)}\r\n <{address}>";

    private static void Header(StringBuilder mail, string name, string value) => mail.Append(name).Append(": ").Append(value).Append("\r\n");
}
