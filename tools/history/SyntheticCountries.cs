using System.Collections.Frozen;

namespace Patron.History;

/// <summary>What an invented person of a country speaks, is called and dials: one row for each of the 38 countries of the history.</summary>
internal static class SyntheticCountries
{
    /// <summary>A range of telephone numbers: the digits that are fixed, the first and the last number, and the digits these have.</summary>
    internal readonly record struct PhoneRange(string Prefix, int First, int Last, int Digits);

    internal sealed record Country(string Names, string Language, string TimeZone, PhoneRange Phones);

    // Kept free for drama and fiction by Ofcom, ComReg, the Bundesnetzagentur, ARCEP, PTS, NANPA (555-0100 to 555-0199) and ACMA.
    private static readonly PhoneRange Ofcom = new("+447700900", 0, 999, 3);
    private static readonly PhoneRange ComReg = new("+3532091", 0, 99999, 5);
    private static readonly PhoneRange Bundesnetzagentur = new("+493023125", 0, 999, 3);
    private static readonly PhoneRange Arcep = new("+3363998", 0, 9999, 4);
    private static readonly PhoneRange Pts = new("+46701740", 605, 699, 3);
    private static readonly PhoneRange NewYork = new("+1212555", 100, 199, 4);
    private static readonly PhoneRange Toronto = new("+1416555", 100, 199, 4);
    private static readonly PhoneRange Acma = new("+61491570", 156, 159, 3);

    private static readonly FrozenDictionary<string, Country> Rows = new Dictionary<string, Country>(StringComparer.Ordinal)
    {
        ["Australia"] = new("english", "en-AU", "Australia/Sydney", Acma),
        ["Austria"] = new("german", "de-AT", "Europe/Vienna", Ofcom),
        ["Bahrain"] = new("arabic", "ar-BH", "Asia/Bahrain", Ofcom),
        ["Belgium"] = new("dutch", "nl-BE", "Europe/Brussels", Ofcom),
        ["Brazil"] = new("portuguese", "pt-BR", "America/Sao_Paulo", Ofcom),
        ["Canada"] = new("english", "en-CA", "America/Toronto", Toronto),
        ["Channel Islands"] = new("english", "en-JE", "Europe/Jersey", Ofcom),
        ["Cyprus"] = new("greek", "el-CY", "Asia/Nicosia", Ofcom),
        ["Czech Republic"] = new("czech", "cs-CZ", "Europe/Prague", Ofcom),
        ["Denmark"] = new("danish", "da-DK", "Europe/Copenhagen", Ofcom),
        ["EIRE"] = new("irish", "en-IE", "Europe/Dublin", ComReg),
        ["European Community"] = new("french", "fr-BE", "Europe/Brussels", Ofcom),
        ["Finland"] = new("finnish", "fi-FI", "Europe/Helsinki", Ofcom),
        ["France"] = new("french", "fr-FR", "Europe/Paris", Arcep),
        ["Germany"] = new("german", "de-DE", "Europe/Berlin", Bundesnetzagentur),
        ["Greece"] = new("greek", "el-GR", "Europe/Athens", Ofcom),
        ["Hong Kong"] = new("cantonese", "zh-Hant-HK", "Asia/Hong_Kong", Ofcom),
        ["Iceland"] = new("icelandic", "is-IS", "Atlantic/Reykjavik", Ofcom),
        ["Israel"] = new("hebrew", "he-IL", "Asia/Jerusalem", Ofcom),
        ["Italy"] = new("italian", "it-IT", "Europe/Rome", Ofcom),
        ["Japan"] = new("japanese", "ja-JP", "Asia/Tokyo", Ofcom),
        ["Lebanon"] = new("arabic", "ar-LB", "Asia/Beirut", Ofcom),
        ["Lithuania"] = new("lithuanian", "lt-LT", "Europe/Vilnius", Ofcom),
        ["Malta"] = new("english", "en-MT", "Europe/Malta", Ofcom),
        ["Netherlands"] = new("dutch", "nl-NL", "Europe/Amsterdam", Ofcom),
        ["Norway"] = new("norwegian", "nb-NO", "Europe/Oslo", Ofcom),
        ["Poland"] = new("polish", "pl-PL", "Europe/Warsaw", Ofcom),
        ["Portugal"] = new("portuguese", "pt-PT", "Europe/Lisbon", Ofcom),
        ["RSA"] = new("english", "en-ZA", "Africa/Johannesburg", Ofcom),
        ["Saudi Arabia"] = new("arabic", "ar-SA", "Asia/Riyadh", Ofcom),
        ["Singapore"] = new("singaporean", "en-SG", "Asia/Singapore", Ofcom),
        ["Spain"] = new("spanish", "es-ES", "Europe/Madrid", Ofcom),
        ["Sweden"] = new("swedish", "sv-SE", "Europe/Stockholm", Pts),
        ["Switzerland"] = new("german", "de-CH", "Europe/Zurich", Ofcom),
        ["USA"] = new("english", "en-US", "America/New_York", NewYork),
        ["United Arab Emirates"] = new("arabic", "ar-AE", "Asia/Dubai", Ofcom),
        ["United Kingdom"] = new("english", "en-GB", "Europe/London", Ofcom),
        ["Unspecified"] = new("english", "en", "Europe/London", Ofcom),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Answers the row of a country.</summary>
    /// <exception cref="ArgumentException">The history has no such country.</exception>
    public static Country Of(string country) => Rows.TryGetValue(country, out var row)
        ? row
        : throw new ArgumentException($"'{country}' is not a country of the history.", nameof(country));
}
