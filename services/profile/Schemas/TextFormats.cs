using System.Diagnostics;
using System.Globalization;

namespace Patron.Profile;

/// <summary>The formats of JSON Schema that Patron knows.</summary>
internal static class TextFormats
{
    public static bool Matches(TextFormat format, string text) => format switch
    {
        TextFormat.DateTime => IngestReader.TryReadTime(text, out _),
        TextFormat.Date => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        TextFormat.Email => Normal.Email(text) is not null,
        // A path is an absolute URI to .NET on Unix.
        TextFormat.Uri => !text.StartsWith('/') && Uri.IsWellFormedUriString(text, UriKind.Absolute),
        TextFormat.Uuid => Guid.TryParseExact(text, "D", out _),
        _ => throw new UnreachableException($"{format} is a format without a rule."),
    };

    public static string Rule(TextFormat format) => format switch
    {
        TextFormat.DateTime => "This must be a time with its offset as in RFC 3339, such as 2024-03-01T10:15:00+08:00.",
        TextFormat.Date => "This must be a date such as 2024-03-01.",
        TextFormat.Email => "This must be an e-mail address.",
        TextFormat.Uri => "This must be an absolute URI, such as https://shop.example/shoes.",
        TextFormat.Uuid => "This must be a UUID.",
        _ => throw new UnreachableException($"{format} is a format without words."),
    };
}
