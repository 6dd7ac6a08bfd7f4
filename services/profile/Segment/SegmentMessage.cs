using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using Patron.Runtime.EventLog;

namespace Patron.Profile;

/// <summary>A message of a Segment SDK, with what the call that brought it says of it.</summary>
/// <param name="Kind">Such as <c>track</c>: the address of the call, or, in a batch, the message's own type.</param>
/// <param name="Source">The touchpoint, by the API key.</param>
/// <param name="ReceivedAt">Business time.</param>
/// <param name="SentAt">By the sender's clock, as it was written; null where the sender does not tell.</param>
internal sealed record SegmentMessage(JsonElement Json, string Kind, string Source, DateTimeOffset ReceivedAt, string? SentAt)
{
    public int Bytes => JsonMarshal.GetRawUtf8Value(Json).Length;

    /// <summary>A member that is a text or, as some senders write identifiers, a number; null where there is none, empty text included.</summary>
    public static string? Text(JsonElement json, string name) => Member(json, name) switch
    {
        { ValueKind: JsonValueKind.String } text => text.GetString() is { Length: > 0 } some ? some : null,
        { ValueKind: JsonValueKind.Number } number => number.GetRawText(),
        _ => null,
    };

    /// <summary>A member of an object, or an undefined value where there is none.</summary>
    public static JsonElement Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var member) ? member : default;

    public string? Text(string name) => Text(Json, name);

    public JsonElement Member(string name) => Member(Json, name);
}

/// <summary>Messages as they are kept in quarantine: the JSON, and what came with it as headers.</summary>
internal static class SegmentRecords
{
    /// <summary>In the place of a topic: how the record came.</summary>
    public const string Topic = "segment";

    public static LogRecord Of(SegmentMessage message) => new(
        null,
        [
            Header("content-type", CloudEvents.DataType), Header("segment-kind", message.Kind), Header("segment-source", message.Source),
            Header("segment-received-at", PlainEvents.TimeText(message.ReceivedAt)), Header("segment-sent-at", message.SentAt ?? ""),
        ],
        Body(message.Json));

    public static SegmentMessage Read(LogRecord record, JsonElement json)
    {
        IngestReader.TryReadTime(Text("segment-received-at"), out var receivedAt);
        var sentAt = Text("segment-sent-at");
        return new SegmentMessage(json, Text("segment-kind"), Text("segment-source"), receivedAt, sentAt.Length == 0 ? null : sentAt);

        string Text(string name) => Encoding.UTF8.GetString(record.Headers.First(h => h.Name == name).Value.Span);
    }

    // Some SDKs write their API key into the message; whoever corrects one must not see it.
    private static byte[] Body(JsonElement message) =>
        SegmentMessage.Member(message, "writeKey").ValueKind == JsonValueKind.Undefined
            ? JsonMarshal.GetRawUtf8Value(message).ToArray()
            : CanonicalJson.Of(message, "writeKey").ToArray();

    private static LogHeader Header(string name, string value) => new(name, Encoding.UTF8.GetBytes(value));
}
