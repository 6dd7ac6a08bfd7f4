using Patron.Runtime.Hosting;

namespace Patron.Channels.Email;

/// <summary>The link in every mail by which its recipient withdraws, without any sign-in.</summary>
internal static class UnsubscribeLink
{
    public const string Path = "/v1/email/unsubscribe";
    public const string Purpose = "email.unsubscribe";
    public const string Customer = "c";
    public const string ConsentPurpose = "p";
    public const string Recipient = "r";

    /// <summary>The page's language; not proved, since nothing depends on it.</summary>
    public const string Language = "l";

    // Mails are kept for years, and a withdrawal must still work.
    private const int ValidYears = 10;

    public static Uri Make(
        SignedLinks links, string baseAddress, Guid customer, string purpose, string recipient, string language, DateTimeOffset now)
    {
        var proved = new Dictionary<string, string> { [Customer] = customer.ToString("D"), [ConsentPurpose] = purpose, [Recipient] = recipient };
        var link = links.Sign(Purpose, Path, proved, now.AddYears(ValidYears));
        return new Uri($"{baseAddress.TrimEnd('/')}{link}&{Language}={Templates.LanguageOf(language)}");
    }
}
