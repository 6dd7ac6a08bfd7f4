using System.Net.Mail;
using Patron.Runtime.Hosting;

namespace Patron.Channels.Email;

/// <summary>The configuration section <c>Email</c>.</summary>
internal sealed class EmailSettings : ISettings
{
    /// <summary>The fewest bytes of <see cref="RecipientKey"/>.</summary>
    private const int KeyBytesMin = 32;

    /// <summary>Name and address that mails come from, such as <c>Patron &lt;hello@brand.example&gt;</c>.</summary>
    public string From { get; set; } = "Patron <hello@patron.example>";

    public SmtpSettings Smtp { get; set; } = new();

    /// <summary>Connections to the mail server at the same time, 1 to 64.</summary>
    public int Connections { get; set; } = 4;

    /// <summary>Where recipients reach this service, for the links in mails: a public address with HTTPS.</summary>
    public string BaseAddress { get; set; } = "http://localhost:8080";

    /// <summary>
    /// Where recipients reach profile's pages (their preferences, confirming): a public address with HTTPS. Without it mails have no link to the
    /// preferences, and those that ask for confirmation fail. Profile must know the keys under <c>Links</c>.
    /// </summary>
    public string PagesAddress { get; set; } = "";

    /// <summary>
    /// Key of the hashes that stand for addresses in the gate: at least 32 random bytes in base64. It never changes, or earlier withdrawals
    /// would be forgotten.
    /// </summary>
    public string RecipientKey { get; set; } = "";

    /// <summary>Sends that are prepared, called and recorded together, 1 to 1,000.</summary>
    public int SendsPerRoundMax { get; set; } = 256;

    /// <summary>System time before the first repeat after a refusal for now; doubles each time up to <see cref="RetryMax"/>.</summary>
    public TimeSpan RetryFirst { get; set; } = TimeSpan.FromSeconds(1);

    public TimeSpan RetryMax { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>System time for which a send waits for its customer's contact state to arrive: longer than that topic's reader is ever behind.</summary>
    public TimeSpan ContactWait { get; set; } = TimeSpan.FromSeconds(30);

    public IEnumerable<SettingFault> Check()
    {
        if (!MailAddress.TryCreate(From, out _))
            yield return new SettingFault(nameof(From), "it must be an address, such as Patron <hello@brand.example>");
        if (Smtp.Host.Length == 0)
            yield return new SettingFault("Smtp:Host", "it must be the name or IP address of a mail server");
        if (Smtp.Port is < 1 or > 65535)
            yield return new SettingFault("Smtp:Port", "it must be from 1 to 65535");
        if (Smtp.Timeout < TimeSpan.FromSeconds(1))
            yield return new SettingFault("Smtp:Timeout", "it must be at least 00:00:01");
        if (Connections is < 1 or > 64)
            yield return new SettingFault(nameof(Connections), "it must be from 1 to 64");
        if (!Uri.TryCreate(BaseAddress, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
            yield return new SettingFault(nameof(BaseAddress), "it must be an address such as https://mail.brand.example");
        if (PagesAddress.Length > 0 && (!Uri.TryCreate(PagesAddress, UriKind.Absolute, out var pages) || pages.Scheme is not ("http" or "https")))
            yield return new SettingFault(nameof(PagesAddress), "it must be an address such as https://my.brand.example, or empty");
        var key = new byte[RecipientKey.Length];
        if (!Convert.TryFromBase64String(RecipientKey, key, out var length) || length < KeyBytesMin)
            yield return new SettingFault(nameof(RecipientKey), "it must be at least 32 random bytes in base64 ('openssl rand -base64 32'), and never change");
        if (SendsPerRoundMax is < 1 or > 1_000)
            yield return new SettingFault(nameof(SendsPerRoundMax), "it must be from 1 to 1000");
        if (RetryFirst <= TimeSpan.Zero || RetryMax < RetryFirst)
            yield return new SettingFault(nameof(RetryFirst), "it must be longer than zero and at most RetryMax");
        if (ContactWait < TimeSpan.Zero)
            yield return new SettingFault(nameof(ContactWait), "it must not be negative");
    }
}

/// <summary>The mail server that takes all mail; it relays and signs.</summary>
internal sealed class SmtpSettings
{
    public string Host { get; set; } = "localhost";

    public int Port { get; set; } = 25;

    /// <summary>System time for connecting, and for each reply.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(1);
}
