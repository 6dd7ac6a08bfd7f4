using System.Text;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Makes every message of a call durable, one way or the other.</summary>
internal sealed partial class SegmentCollector(
    ServiceRuntime profile, SegmentReader reader, Ingestion ingestion, QuarantineStore quarantine, KeyedHash hash, ProfileSettings settings,
    ILogger<SegmentCollector> logger)
{
    /// <summary>Returns when each message is taken or in quarantine. A retry is safe: it changes nothing of either.</summary>
    public async Task TakeAsync(IReadOnlyList<SegmentMessage> messages, CancellationToken cancellation)
    {
        foreach (var some in messages.Chunk(settings.EventsMax))
            await TakeSomeAsync(some, cancellation);
    }

    private async Task TakeSomeAsync(SegmentMessage[] messages, CancellationToken cancellation)
    {
        var told = new List<(SegmentMessage Message, string? Type, Told Told)>();
        var misfits = new List<Misfit>();
        foreach (var message in messages)
        {
            var errors = new FieldErrors();
            var opened = await reader.ReadAsync(message, errors, cancellation);
            if (opened.Told is { } right)
                told.Add((message, opened.KnownType, right));
            else
                misfits.Add(MisfitOf(message, opened.KnownType, errors.Reasons));
        }

        var taken = told.Count == 0 ? [] : await ingestion.TakeAsync(told.ConvertAll(t => t.Told), allOrNone: false, cancellation);
        misfits.AddRange(told.Zip(taken).Where(t => !t.Second.IsTaken).Select(t =>
            MisfitOf(t.First.Message, t.First.Type, [new Reason("/messageId", t.Second.Detail!)])));
        if (misfits.Count == 0)
            return;
        await using var batch = profile.Database.CreateBatch();
        await quarantine.PutAsync(SegmentRecords.Topic, misfits, batch, cancellation);
        await batch.ExecuteNonQueryAsync(cancellation);
        LogQuarantined(logger, misfits.Count);
    }

    // The same message again, in whatever batch and try, is the same misfit.
    private Misfit MisfitOf(SegmentMessage message, string? type, IReadOnlyList<Reason> reasons) => new(0, 0, SegmentRecords.Of(message), reasons)
    {
        Type = type,
        Fingerprint = hash.Of([.. Encoding.UTF8.GetBytes($"{message.Source}\0{message.Kind}\0"), .. CanonicalJson.Of(message.Json, "sentAt", "writeKey")]),
    };

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} messages of Segment SDKs could not be taken and are in quarantine, with their reasons")]
    private static partial void LogQuarantined(ILogger logger, int count);
}
