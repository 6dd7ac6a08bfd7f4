using System.Collections.Frozen;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>What is typed to get past a field that must not be empty, and is no value of anybody.</summary>
internal static class Placeholders
{
    private static readonly FrozenSet<string> Words = FrozenSet.ToFrozenSet(
        ["test", "testing", "n/a", "na", "nil", "none", "null", "undefined", "unknown", "xxx", "xxxx", "asdf", "qwerty", "dummy", "fake", "-", "--", ".", "?",
            "無", "无", "未知", "測試", "测试", "なし", "テスト"],
        StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenSet<string> Mailboxes = FrozenSet.ToFrozenSet(
        ["test", "noemail", "no-email", "nomail", "none", "noreply", "no-reply", "dummy", "fake", "asdf", "xxx", "na"], StringComparer.OrdinalIgnoreCase);

    /// <param name="value">Cleansed.</param>
    public static bool IsOne(string key, string value) => key switch
    {
        SealedFields.Email => Mailboxes.Contains(value[..Math.Max(0, value.LastIndexOf('@'))]),
        // The country's part may differ; a subscriber number of one digit only is nobody's.
        SealedFields.Phone => value.Length > 6 && value[^6..].Distinct().Count() == 1,
        BuiltIn.BirthDate => value is "1900-01-01" or "0001-01-01" or "1111-11-11",
        BuiltIn.PostalCode => Words.Contains(value) || (value.Length >= 4 && value.All(c => c == '0')),
        // Words of a language, a country or a number's kind are checked by their own rules.
        SealedFields.Language or SealedFields.TimeZone or SealedFields.Country => false,
        _ => Words.Contains(value),
    };
}
