using System.Globalization;
using System.Text.RegularExpressions;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>The kinds of fields that clauses have.</summary>
internal static partial class RuleFields
{
    public const int TextMax = 200;
    public const int TextsMax = 100;

    /// <summary>Two numbers of which at least one is there, the first not above the second.</summary>
    public static (long? Min, long? Max) Bounds(this DocumentObject from, long least, long most)
    {
        var (min, max) = (from.Number("min", least, most), from.Number("max", least, most));
        if (!from.Has("min") && !from.Has("max"))
            from.Fault("min", "Write min, max or both: without a bound the clause says nothing.");
        if (min > max)
            from.Fault("max", string.Create(CultureInfo.InvariantCulture, $"This must not be below min, which is {min}."));
        return (min, max);
    }

    /// <summary>Two dates of which the first is not after the second.</summary>
    public static (DateOnly? From, DateOnly? To) Dates(this DocumentObject from)
    {
        var (first, last) = (from.Date("from"), from.Date("to"));
        if (first > last)
            from.Fault("to", $"This must not be before from, which is {first:yyyy-MM-dd}.");
        return (first, last);
    }

    /// <summary>The same, of which at least one is there.</summary>
    public static (DateOnly? From, DateOnly? To) NeededDates(this DocumentObject from)
    {
        var dates = from.Dates();
        if (!from.Has("from") && !from.Has("to"))
            from.Fault("from", "Write from, to or both: without a date the clause says nothing.");
        return dates;
    }

    public static DateOnly? Date(this DocumentObject from, string name) =>
        from.Text(name, text => Day(text) is not null, "This must be a date such as 2026-11-30.") is { } told ? Day(told) : null;

    /// <summary>A text that must be there.</summary>
    public static string RuleText(this DocumentObject from, string name, string example)
    {
        var rule = string.Create(CultureInfo.InvariantCulture, $"Write a text of 1 to {TextMax} characters here, such as {example}.");
        if (!from.Has(name))
            from.Fault(name, rule);
        return from.Text(name, IsText, rule) ?? "";
    }

    /// <summary>A value of the enum by its name, which must be there.</summary>
    public static T NeededChoice<T>(this DocumentObject from, string name)
        where T : struct, Enum
    {
        var rule = $"This must be one of: {string.Join(", ", Enum.GetNames<T>())}.";
        if (!from.Has(name))
            from.Fault(name, rule);
        return from.Text(name, Enum.GetNames<T>().Contains, rule) is { } text ? Enum.Parse<T>(text) : default;
    }

    /// <summary>Texts that differ; empty where the field is not there.</summary>
    /// <param name="allowed">Null for any.</param>
    public static IReadOnlyList<string> RuleTexts(this DocumentObject from, string name, string example, IReadOnlyList<string>? allowed = null) =>
        allowed is null
            ? from.Texts(
                name, TextsMax, IsText, string.Create(CultureInfo.InvariantCulture, $"This must be a text of 1 to {TextMax} characters, such as {example}."))
            : from.Texts(name, TextsMax, allowed.Contains, $"This must be one of: {string.Join(", ", allowed)}.");

    /// <summary>The clauses that must be there, each to be read.</summary>
    public static IReadOnlyList<DocumentObject> Clauses(this DocumentObject from, int countMax)
    {
        if (!from.Has("clauses"))
            from.Fault("clauses", "This field is missing: write a list of clauses in square brackets.");
        return from.NestedList("clauses", countMax);
    }

    /// <summary>Lower-case words with hyphens, parted by slashes, as the taxonomy's ids are.</summary>
    public static bool IsTagId(string text) => text.Length <= TextMax && TagId().IsMatch(text);

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*$")]
    private static partial Regex TagId();

    private static bool IsText(string text) => text.Length is > 0 and <= TextMax;

    private static DateOnly? Day(string text) =>
        DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;
}
