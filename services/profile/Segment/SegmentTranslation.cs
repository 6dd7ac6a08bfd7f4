using System.Text.Json;

namespace Patron.Profile;

/// <summary>
/// A message of a Segment SDK as the event that Patron takes. <c>identify</c> is a customer update (userId is the shop's customer number,
/// anonymousId a device, the traits email, phone, firstName, lastName, language, timezone and address.country are details, those of
/// <see cref="SegmentTraits"/> attributes); <c>alias</c> is one that names userId and previousId together; <c>page</c>, <c>screen</c> and
/// <c>group</c> are the behaviours Page Viewed, Screen Viewed and Group Joined; <c>track</c> is a behaviour of its event's name, except orders, see
/// <see cref="SegmentOrders"/>. What the context says is not kept.
/// </summary>
/// <param name="Pointers">Where the fields of the event came from, the longest pointers first.</param>
internal sealed record SegmentTranslation(CloudEvent Event, IReadOnlyList<(string From, string To)> Pointers)
{
    public const string UpdateType = "patron.ingest.v1.CustomerUpdate";
    public const string PurchaseType = "patron.ingest.v1.Purchase";

    /// <summary>The traits that are details of a customer; of several spellings the first that is there counts.</summary>
    private static readonly (string Field, string[] Path)[] Details =
    [
        ("givenName", ["firstName"]), ("givenName", ["first_name"]), ("familyName", ["lastName"]), ("familyName", ["last_name"]),
        ("language", ["language"]), ("timeZone", ["timezone"]), ("country", ["address", "country"]),
    ];

    /// <summary>The name under which a behaviour is registered; null when the message is none, or tells no name.</summary>
    public static string? TypeOf(SegmentMessage message) => message.Kind switch
    {
        "track" => message.Text("event"),
        "page" => "Page Viewed",
        "screen" => "Screen Viewed",
        "group" => "Group Joined",
        _ => null,
    };

    public static SegmentTranslation Identify(SegmentMessage message, AttributeSet attributes, Func<string, JsonElement, CloudEvent> eventOf)
    {
        var traits = message.Member("traits");
        var pointers = Common("userId", "anonymousId");
        var data = JsonBody.Written(writer =>
        {
            writer.WriteStartObject();
            WriteCustomer(writer, message.Text("userId"), message.Text("anonymousId"), traits);
            var written = new HashSet<string>();
            foreach (var (field, path) in Details)
            {
                var value = SegmentMessage.Text(path[..^1].Aggregate(traits, SegmentMessage.Member), path[^1]);
                if (value is null || !written.Add(field))
                    continue;
                writer.WriteString(field, value);
                pointers.Add(($"/data/{field}", $"/traits/{string.Join('/', path)}"));
            }
            SegmentTraits.WriteAttributes(writer, traits, attributes, pointers);
            writer.WriteEndObject();
        });
        pointers.AddRange([("/data/customer/email", "/traits/email"), ("/data/customer/phone", "/traits/phone")]);
        return Of(eventOf(UpdateType, data), pointers);
    }

    public static SegmentTranslation Alias(SegmentMessage message, Func<string, JsonElement, CloudEvent> eventOf) => Of(
        eventOf(UpdateType, JsonBody.Written(writer =>
        {
            writer.WriteStartObject();
            WriteCustomer(writer, message.Text("userId"), message.Text("previousId"), default);
            writer.WriteEndObject();
        })),
        Common("userId", "previousId"));

    public static SegmentTranslation Behaviour(SegmentMessage message, string type, Func<string, JsonElement, CloudEvent> eventOf)
    {
        var told = message.Kind == "group" ? "traits" : "properties";
        var pointers = Common("userId", "anonymousId");
        pointers.Add(("/data/properties", $"/{told}"));
        var data = JsonBody.Written(writer =>
        {
            writer.WriteStartObject();
            WriteCustomer(writer, message.Text("userId"), message.Text("anonymousId"), default);
            writer.WritePropertyName("properties");
            WriteProperties(writer, message, message.Member(told), pointers);
            writer.WriteEndObject();
        });
        return Of(eventOf(type, data), pointers);
    }

    /// <summary>From a pointer into the event to one into the message.</summary>
    public string PointerOf(string pointer)
    {
        foreach (var (from, to) in Pointers)
        {
            if (pointer == from || pointer.StartsWith($"{from}/", StringComparison.Ordinal))
                return to + pointer[from.Length..];
        }
        return pointer;
    }

    public static SegmentTranslation Of(CloudEvent given, IEnumerable<(string From, string To)> pointers) =>
        new(given, [.. pointers.OrderByDescending(p => p.From.Length)]);

    public static List<(string From, string To)> Common(string user, string device) =>
    [
        ("/id", "/messageId"), ("/time", "/timestamp"), ("/type", "/event"), ("/data/customer", $"/{user}"),
        ("/data/customer/shopCustomerId", $"/{user}"), ("/data/customer/anonymousId", $"/{device}"),
    ];

    public static void WriteCustomer(Utf8JsonWriter writer, string? user, string? device, JsonElement traits)
    {
        writer.WriteStartObject("customer");
        WriteText(writer, "shopCustomerId", user);
        WriteText(writer, "anonymousId", device);
        WriteText(writer, "email", SegmentMessage.Text(traits, "email"));
        WriteText(writer, "phone", SegmentMessage.Text(traits, "phone"));
        writer.WriteEndObject();
    }

    private static void WriteProperties(Utf8JsonWriter writer, SegmentMessage message, JsonElement properties, List<(string, string)> pointers)
    {
        if (properties.ValueKind is not (JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null))
        {
            properties.WriteTo(writer);
            return;
        }
        writer.WriteStartObject();
        if (properties.ValueKind == JsonValueKind.Object)
        {
            foreach (var property in properties.EnumerateObject())
                property.WriteTo(writer);
        }
        // These stand beside the properties; what a sender puts among them goes before.
        (string Name, string From)[] beside = message.Kind switch
        {
            "group" => [("group_id", "groupId")],
            "page" or "screen" => [("name", "name"), ("category", "category")],
            _ => [],
        };
        foreach (var (name, from) in beside)
        {
            if (message.Text(from) is not { } value || SegmentMessage.Member(properties, name).ValueKind != JsonValueKind.Undefined)
                continue;
            writer.WriteString(name, value);
            pointers.Add(($"/data/properties/{name}", $"/{from}"));
        }
        writer.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter writer, string name, string? value)
    {
        if (value is not null)
            writer.WriteString(name, value);
    }
}
