using System.Globalization;
using System.Text.Json;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>
/// Events as plain JSON, for touchpoints that do not speak CloudEvents. <c>type</c> and <c>id</c> are the attributes of these names; <c>source</c> may
/// be left out where the API key has not several, and <c>time</c> where it happened just now. <c>data</c> is the event's data; without it all
/// other members together are. So these are the same event:
/// <code>
/// {"type": "Product Viewed", "id": "1", "customer": {"anonymousId": "d-1"}, "properties": {"product_id": "85123A"}}
/// {"type": "Product Viewed", "id": "1", "data": {"customer": {"anonymousId": "d-1"}, "properties": {"product_id": "85123A"}}}
/// </code>
/// </summary>
internal static class PlainEvents
{
    private static readonly string[] Attributes = ["type", "id", "source", "time"];

    /// <param name="source">For an event that names none; null when it must.</param>
    /// <param name="now">Business time, for an event that tells none.</param>
    public static CloudEvent? Of(JsonElement json, string place, string? source, DateTimeOffset now, FieldErrors errors)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            errors.Add(place, "An event must be an object with at least type and id.");
            return null;
        }
        var time = TextOf(json, "time", place, errors);
        var hasData = json.TryGetProperty("data", out var data);
        if (hasData)
            CheckNothingElse(json, place, errors);
        return new CloudEvent(
            place, $"{place}/", hasData ? $"{place}/data" : place, "1.0", TextOf(json, "type", place, errors),
            TextOf(json, "source", place, errors) ?? source, TextOf(json, "id", place, errors), time ?? TimeText(now), null, hasData ? data : Rest(json))
        {
            // A repeat is told the moment of its own arrival, and is still the same event.
            ToldTime = time is null ? "" : null,
        };
    }

    /// <summary>
    /// Whose events they are where an event does not say it: the one source of the caller's key, or the caller's name where the key is not
    /// limited to sources; null where it has several.
    /// </summary>
    public static string? SourceOf(ApiCaller caller) => caller.Sources.Count switch
    {
        0 => $"/{caller.Name}",
        1 => caller.Sources.Single(),
        _ => null,
    };

    /// <summary>As the attribute of CloudEvents has it.</summary>
    public static string TimeText(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private static void CheckNothingElse(JsonElement json, string place, FieldErrors errors)
    {
        foreach (var member in json.EnumerateObject().Where(m => m.Name != "data" && !Attributes.Contains(m.Name)))
            errors.AddUnknown(place, member.Name, "Beside 'data' there are only type, id, source and time; move this into the data.");
    }

    private static string? TextOf(JsonElement json, string name, string place, FieldErrors errors)
    {
        if (!json.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            return null;
        return ProtobufJson.ReadText(value, $"{place}/{name}", errors);
    }

    private static JsonElement Rest(JsonElement json) => JsonBody.Written(writer =>
    {
        writer.WriteStartObject();
        foreach (var member in json.EnumerateObject().Where(m => !Attributes.Contains(m.Name)))
            member.WriteTo(writer);
        writer.WriteEndObject();
    });
}
