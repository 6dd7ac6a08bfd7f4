using System.Globalization;
using System.Text;

namespace Patron.Profile;

/// <summary>The one way in which a text is written, however it was typed. Null means that it says nothing.</summary>
internal static class Cleansing
{
    private const char FullWidthFirst = '\uff01';
    private const char FullWidthLast = '\uff5e';
    private const char IdeographicSpace = '\u3000';
    private const int FullWidthOffset = FullWidthFirst - '!';

    /// <summary>Trimmed, composed (Unicode NFC), full-width letters and digits in half width, one blank between words.</summary>
    public static string? Text(string text)
    {
        var clean = new StringBuilder(text.Length);
        foreach (var character in text.Normalize(NormalizationForm.FormC))
        {
            var half = character switch
            {
                IdeographicSpace => ' ',
                >= FullWidthFirst and <= FullWidthLast => (char)(character - FullWidthOffset),
                _ => character,
            };
            if (!char.IsWhiteSpace(half))
                clean.Append(half);
            else if (clean.Length > 0 && clean[^1] != ' ')
                clean.Append(' ');
        }

        return clean.ToString().TrimEnd() is { Length: > 0 } said ? said : null;
    }

    /// <summary>
    /// Besides, a name typed in capitals or small letters only gets a capital where a word begins. Who uses both knows how they are written,
    /// initials stay, and scripts without capitals are not touched.
    /// </summary>
    public static string? Name(string text)
    {
        if (Text(text) is not { } name)
            return null;
        var letters = name.Where(char.IsLetter).ToList();
        if (letters.Count <= 2 || !letters.Exists(HasCase))
            return name;
        if (!letters.TrueForAll(l => !char.IsLower(l)) && !letters.TrueForAll(l => !char.IsUpper(l)))
            return name;
        var cased = new StringBuilder(name.Length);
        foreach (var character in name)
        {
            var begins = cased.Length == 0 || cased[^1] is ' ' or '-' or '\'' or '’' or '.';
            cased.Append(begins ? char.ToUpper(character, CultureInfo.InvariantCulture) : char.ToLower(character, CultureInfo.InvariantCulture));
        }

        return cased.ToString();
    }

    private static bool HasCase(char letter) => char.IsUpper(letter) || char.IsLower(letter);
}
