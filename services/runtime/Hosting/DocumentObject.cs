using System.Globalization;
using System.Text.Json;

namespace Patron.Runtime.Hosting;

/// <summary>What is wrong with a document, each with the JSON pointer of the field, what is allowed there and so how to put it right.</summary>
public sealed class DocumentFaults
{
    private readonly List<FieldError> found = [];
    private readonly HashSet<string> named = [];

    public IReadOnlyList<FieldError> Found => found;

    /// <summary>Of one field only the first fault is told.</summary>
    public void Add(string path, string detail)
    {
        if (found.Count < Problem.ErrorsMax && named.Add(path))
            found.Add(new(path, detail));
    }
}

/// <summary>
/// An object of a document that people write by hand. Every field that is asked for is checked, a wrong one is named and read as what stands
/// for it, so that one reading finds all faults; <see cref="Done"/> names the fields that nobody asked for.
/// </summary>
/// <param name="path">Its JSON pointer.</param>
public sealed class DocumentObject(JsonElement element, string path, DocumentFaults faults)
{
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    public bool Has(string name) => Find(name) is not null;

    /// <param name="name">Of the field, or the way from here to one; empty for the object itself.</param>
    public void Fault(string name, string detail) => faults.Add(name.Length == 0 ? path : $"{path}/{name}", detail);

    public long? Number(string name, long min, long max)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) && number >= min && number <= max)
            return number;
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"This must be a whole number from {min} to {max}."));
        return null;
    }

    public long Number(string name, long min, long max, long otherwise) => Number(name, min, max) ?? otherwise;

    /// <param name="decimals">At most so many digits behind the point.</param>
    public decimal? Fraction(string name, decimal min, decimal max, int decimals)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Number && value.TryGetDecimal(out var number) && number >= min && number <= max
            && decimal.Round(number, decimals) == number)
            return number;
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"This must be a number from {min} to {max} with at most {decimals} decimals."));
        return null;
    }

    /// <summary>A field that must be there.</summary>
    public long NeededNumber(string name, long min, long max)
    {
        if (!Has(name))
            Fault(name, string.Create(CultureInfo.InvariantCulture, $"This field is missing: write a whole number from {min} to {max}."));
        return Number(name, min, max) ?? min;
    }

    /// <param name="rule">A sentence that says what is allowed.</param>
    public string? Text(string name, Func<string, bool> isRight, string rule)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && isRight(text))
            return text;
        Fault(name, rule);
        return null;
    }

    public string NeededText(string name, Func<string, bool> isRight, string rule)
    {
        if (!Has(name))
            Fault(name, $"This field is missing. {rule}");
        return Text(name, isRight, rule) ?? "";
    }

    public T Choice<T>(string name, IReadOnlyDictionary<string, T> allowed, T otherwise)
    {
        var text = Text(name, allowed.ContainsKey, $"This must be one of: {string.Join(", ", allowed.Keys)}.");
        return text is null ? otherwise : allowed[text];
    }

    /// <summary>Texts that differ; empty where the field is not there.</summary>
    public IReadOnlyList<string> Texts(string name, int countMax, Func<string, bool> isRight, string rule)
    {
        var texts = new List<string>();
        foreach (var (place, item) in Items(name, countMax))
        {
            if (item.ValueKind != JsonValueKind.String || item.GetString() is not { } text || !isRight(text))
                faults.Add(place, rule);
            else if (texts.Contains(text))
                faults.Add(place, "This stands in the list already: leave it out.");
            else
                texts.Add(text);
        }

        return texts;
    }

    /// <summary>Objects of the list, each read whole.</summary>
    public IReadOnlyList<T> NestedList<T>(string name, int countMax, Func<DocumentObject, T> read) =>
        [.. NestedList(name, countMax).Select(inner => Read(inner, read))];

    /// <summary>Objects of the list; whoever reads one calls <see cref="Done"/>.</summary>
    public IReadOnlyList<DocumentObject> NestedList(string name, int countMax)
    {
        var objects = new List<DocumentObject>();
        foreach (var (place, item) in Items(name, countMax))
        {
            if (item.ValueKind != JsonValueKind.Object)
                faults.Add(place, "This must be an object in braces.");
            else
                objects.Add(new(item, place, faults));
        }

        return objects;
    }

    /// <summary>The object, read whole.</summary>
    public T? Nested<T>(string name, Func<DocumentObject, T> read)
        where T : class => Nested(name) is { } inner ? Read(inner, read) : null;

    /// <summary>The object; whoever reads it calls <see cref="Done"/>.</summary>
    public DocumentObject? Nested(string name)
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return new(value, $"{path}/{name}", faults);
        Fault(name, "This must be an object in braces.");
        return null;
    }

    /// <summary>Names every field that nobody asked for, with those that there are.</summary>
    public void Done()
    {
        foreach (var property in element.EnumerateObject().Where(property => !asked.Contains(property.Name)))
        {
            faults.Add(
                $"{path}/{property.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}",
                $"There is no such field here: take it out, or use one of {string.Join(", ", asked.Order(StringComparer.Ordinal))}.");
        }
    }

    private static T Read<T>(DocumentObject inner, Func<DocumentObject, T> read)
    {
        var value = read(inner);
        inner.Done();
        return value;
    }

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
            return value.EnumerateArray().Select((item, index) => (string.Create(CultureInfo.InvariantCulture, $"{path}/{name}/{index}"), item));
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"This must be a list in square brackets of at most {countMax}."));
        return [];
    }
}
