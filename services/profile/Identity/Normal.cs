using System.Globalization;
using System.Text.RegularExpressions;

namespace Patron.Profile;

/// <summary>
/// The one spelling of each identifier and attribute under which it is compared and kept. Null means that the text is not one.
/// </summary>
internal static partial class Normal
{
    public const int EmailCharactersMax = 254;
    public const int IdentifierCharactersMax = 64;
    private const int LocalPartCharactersMax = 64;
    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>
    /// Trimmed and in lower case, the domain in its ASCII form (RFC 5891). RFC 5321 would let the local part depend on case; no mail service of
    /// size does, and customers do not type it consistently.
    /// </summary>
    public static string? Email(string text)
    {
        var email = text.Trim().ToLowerInvariant();
        var at = email.LastIndexOf('@');
        if (email.Length > EmailCharactersMax || at < 1 || at > LocalPartCharactersMax || !LocalPart().IsMatch(email[..at]))
            return null;
        return Domain(email[(at + 1)..]) is { } domain ? $"{email[..at]}@{domain}" : null;
    }

    /// <summary>Trimmed and in upper case, without the blanks that are printed between groups of digits.</summary>
    public static string? Card(string text) =>
        Token(text.Replace(" ", "", StringComparison.Ordinal).ToUpperInvariant(), IdentifierCharactersMax);

    /// <summary>A number that somebody else gave: a shop, a partner, WeChat, an app. Trimmed; case counts, because it does for some.</summary>
    public static string? Foreign(string text) => Token(text, IdentifierCharactersMax);

    /// <summary>A well-formed BCP 47 tag in the usual case: <c>zh-hant-hk</c> becomes <c>zh-Hant-HK</c>.</summary>
    public static string? Language(string text)
    {
        var tag = text.Trim().Replace('_', '-');
        if (!LanguageTag().IsMatch(tag))
            return null;
        var parts = tag.ToLowerInvariant().Split('-');
        for (var i = 1; i < parts.Length && parts[i].Length > 1; i++)
        {
            parts[i] = parts[i].Length switch
            {
                2 => parts[i].ToUpperInvariant(),
                4 when char.IsAsciiLetter(parts[i][0]) => char.ToUpperInvariant(parts[i][0]) + parts[i][1..],
                _ => parts[i],
            };
        }
        return string.Join('-', parts);
    }

    /// <summary>The id of a zone of the IANA database that this machine knows.</summary>
    public static string? TimeZone(string text)
    {
        var zone = text.Trim();
        if (zone.Length > IdentifierCharactersMax || !ZoneName().IsMatch(zone))
            return null;
        return TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) && found.HasIanaId ? zone : null;
    }

    public static string? Country(string text)
    {
        var code = text.Trim().ToUpperInvariant();
        return Iso3166.Contains(code) ? code : null;
    }

    private static string? Token(string text, int charactersMax)
    {
        var token = text.Trim();
        return token.Length is > 0 && token.Length <= charactersMax && !token.Any(char.IsControl) ? token : null;
    }

    private static string? Domain(string text)
    {
        try
        {
            // Nearly all are ASCII already, and asking would take longer than everything else.
            var domain = System.Text.Ascii.IsValid(text) ? text : Idn.GetAscii(text);
            return DomainName().IsMatch(domain) ? domain : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^[^\s@""(),:;<>\[\]\\.\p{Cc}]+(\.[^\s@""(),:;<>\[\]\\.\p{Cc}]+)*\z")]
    private static partial Regex LocalPart();

    [GeneratedRegex(@"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])\z")]
    private static partial Regex DomainName();

    // RFC 5646, 2.1: language, script, region, variants, extensions, private use.
    [GeneratedRegex(
        @"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?(-([A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*" +
        @"(-[A-WY-Za-wy-z0-9](-[A-Za-z0-9]{2,8})+)*(-[xX](-[A-Za-z0-9]{1,8})+)?\z")]
    private static partial Regex LanguageTag();

    [GeneratedRegex(@"^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*\z")]
    private static partial Regex ZoneName();
}
