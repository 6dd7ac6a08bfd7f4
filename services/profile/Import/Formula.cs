using System.Globalization;

namespace Patron.Profile;

/// <summary>
/// Text that a spreadsheet would take for a formula (OWASP, CSV injection) gets an apostrophe before it, and loses it again on the way in. Only
/// what may be a formula is touched, and what looks as if it had been touched is touched once more: so every text comes back as it was.
/// </summary>
internal static class Formula
{
    private const char Mark = '\'';

    /// <summary>The text as it may stand in a cell. Numbers are written as numbers and do not come here.</summary>
    public static string Neutralised(string text) => IsRisky(text) ? Mark + text : text;

    public static string Restored(string cell) => cell.Length > 1 && cell[0] == Mark && IsRisky(cell.AsSpan(1)) ? cell[1..] : cell;

    // What nobody sees may stand before the sign: blanks, tabs, line ends, marks of direction and of byte order.
    private static bool IsRisky(ReadOnlySpan<char> text)
    {
        var rest = text.TrimStart(Mark);
        if (rest is ['\t' or '\r' or '\n', ..])
            return true;
        while (rest.Length > 0 && (char.IsWhiteSpace(rest[0]) || char.GetUnicodeCategory(rest[0]) is UnicodeCategory.Format or UnicodeCategory.Control))
            rest = rest[1..];
        return rest is ['=' or '+' or '-' or '@' or '＝' or '＋' or '－' or '＠', ..];
    }
}
