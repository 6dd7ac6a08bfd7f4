using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Patron.Runtime.EventStore;

/// <summary>The event types of a service: stable names, source-generated JSON and upcasters. A stored name that is unknown stops its reader.</summary>
public sealed class EventTypes
{
    private readonly Dictionary<string, JsonTypeInfo> byName = [];
    private readonly Dictionary<Type, (string Name, JsonTypeInfo Json)> byType = [];
    private readonly Dictionary<string, (string To, Func<JsonObject, JsonObject> Change)> upcasters = [];

    /// <summary>Registers every <see cref="DomainEvent"/> that the context can serialise, under its <see cref="EventNameAttribute"/>.</summary>
    public EventTypes(JsonSerializerContext context, params IReadOnlyList<Type> types) => And(context, types);

    /// <summary>Registers further types, of another context.</summary>
    public EventTypes And(JsonSerializerContext context, params IReadOnlyList<Type> types)
    {
        foreach (var type in types)
        {
            var json = context.GetTypeInfo(type)
                ?? throw new ArgumentException($"{context.GetType().Name} does not name {type.Name}: add a JsonSerializable attribute.");
            var name = type.GetCustomAttribute<EventNameAttribute>()?.Name ?? throw new ArgumentException($"{type.Name} has no EventName attribute.");
            byName.Add(name, json);
            byType.Add(type, (name, json));
        }

        return this;
    }

    /// <summary>Reads events stored as <paramref name="from"/> as <paramref name="to"/>, which may itself be upcast further.</summary>
    public EventTypes Upcast(string from, string to, Func<JsonObject, JsonObject> change)
    {
        if (byName.ContainsKey(from))
            throw new ArgumentException($"'{from}' is a current event name; an upcaster starts at a name that no type has any more.");
        upcasters.Add(from, (to, change));
        return this;
    }

    public string NameOf(DomainEvent happened) => Of(happened).Name;

    public string Write(DomainEvent happened) => JsonSerializer.Serialize(happened, Of(happened).Json);

    /// <exception cref="UnknownEventException">No type and no upcaster has this name.</exception>
    public DomainEvent Read(string name, string data)
    {
        if (byName.TryGetValue(name, out var json))
            return (DomainEvent)(JsonSerializer.Deserialize(data, json) ?? throw new InvalidDataException($"An event '{name}' holds null."));
        if (!upcasters.ContainsKey(name))
            throw new UnknownEventException(name);

        var body = JsonNode.Parse(data)?.AsObject() ?? throw new InvalidDataException($"An event '{name}' holds null.");
        while (upcasters.TryGetValue(name, out var upcaster))
            (name, body) = (upcaster.To, upcaster.Change(body));
        if (!byName.TryGetValue(name, out json))
            throw new UnknownEventException(name);
        return (DomainEvent)(body.Deserialize(json) ?? throw new InvalidDataException($"An event '{name}' holds null."));
    }

    private (string Name, JsonTypeInfo Json) Of(DomainEvent happened) => byType.TryGetValue(happened.GetType(), out var known)
        ? known
        : throw new UnreachableException($"{happened.GetType().Name} is not registered with the service's event types.");
}

/// <summary>The store holds an event that this build does not know: it was written by a newer one. Deploy that, or add an upcaster.</summary>
public sealed class UnknownEventException(string name) : Exception(
    $"The event '{name}' is not known to this build. Deploy a build that knows it, or register an upcaster; nothing was skipped.")
{
    public string EventName { get; } = name;
}
