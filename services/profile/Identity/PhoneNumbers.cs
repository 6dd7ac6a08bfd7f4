using System.Text;
using System.Text.RegularExpressions;

namespace Patron.Profile;

/// <summary>
/// Phone numbers in E.164. How a number is written within a country stands in a small table of those in which this platform's brands sell (ITU-T E.164
/// and the national numbering plans that it lists); a number of any other country is taken when it is written internationally.
/// </summary>
internal static partial class PhoneNumbers
{
    private static readonly Country[] Countries =
    [
        // Area codes of two digits for the largest cities and of three for all others; mobile numbers have none.
        new("CN", "86", "0", ["00"], Mobile: "1[3-9][0-9]{9}", Fixed: "(10|2[0-9])[2-8][0-9]{7}|[3-9][0-9]{2}[2-8][0-9]{6,7}"),
        new("HK", "852", "", ["001"], Mobile: "[4-79][0-9]{7}", Fixed: "[238][0-9]{7}"),
        new("TW", "886", "0", ["002"], Mobile: "9[0-9]{8}", Fixed: "[2-8][0-9]{7,8}"),
        new("SG", "65", "", ["001"], Mobile: "[89][0-9]{7}", Fixed: "[36][0-9]{7}"),
        new("MO", "853", "", ["00"], Mobile: "6[0-9]{7}", Fixed: "(28|8[0-9])[0-9]{6}"),
        new("JP", "81", "0", ["010"], Mobile: "[6-9]0[1-9][0-9]{7}", Fixed: "50[1-9][0-9]{7}|[1-9]{2}[0-9]{7}"),
        // Neither an area nor an exchange is called N11: those are short numbers.
        new("US", "1", "1", ["011"], Mobile: "[2-9](?!11)[0-9]{2}[2-9](?!11)[0-9]{6}", Fixed: "(?!)"),
        new("GB", "44", "0", ["00"], Mobile: "7([1-57-9][0-9]{8}|624[0-9]{6})", Fixed: "1[0-9]{8,9}|[235][0-9]{9}|8[0-9]{8,9}"),
    ];

    /// <summary>The countries whose own spelling is understood.</summary>
    public static IEnumerable<string> Known => Countries.Select(c => c.Code);

    /// <summary>
    /// A plus sign and the digits, or null when this is no phone number. Full-width digits, blanks of any kind and the usual separators are
    /// taken as they are typed.
    /// </summary>
    /// <param name="country">ISO 3166-1 alpha-2; where a number without a plus sign was written. Null: only international spelling is taken.</param>
    public static string? Normalise(string text, string? country)
    {
        if (DigitsOf(text) is not { } digits)
            return null;
        if (digits.StartsWith('+'))
            return International(digits[1..]);
        if (Array.Find(Countries, c => c.Code == country) is not { } here)
            return null;
        if (here.National(digits) is { } national)
            return $"+{here.Calling}{national}";
        return Array.Find(here.Access, digits.StartsWith) is { } access ? International(digits[access.Length..]) : null;
    }

    private static string? International(string digits)
    {
        if (Array.Find(Countries, c => digits.StartsWith(c.Calling, StringComparison.Ordinal)) is { } country)
            return country.National(digits[country.Calling.Length..]) is { } national ? $"+{country.Calling}{national}" : null;
        return E164().IsMatch(digits) ? $"+{digits}" : null;
    }

    private static string? DigitsOf(string text)
    {
        const char fullWidthFirst = '\uff01', fullWidthLast = '\uff5e';
        const int fullWidthOffset = fullWidthFirst - '!';
        var digits = new StringBuilder(text.Length);
        foreach (var typed in text)
        {
            var character = typed is >= fullWidthFirst and <= fullWidthLast ? (char)(typed - fullWidthOffset) : typed;
            if (char.IsAsciiDigit(character) || (character == '+' && digits.Length == 0))
                digits.Append(character);
            else if (!char.IsWhiteSpace(character) && !IsSeparator(character))
                return null;
        }
        return digits.Length > 0 ? digits.ToString() : null;
    }

    // Hyphens and dashes of all widths, what stands around area codes, and the invisible marks that pasted text carries.
    private static bool IsSeparator(char character) =>
        character is '-' or '.' or '(' or ')' or '/' or (>= '\u2010' and <= '\u2015') or '\u2212' or '\u30fc' or (>= '\u200b' and <= '\u200f')
            or '\u202a' or '\u202c' or '\u2060' or '\ufeff';

    [GeneratedRegex(@"^[1-9][0-9]{6,14}\z")]
    private static partial Regex E164();

    /// <param name="Code">ISO 3166-1 alpha-2.</param>
    /// <param name="Calling">The country code of E.164; +1 is shared by the North American plan, whose numbers look alike.</param>
    /// <param name="Trunk">What is dialled before an area code within the country; empty for none.</param>
    /// <param name="Access">What is dialled before a number of another country.</param>
    private sealed record Country(string Code, string Calling, string Trunk, string[] Access, string Mobile, string Fixed)
    {
        private readonly Regex valid = new($"^({Mobile}|{Fixed})\\z", RegexOptions.CultureInvariant);

        /// <summary>The national number without the trunk prefix, or null. People write the prefix even behind a country code.</summary>
        public string? National(string digits)
        {
            if (valid.IsMatch(digits))
                return digits;
            var without = Trunk.Length > 0 && digits.StartsWith(Trunk, StringComparison.Ordinal) ? digits[Trunk.Length..] : null;
            return without is not null && valid.IsMatch(without) ? without : null;
        }
    }
}
