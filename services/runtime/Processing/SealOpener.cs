using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Patron.Runtime.Privacy;

namespace Patron.Runtime.Processing;

/// <summary>
/// A field of a stored event that is sealed. <paramref name="Path"/> is its JSON path with dots, where an array stands for each of its objects;
/// <paramref name="FieldOf"/> answers what the seal is bound to, from the JSON object that has the field.
/// </summary>
public sealed record SealedPlace(string Event, string Path, Func<JsonObject, string> FieldOf)
{
    public SealedPlace(string happened, string path, string field)
        : this(happened, path, _ => field)
    {
    }
}

/// <summary>Opens for an export what a service's events and rows hold under seal.</summary>
internal sealed class SealOpener(ServiceDefinition definition)
{
    public void Open(ExportedItem item, CustomerKey key)
    {
        if (item.Kind == "event")
        {
            foreach (var place in definition.SealedPlaces.Where(p => p.Event == item.Name))
                Open(item.Data, place.Path, place.FieldOf, key);
        }
        else if (definition.CustomerTables.FirstOrDefault(t => t.Name == item.Name) is { } table)
        {
            foreach (var (column, field) in table.Sealed)
                Open(item.Data, column, _ => field, key);
        }
    }

    private static void Open(JsonObject data, string path, Func<JsonObject, string> fieldOf, CustomerKey key)
    {
        var names = path.Split('.');
        foreach (var holder in names[..^1].Aggregate((IEnumerable<JsonObject>)[data], (holders, name) => holders.SelectMany(h => ObjectsIn(h[name]))))
            OpenField(holder, names[^1], fieldOf, key);
    }

    private static IEnumerable<JsonObject> ObjectsIn(JsonNode? node) =>
        node is JsonArray items ? items.OfType<JsonObject>() : node is JsonObject one ? [one] : [];

    private static void OpenField(JsonObject holder, string name, Func<JsonObject, string> fieldOf, CustomerKey key)
    {
        if (holder[name] is not JsonValue value || !value.TryGetValue<string>(out var text) || text.Length == 0)
            return;
        try
        {
            holder[name] = key.Unseal(text, fieldOf(holder));
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            // A value that cannot be opened is shown as it is kept: an export hides nothing.
        }
    }
}
