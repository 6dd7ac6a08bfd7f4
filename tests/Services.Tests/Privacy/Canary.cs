using System.Globalization;
using System.Text.RegularExpressions;

namespace Patron.Services.Tests.Privacy;

/// <summary>
/// A text that occurs nowhere else, with a number of five digits in it. All canaries share a mark, so that one expression finds any of them: a
/// Latin one, one of characters that no service writes by itself, and for telephone numbers a range that nobody has.
/// </summary>
internal static partial class Canary
{
    /// <summary>The canary as a Latin word, such as <c>qzx00042</c>.</summary>
    public static string Text(int number) => $"qzx{Digits(number)}";

    /// <summary>As a name in Chinese characters with the number behind it.</summary>
    public static string Chinese(int number) => $"鱻龘{Digits(number)}";

    public static string Email(int number) => $"{Text(number)}@canary.example";

    /// <summary>A telephone number in E.164.</summary>
    public static string Phone(int number) => $"+8807070707{Digits(number)}";

    [GeneratedRegex(@"(?:qzx|鱻龘|8807070707)([0-9]{5})", RegexOptions.IgnoreCase)]
    public static partial Regex Pattern();

    private static string Digits(int number) => number.ToString("00000", CultureInfo.InvariantCulture);
}
