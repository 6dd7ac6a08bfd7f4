using System.Globalization;
using System.Net.Mail;
using System.Text;

namespace Patron.Channels.Email;

/// <summary>An address as the mail server takes it.</summary>
internal static class Mailbox
{
    private static readonly IdnMapping Idn = new();

    /// <summary>
    /// The address with its domain in ASCII (RFC 5890), or null when no mail can be sent to it: not an address, or a local part that only
    /// servers with SMTPUTF8 take.
    /// </summary>
    public static string? Of(string text)
    {
        text = text.Trim();
        if (text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '<' or '>'))
            return null;
        if (!MailAddress.TryCreate(text, out var address) || address.Address != text || !Ascii.IsValid(address.User))
            return null;
        try
        {
            return $"{address.User}@{Idn.GetAscii(address.Host)}";
        }
        catch (ArgumentException)
        {
            return null;
        }
    }
}
