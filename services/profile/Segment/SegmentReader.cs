using System.Text;
using System.Text.Json;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>
/// From a message of a Segment SDK to what it tells, or to every reason why not, by its place in the message. The messageId is the event's id
/// within the key's source; a message without one has an id of its content, so that the same again is a repeat. It happened at receivedAt -
/// (sentAt - timestamp), which sets a wrong clock of the sender right.
/// </summary>
internal sealed class SegmentReader(
    IngestReader reader, EventTypeRegistry types, SegmentOrders orders, KeyedHash hash, CollectSettings settings,
    AttributeRegistry attributes, BusinessClock clock)
{
    public async ValueTask<OpenedRecord> ReadAsync(LogRecord record, FieldErrors errors, CancellationToken cancellation)
    {
        using var body = JsonBody.Parse(record.Value!.Value, errors);
        return body is null ? default : await ReadAsync(SegmentRecords.Read(record, body.RootElement), errors, cancellation);
    }

    public async ValueTask<OpenedRecord> ReadAsync(SegmentMessage message, FieldErrors errors, CancellationToken cancellation)
    {
        var before = errors.Count;
        if (message.Json.ValueKind != JsonValueKind.Object)
            errors.Add("", "A message must be an object.");
        else if (message.Bytes > settings.SegmentMessageBytesMax)
            errors.Add("", "The message is larger than this service takes; tell less in one.");
        else if (await TranslateAsync(message, errors, cancellation) is { } translation)
        {
            var found = new FieldErrors();
            var told = await reader.ReadAsync(translation.Event, clock.GetUtcNow(), found, cancellation);
            errors.AddTranslated(found, translation.PointerOf);
            return new OpenedRecord(errors.Count == before ? Linked(message, told!) : null, await reader.KnownTypeAsync(translation.Event.Type, cancellation));
        }
        return new OpenedRecord(null, await reader.KnownTypeAsync(SegmentTranslation.TypeOf(message), cancellation));
    }

    private async ValueTask<SegmentTranslation?> TranslateAsync(SegmentMessage message, FieldErrors errors, CancellationToken cancellation)
    {
        if (TimeOf(message, errors) is not { } time)
            return null;
        switch (message.Kind)
        {
            case "identify":
                return SegmentTranslation.Identify(message, attributes.Current, EventOf);
            case "alias":
                if (message.Text("previousId") is null)
                    errors.Add("/previousId", "Name the id that the user was known by before.");
                return SegmentTranslation.Alias(message, EventOf);
            case "track" or "page" or "screen" or "group":
                var type = SegmentTranslation.TypeOf(message);
                return SegmentOrders.IsOrder(type)
                    ? await OrderAsync(message, type!, EventOf, errors, cancellation)
                    : SegmentTranslation.Behaviour(message, type ?? "", EventOf);
            default:
                errors.Add("/type", "The type must be identify, track, page, screen, group or alias.");
                return null;
        }

        CloudEvent EventOf(string type, JsonElement data) =>
            new("", "/", "/data", "1.0", type, message.Source, IdOf(message), PlainEvents.TimeText(time), null, data)
            {
                // Every try of an SDK tells another sentAt, and so leads to another time.
                ToldTime = ToldTimeOf(message) ?? "",
            };
    }

    // What a brand asks of its orders is checked as for any behaviour, and then what a purchase needs.
    private async ValueTask<SegmentTranslation?> OrderAsync(
        SegmentMessage message, string type, Func<string, JsonElement, CloudEvent> eventOf, FieldErrors errors, CancellationToken cancellation)
    {
        var before = errors.Count;
        var registered = await types.FindAsync(type, cancellation);
        SchemaCheck.Check(registered?.Schema ?? SchemaNode.Anything, message.Member("properties"), "/properties", errors);
        return errors.Count == before ? orders.Translate(message, eventOf, errors) : null;
    }

    // The former id may be a user's as well as a device's: Segment does not say which.
    private Told Linked(SegmentMessage message, Told told)
    {
        if (message.Kind != "alias")
            return told;
        var former = reader.Identify(new Identifiers { ShopCustomerId = message.Text("previousId") }, message.Source, new FieldErrors());
        var surer = told.Identifiers.TakeWhile(i => i.Kind == IdentifierKind.ShopId).ToList();
        return told with { Identifiers = [.. surer, .. former.Select(f => f with { Former = true }), .. told.Identifiers.Skip(surer.Count)] };
    }

    private string IdOf(SegmentMessage message) => message.Text("messageId")
        ?? $"content-{hash.Of([.. Encoding.UTF8.GetBytes($"{message.Kind}\0"), .. CanonicalJson.Of(message.Json, "sentAt", "writeKey")]):N}";

    private static string? ToldTimeOf(SegmentMessage message) => message.Text("timestamp") ?? message.Text("originalTimestamp");

    private static DateTimeOffset? TimeOf(SegmentMessage message, FieldErrors errors)
    {
        if (ToldTimeOf(message) is not { } text)
            return message.ReceivedAt;
        if (!IngestReader.TryReadTime(text, out var original))
        {
            errors.Add("/timestamp", TextFormats.Rule(TextFormat.DateTime));
            return null;
        }
        if (!IngestReader.TryReadTime(message.Text("sentAt") ?? message.SentAt ?? "", out var sentAt))
            return original;
        var delay = sentAt - original;
        // Clocks of other ages would lead out of the calendar.
        var isSane = delay < message.ReceivedAt - DateTimeOffset.MinValue && delay > message.ReceivedAt - DateTimeOffset.MaxValue;
        return isSane ? message.ReceivedAt - delay : original;
    }
}
