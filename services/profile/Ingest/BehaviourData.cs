using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Google.Protobuf;
using Patron.Contracts.Ingest.V1;

namespace Patron.Profile;

/// <summary>
/// The data of a behaviour: <c>customer</c>, as in a purchase, names whom it is about; <c>properties</c> are what the type's schema describes.
/// </summary>
/// <param name="Hashed">What tells a repeat from another event of the same source and id: all that was told, whatever the schema makes of it.</param>
internal sealed record BehaviourData(Identifiers? Customer, DividedProperties Properties, byte[] Hashed)
{
    private static readonly DividedProperties None = new(new Dictionary<string, string>(), null);

    public static BehaviourData Read(CloudEvent given, EventType type, int bytesMax, FieldErrors errors)
    {
        var at = given.DataPlace;
        if (given.Data.ValueKind != JsonValueKind.Object)
        {
            errors.Add(at, "The data of a behaviour is an object with 'customer' and 'properties'.");
            return new BehaviourData(null, None, []);
        }
        foreach (var member in given.Data.EnumerateObject().Where(m => m.Name is not ("customer" or "properties")))
            errors.AddUnknown(at, member.Name, "The data of a behaviour has only 'customer' and 'properties'; move this into the properties.");

        var customer = given.Data.TryGetProperty("customer", out var told) && told.ValueKind != JsonValueKind.Null
            ? (Identifiers)ProtobufJson.Read(told, Identifiers.Descriptor, $"{at}/customer", errors)
            : null;
        var properties = given.Data.TryGetProperty("properties", out var found) && found.ValueKind != JsonValueKind.Null ? found : Empty;
        return new BehaviourData(
            customer, Divide(properties, type.Schema, bytesMax, $"{at}/properties", errors),
            [.. customer?.ToByteArray() ?? [], 0, .. CanonicalJson.Of(properties)]);
    }

    private static JsonElement Empty { get; } = JsonBody.Written(writer =>
    {
        writer.WriteStartObject();
        writer.WriteEndObject();
    });

    private static DividedProperties Divide(JsonElement properties, SchemaNode schema, int bytesMax, string at, FieldErrors errors)
    {
        var before = errors.Count;
        if (properties.ValueKind != JsonValueKind.Object)
            errors.Add(at, "The properties must be an object.");
        else if (JsonMarshal.GetRawUtf8Value(properties).Length > bytesMax)
            errors.Add(at, string.Create(CultureInfo.InvariantCulture, $"The properties may have at most {bytesMax} bytes."));
        else
            SchemaCheck.Check(schema, properties, at, errors);
        return errors.Count == before ? OpenFields.Divide(schema, properties, at, errors) : None;
    }
}
