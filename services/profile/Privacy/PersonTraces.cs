using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>
/// What names a person in a text that nobody could understand: any identifier that they ever had, or given and family name together. In memory
/// only, for as long as an erasure or export looks for them.
/// </summary>
internal sealed partial class PersonTraces
{
    private const int CharactersMin = 4;
    private const int DigitsMin = 7;

    private readonly HashSet<string> identifiers = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<string> digits = [];
    private readonly List<(string Given, string Family)> names = [];

    /// <summary>Opens all that the customer's events hold under seal.</summary>
    public void Learn(IEnumerable<RecordedEvent> events, CustomerKey key)
    {
        foreach (var recorded in events)
        {
            if (recorded.Event is IdentifierLinked { SealedValue.Length: > 0 } linked)
                Add(Open(linked.SealedValue, Recognition.FieldOf(linked.Kind), key));
            else if (DetailsIn(recorded.Event) is { } details)
                Learn(details, key);
        }
    }

    public bool IsIn(LogRecord record) => TextsOf(record).Any(IsIn);

    public bool IsIn(IReadOnlyList<string> cells) => TextsOf(cells).Any(IsIn);

    private static SealedDetails? DetailsIn(DomainEvent happened) => happened switch
    {
        DetailsChanged changed => changed.Details,
        CustomerAbsorbed absorbed => absorbed.Details,
        CustomerSplitOff split => split.Details,
        CustomerGaveBack gave => gave.Details,
        TellingSetAside aside => aside.Details,
        _ => null,
    };

    private void Learn(SealedDetails details, CustomerKey key)
    {
        if (details.Email is { } email)
            Add(Open(email, SealedFields.Email, key));
        if (details.Phone is { } phone)
            Add(Open(phone, SealedFields.Phone, key));
        if (details is { GivenName: { } given, FamilyName: { } family }
            && Open(given, SealedFields.GivenName, key) is { Length: > 0 } first && Open(family, SealedFields.FamilyName, key) is { Length: > 0 } last)
            names.Add((first, last));
    }

    // What cannot be opened can be found nowhere, and must not keep the rest from being erased.
    private static string Open(string box, string field, CustomerKey key)
    {
        try
        {
            return key.Unseal(box, field);
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            return "";
        }
    }

    private void Add(string value)
    {
        if (value.Length >= CharactersMin)
            identifiers.Add(value);
        if (DigitsOf(value) is { Length: >= DigitsMin } number && value.All(c => char.IsAsciiDigit(c) || c == '+'))
            digits.Add(number);
    }

    private bool IsIn(string text)
    {
        var numbers = digits.Count == 0 ? "" : DigitsOf(text);
        return identifiers.Any(i => text.Contains(i, StringComparison.OrdinalIgnoreCase))
            || digits.Any(d => numbers.Contains(d, StringComparison.Ordinal))
            || names.Any(n => text.Contains(n.Given, StringComparison.OrdinalIgnoreCase) && text.Contains(n.Family, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>The record as it is, with escapes of JSON and addresses undone, and what it holds in base64.</summary>
    private static IEnumerable<string> TextsOf(LogRecord record) => TextsOf(
        record.Headers.Select(h => h.Value).Append(record.Value ?? default).Select(b => Encoding.UTF8.GetString(b.Span)).Append(record.Key ?? ""));

    private static IEnumerable<string> TextsOf(IEnumerable<string> parts)
    {
        var text = string.Join('\n', parts.Select(p => JsonEscape().Replace(p, e => ((char)Convert.ToUInt16(e.Groups[1].Value, 16)).ToString())));
        yield return text;
        yield return Uri.UnescapeDataString(text);
        foreach (Match run in Base64().Matches(text))
        {
            var bytes = new byte[run.Length];
            if (Convert.TryFromBase64String(run.Value, bytes, out var length))
                yield return Encoding.UTF8.GetString(bytes, 0, length);
        }
    }

    private static string DigitsOf(string text) => string.Concat(text.Where(char.IsAsciiDigit));

    [GeneratedRegex(@"\\u([0-9A-Fa-f]{4})")]
    private static partial Regex JsonEscape();

    [GeneratedRegex(@"[A-Za-z0-9+/]{16,}={0,2}")]
    private static partial Regex Base64();
}
