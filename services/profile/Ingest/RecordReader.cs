using Patron.Runtime.EventLog;

namespace Patron.Profile;

/// <summary>A record of the log, checked like the body of a call.</summary>
internal sealed class RecordReader(IngestReader reader, ProfileSettings settings)
{
    /// <summary>Answers what the record tells, or null and why not.</summary>
    public Told? Read(LogRecord record, DateTimeOffset now, FieldErrors errors)
    {
        if (record.Value is not { } value)
        {
            errors.Add("", "The record is empty; send an event.");
            return null;
        }
        if (value.Length > settings.BodyBytesMax)
        {
            errors.Add("", "The body is larger than this service takes; send it in smaller parts.");
            return null;
        }
        using var body = JsonBody.Parse(value, errors);
        return body is not null && CloudEvents.OfRecord(record, body.RootElement, errors) is { } given ? reader.Read(given, now, errors) : null;
    }
}
