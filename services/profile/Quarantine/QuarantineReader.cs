using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Reads a quarantined record anew, by the way on which it came.</summary>
internal sealed class QuarantineReader(RecordReader records, SegmentReader segment, BusinessClock clock)
{
    public async ValueTask<Told?> ReadAsync(QuarantinedRecord record, LogRecord body, FieldErrors errors, CancellationToken cancellation) =>
        record.Topic == SegmentRecords.Topic
            ? (await segment.ReadAsync(body, errors, cancellation)).Told
            : (await records.ReadAsync(body, clock.GetUtcNow(), errors, cancellation)).Told;
}
