using System.Globalization;
using System.Text.Json;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>What is wrong with a document, each with the JSON pointer of the field, what is allowed there and so how to put it right.</summary>
internal sealed class DocumentFaults
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
/// An object of a document that people write by hand. Every field that is asked for is checked, a wrong one is named and read as what stands
/// for it, so that one reading finds all faults; <see cref="Done"/> names the fields that nobody asked for.
/// </summary>
internal sealed class DocumentObject(JsonElement element, string pointer, DocumentFaults faults)
{
    private readonly HashSet<string> asked = new(StringComparer.Ordinal);

    public string Pointer => pointer;

    public bool Has(string name) => Find(name) is not null;

    public void Fault(string name, string detail) => faults.Add($"{pointer}/{name}", detail);

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

    public IReadOnlyList<T> Objects<T>(string name, int countMax, Func<DocumentObject, T> read)
    {
        var objects = new List<T>();
        foreach (var (place, item) in Items(name, countMax))
        {
            if (item.ValueKind != JsonValueKind.Object)
                faults.Add(place, "This must be an object in braces.");
            else
                objects.Add(Read(new(item, place, faults), read));
        }

        return objects;
    }

    public T? Object<T>(string name, Func<DocumentObject, T> read)
        where T : class
    {
        if (Find(name) is not { } value)
            return null;
        if (value.ValueKind == JsonValueKind.Object)
            return Read(new(value, $"{pointer}/{name}", faults), read);
        Fault(name, "This must be an object in braces.");
        return null;
    }

    /// <summary>Names every field that nobody asked for, with those that there are.</summary>
    public void Done()
    {
        foreach (var property in element.EnumerateObject().Where(property => !asked.Contains(property.Name)))
        {
            faults.Add(
                $"{pointer}/{property.Name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}",
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
            return value.EnumerateArray().Select((item, index) => (string.Create(CultureInfo.InvariantCulture, $"{pointer}/{name}/{index}"), item));
        Fault(name, string.Create(CultureInfo.InvariantCulture, $"This must be a list in square brackets of at most {countMax}."));
        return [];
    }
}
