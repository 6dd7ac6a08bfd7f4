using System.Text.Json;
using System.Text.RegularExpressions;
using Patron.Runtime.EventLog;

namespace Patron.Profile;

/// <summary>An event taken apart, its data still JSON (CloudEvents 1.0.2). Null attributes were absent or no text.</summary>
/// <param name="Place">JSON pointer to the event in its body; empty for a single one.</param>
/// <param name="AttributePrefix">Before an attribute's name it makes its pointer, or the name of its header.</param>
/// <param name="DataPlace">JSON pointer to the data.</param>
internal sealed record CloudEvent(
    string Place, string AttributePrefix, string DataPlace, string? SpecVersion, string? Type, string? Source, string? Id, string? Time,
    string? TraceParent, JsonElement Data)
{
    /// <summary>
    /// What stands for the time when an event is compared with an earlier one of its source and id, where the time itself depends on when it
    /// was sent or received; null where it does not.
    /// </summary>
    public string? ToldTime { get; init; }
}

/// <summary>Takes events apart in the content modes of the HTTP and Kafka bindings.</summary>
internal static partial class CloudEvents
{
    public const string StructuredType = "application/cloudevents+json";
    public const string BatchType = "application/cloudevents-batch+json";
    public const string DataType = "application/json";

    /// <summary>Deeper JSON than any contract needs is refused before it costs anything.</summary>
    public static readonly JsonDocumentOptions JsonOptions = new() { MaxDepth = 16, AllowDuplicateProperties = false };

    /// <summary>An event in structured mode, alone or as a member of a batch.</summary>
    public static CloudEvent? Structured(JsonElement json, string place, FieldErrors errors)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            errors.Add(place, "An event must be an object with the attributes of CloudEvents 1.0.");
            return null;
        }

        var data = default(JsonElement);
        var attributes = new Dictionary<string, string?>();
        foreach (var member in json.EnumerateObject())
        {
            if (member.NameEquals("data"))
                data = member.Value;
            else if (member.NameEquals("data_base64"))
                errors.Add($"{place}/data_base64", "Send the data as JSON in 'data'; base64 is not taken.");
            else if (!AttributeName().IsMatch(member.Name))
                errors.AddUnknown(place, member.Name, "This is no attribute: their names have 1 to 20 small letters and digits.");
            else
                attributes[member.Name] = TextOf(member.Value, $"{place}/{member.Name}", errors);
        }
        CheckContentType(attributes.GetValueOrDefault("datacontenttype"), $"{place}/datacontenttype", errors);
        return Of(attributes.GetValueOrDefault, place, $"{place}/", $"{place}/data", data);
    }

    /// <summary>An event in binary mode: attributes from headers, the body is the data.</summary>
    /// <param name="attribute">Finds an attribute by its name.</param>
    /// <param name="prefix">What headers of attributes begin with: <c>ce-</c> over HTTP, <c>ce_</c> on the log.</param>
    public static CloudEvent Binary(Func<string, string?> attribute, string prefix, JsonElement data) => Of(attribute, "", prefix, "", data);

    /// <summary>The media type of a content type header in small letters, or null when it names an encoding other than UTF-8.</summary>
    public static string? MediaTypeOf(string? contentType)
    {
        if (!Microsoft.Net.Http.Headers.MediaTypeHeaderValue.TryParse(contentType, out var type))
            return null;
        return type.Charset.Length == 0 || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            ? type.MediaType.Value?.ToLowerInvariant()
            : null;
    }

    /// <summary>A record of the log, in either mode or plain; null when it is none of these, which the errors then say.</summary>
    public static CloudEvent? OfRecord(LogRecord record, JsonElement body, DateTimeOffset now, FieldErrors errors)
    {
        var type = MediaTypeOf(HeaderOf(record, "content-type"));
        if (type == StructuredType)
            return Structured(body, "", errors);
        if (type is DataType or null && HeaderOf(record, "ce_specversion") is not null)
            return Binary(name => HeaderOf(record, $"ce_{name}"), "ce_", body);
        if (type == DataType)
            return PlainEvents.Of(body, "", null, now, errors);
        errors.Add("content-type", $"Send one event as {StructuredType}, in binary mode with ce_ headers and {DataType}, or plain as {DataType}.");
        return null;
    }

    private static CloudEvent Of(Func<string, string?> attribute, string place, string prefix, string dataPlace, JsonElement data) => new(
        place, prefix, dataPlace, attribute("specversion"), attribute("type"), attribute("source"), attribute("id"), attribute("time"),
        attribute("traceparent"), data);

    private static void CheckContentType(string? contentType, string at, FieldErrors errors)
    {
        if (contentType is not null && MediaTypeOf(contentType) != DataType)
            errors.Add(at, $"The data must be {DataType}.");
    }

    // Extension attributes may be numbers and booleans; Patron reads none of those.
    private static string? TextOf(JsonElement value, string at, FieldErrors errors)
    {
        try
        {
            if (value.ValueKind is JsonValueKind.Object or JsonValueKind.Array)
                errors.Add(at, "An attribute must be a text, a number or a boolean.");
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            errors.Add(at, "This text is not valid Unicode.");
            return null;
        }
    }

    private static string? HeaderOf(LogRecord record, string name)
    {
        foreach (var header in record.Headers)
        {
            if (header.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
                return System.Text.Encoding.UTF8.GetString(header.Value.Span);
        }
        return null;
    }

    [GeneratedRegex("^[a-z0-9]{1,20}\\z")]
    private static partial Regex AttributeName();
}
