using System.Globalization;
using System.Text.Json;
using Patron.Runtime.Hosting;

namespace Patron.Segmentation;

/// <summary>What is wrong with a document, each with the JSON pointer of the field, what is allowed there and so how to put it right.</summary>
internal sealed class RuleFaults
{
    private readonly List<FieldError> found = [];
    private readonly HashSet<string> named = [];

    public IReadOnlyList<FieldError> Found => found;

    /// <summary>Of one field only the first fault is told.</summary>
    public void Add(string pointer, string detail)
    {
        if (found.Count < Problem.ErrorsMax && named.Add(pointer))
            found.Add(new(pointer, detail));
    }
}

/// <summary>
/// An object of a rule's document. Every field that is asked for is checked, and a wrong one is named and read as what stands for it, so
/// that one reading finds all faults; <see cref="Done"/> names the fields that nobody asked for.
/// </summary>
internal sealed class RuleObject(JsonElement element, string pointer, RuleFaults faults)
{
    public const int TextMax = 200;
    public const int TextsMax = 100;

    private readonly SortedSet<string> asked = new(StringComparer.Ordinal);

    public string Pointer => pointer;

    public bool Has(string name) => Find(name) is not null;

    public void Fault(string name, string detail) => faults.Add(name.Length == 0 ? pointer : $"{pointer}/{Escaped(name)}", detail);

    public long? Number(string name, long min, long max)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max)
            return number;
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"This must be a whole number from {min} to {max}."));
        return null;
    }

    /// <summary>Two numbers of which at least one is there, the first not above the second.</summary>
    public (long? Min, long? Max) Bounds(long least, long most)
    {
        var (min, max) = (Number("min", least, most), Number("max", least, most));
        if (!Has("min") && !Has("max"))
            Fault("min", "Write min, max or both: without a bound the clause says nothing.");
        if (min > max)
            Fault("max", string.Create(CultureInfo.InvariantCulture, $"This must not be below min, which is {min}."));
        return (min, max);
    }

    public DateOnly? Date(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.String
            && DateOnly.TryParseExact(value.GetString(), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            return date;
        Fault(name, "This must be a date such as 2026-11-30.");
        return null;
    }

    public string NeededText(string name, string example)
    {
        if (Find(name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 and <= TextMax } text)
            return text;
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"Write a text of 1 to {TextMax} characters here, such as {example}."));
        return "";
    }

    /// <summary>A value of the enum by its name.</summary>
    public T NeededChoice<T>(string name)
        where T : struct, Enum
    {
        var allowed = Enum.GetNames<T>();
        if (Find(name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { } text && allowed.Contains(text))
            return Enum.Parse<T>(text);
        Fault(name, $"This must be one of: {string.Join(", ", allowed)}.");
        return default;
    }

    /// <summary>Texts that differ; empty where the field is not there.</summary>
    /// <param name="allowed">Null for any.</param>
    public IReadOnlyList<string> Texts(string name, string example, IReadOnlyList<string>? allowed = null)
    {
        var texts = new List<string>();
        foreach (var (place, item) in Items(name, TextsMax))
        {
            if (item.ValueKind != JsonValueKind.String || item.GetString() is not { Length: > 0 and <= TextMax } text)
                faults.Add(place, string.Create(CultureInfo.InvariantCulture, $"This must be a text of 1 to {TextMax} characters, such as {example}."));
            else if (allowed is not null && !allowed.Contains(text))
                faults.Add(place, $"This must be one of: {string.Join(", ", allowed)}.");
            else if (texts.Contains(text))
                faults.Add(place, "This stands in the list already: leave it out.");
            else
                texts.Add(text);
        }

        return texts;
    }

    public RuleObject? Object(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return new(value, $"{pointer}/{name}", faults);
        Fault(name, "This must be an object in braces.");
        return null;
    }

    public IReadOnlyList<RuleObject> Objects(string name, int countMax)
    {
        var objects = new List<RuleObject>();
        if (!Has(name))
            Fault(name, "This field is missing: write a list of clauses in square brackets.");
        foreach (var (place, item) in Items(name, countMax))
        {
            if (item.ValueKind == JsonValueKind.Object)
                objects.Add(new(item, place, faults));
            else
                faults.Add(place, "This must be an object in braces.");
        }

        return objects;
    }

    /// <summary>Names every field that nobody asked for, with those that there are.</summary>
    public void Done()
    {
        foreach (var property in element.EnumerateObject().Where(property => !asked.Contains(property.Name)))
            Fault(property.Name, $"There is no such field here: take it out, or use one of {string.Join(", ", asked)}.");
    }

    private static string Escaped(string name) => name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal);

    private JsonElement? Find(string name)
    {
        asked.Add(name);
        return element.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
    }

    private IEnumerable<(string Place, JsonElement Item)> Items(string name, int countMax)
    {
        if (Find(name) is not { } value)
            return [];
        if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() <= countMax)
            return value.EnumerateArray().Select((item, index) => (string.Create(CultureInfo.InvariantCulture, $"{pointer}/{name}/{index}"), item));
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"This must be a list in square brackets of at most {countMax}."));
        return [];
    }
}
