using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Patron.Runtime.Privacy;

namespace Patron.Runtime.Processing;

/// <summary>
/// A field of a stored event that is sealed. <paramref name="Path"/> is its JSON path with dots; <paramref name="FieldOf"/> answers what the seal
/// is bound to, from the event's JSON.
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
                Open(item.Data, place.Path, place.FieldOf(item.Data), key);
        }
        else if (definition.CustomerTables.FirstOrDefault(t => t.Name == item.Name) is { } table)
        {
            foreach (var (column, field) in table.Sealed)
                Open(item.Data, column, field, key);
        }
    }

    private static void Open(JsonObject data, string path, string field, CustomerKey key)
    {
        var names = path.Split('.');
        var holder = names[..^1].Aggregate((JsonNode?)data, (node, name) => (node as JsonObject)?[name]) as JsonObject;
        if (holder?[names[^1]] is not JsonValue value || !value.TryGetValue<string>(out var text) || text.Length == 0)
            return;
        try
        {
            holder[names[^1]] = key.Unseal(text, field);
        }
        catch (Exception fault) when (fault is CryptographicException or FormatException)
        {
            // A value that cannot be opened is shown as it is kept: an export hides nothing.
        }
    }
}
