using System.Buffers;
using System.Text.RegularExpressions;

namespace Patron.Profile;

/// <summary>
/// Codes of shops, receipts, products, sources and wordings are no personal data by contract, and so are kept and published in clear. One that
/// looks like a person's e-mail address or telephone number is a mistake of the touchpoint, which no erasure could undo.
/// </summary>
internal static partial class PersonalLook
{
    public const string Rule = "This looks like an e-mail address or a telephone number; codes are kept in clear, so they must not say who a person is.";

    private static readonly SearchValues<char> Marks = SearchValues.Create("@%+");

    public static bool IsIn(string code) => code.AsSpan().ContainsAny(Marks) && (Email().IsMatch(Uri.UnescapeDataString(code)) || Phone().IsMatch(code));

    [GeneratedRegex(@"[^\s@/]+@[^\s@/]+\.[^\s@/]+")]
    private static partial Regex Email();

    [GeneratedRegex(@"\+[1-9]([ .()-]?[0-9]){6,14}")]
    private static partial Regex Phone();
}
