using Patron.Runtime.EventLog;

namespace Patron.Profile;

/// <summary>What became of a record: what it tells, or null where the errors say why not.</summary>
/// <param name="KnownType">The type of its event if that is one that Patron knows, even when the event is wrong.</param>
internal readonly record struct OpenedRecord(Told? Told, string? KnownType);

/// <summary>A record of the log, checked like the body of a call.</summary>
internal sealed class RecordReader(IngestReader reader, ProfileSettings settings)
{
    public async ValueTask<OpenedRecord> ReadAsync(LogRecord record, DateTimeOffset now, FieldErrors errors, CancellationToken cancellation)
    {
        if (record.Value is not { } value)
        {
            errors.Add("", "The record is empty; send an event.");
            return default;
        }
        if (value.Length > settings.BodyBytesMax)
        {
            errors.Add("", "The body is larger than this service takes; send it in smaller parts.");
            return default;
        }
        using var body = JsonBody.Parse(value, errors);
        if (body is null || CloudEvents.OfRecord(record, body.RootElement, now, errors) is not { } given)
            return default;
        var told = await reader.ReadAsync(given, now, errors, cancellation);
        return new OpenedRecord(told, await reader.KnownTypeAsync(given.Type, cancellation));
    }
}
