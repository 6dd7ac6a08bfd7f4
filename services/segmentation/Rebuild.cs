using System.Globalization;
using Google.Protobuf;
using Npgsql;
using Patron.Contracts;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;
using Patron.Segmentation.Snapshots;

namespace Patron.Segmentation;

/// <summary>
/// Brings a newly owned partition into memory: memberships and scans from the own store, which are the truth, then the columns from their
/// snapshot, if there is one, and from the log on, up to exactly the offset that the consumer has committed. Nothing is emitted.
/// </summary>
internal sealed partial class Rebuild(
    SegmentEngine engine, SnapshotKeeper snapshots, Consumed consumed, Func<CancellationToken, Task> learnSegments, Func<IEventLog> eventLog,
    Func<ServiceRuntime> service, OpenDetails details, ILogger log)
{
    private const int RecordsPerReadMax = 4096;
    private static readonly TimeSpan ReadWait = TimeSpan.FromSeconds(1);

    public async Task AcquireAsync(AcquiredPartition acquired, CancellationToken cancellation)
    {
        await learnSegments(cancellation);
        var stream = engine.ScanStreams.Of(acquired.Partition);
        var scans = await service().StateAsync(Scans.Kind, stream, cancellation) ?? Scans.None;
        var (partition, reached) = await snapshots.LoadAsync(acquired, cancellation) is var (kept, place)
            ? (kept, place.NextOffsets.Where(topic => topic.Key != Topics.ProfileCustomers).ToDictionary())
            : (engine.NewPartition(), new Dictionary<string, long>());
        foreach (var (customer, segment) in await Members.ReadAsync(service().Database, acquired.Partition, cancellation))
            partition.Restore(customer, segment);
        // Attributes are in no snapshot: what is sealed is read from its beginning.
        await ReadFactsAsync(partition, acquired, reached, cancellation);
        partition.RestoreScans(scans);
        foreach (var customer in await LinkedRows.ReadAsync(service().Database, acquired.Partition, cancellation))
            partition.Restate(customer, await RowOfAsync(customer, cancellation), partition.AsOf);
        engine.Put(acquired.Partition, partition);
    }

    private async Task<RowState> RowOfAsync(Guid customer, CancellationToken cancellation)
    {
        var last = (await service().ReadStreamAsync(customer, cancellation)).Last(recorded => recorded.Event is RowChanged);
        return LinkedRows.State((RowChanged)last.Event, last.Version);
    }

    /// <param name="reached">Topic to the first record that the columns do not have; those of a topic that is not named begin at 0.</param>
    private async Task ReadFactsAsync(
        SegmentedPartition partition, AcquiredPartition acquired, IReadOnlyDictionary<string, long> reached, CancellationToken cancellation)
    {
        // The rows of linked customers come from their streams, which know the latest.
        var missing = acquired.NextOffsets.Where(topic => topic.Value > reached.GetValueOrDefault(topic.Key) && topic.Key != Topics.SegmentationRows)
            .ToDictionary();
        if (missing.Count == 0)
            return;
        await using var reader = eventLog().OpenReader();
        foreach (var subscription in consumed.Subscriptions.Where(subscription => missing.ContainsKey(subscription.Topic.Name)))
            reader.Assign(subscription.Topic, acquired.Partition, reached.GetValueOrDefault(subscription.Topic.Name));
        while (missing.Count > 0)
        {
            foreach (var batch in await ReadAsync(reader, reached, cancellation))
            {
                if (!missing.TryGetValue(batch.Topic.Name, out var end))
                    continue;
                foreach (var read in batch.Records.TakeWhile(read => read.Offset < end))
                    Apply(partition, acquired.Partition, batch.Topic, read);
                await details.OpenMostAsync(partition, cancellation);
                if (batch.NextOffset < end)
                    continue;
                missing.Remove(batch.Topic.Name);
                reader.Unassign(batch.Topic, acquired.Partition);
            }
        }
    }

    private static async Task<IReadOnlyList<LogBatch>> ReadAsync(
        ILogReader reader, IReadOnlyDictionary<string, long> reached, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadAsync(RecordsPerReadMax, ReadWait, cancellation);
        }
        catch (EventLogException fault) when (fault.LostOffset is var (topic, partition))
        {
            throw new EventLogException(
                $"Segments of partition {partition} need {topic} from offset {reached.GetValueOrDefault(topic)} on, and the log begins at "
                + $"{fault.GoesOnAt?.ToString(CultureInfo.InvariantCulture) ?? "a later one"}: put a newer snapshot into "
                + "Segmentation:SnapshotFolder, or have the log keep its records for longer than snapshots are old and send the lost ones again.",
                fault) { LostOffset = fault.LostOffset, GoesOnAt = fault.GoesOnAt };
        }
    }

    private void Apply(SegmentedPartition partition, int number, Topic topic, ReadRecord read)
    {
        if (read.Record.Value is not { } value || !Guid.TryParse(read.Record.Key, out var customer)
            || !Envelope.TryRead(read.Record.Headers, out var envelope, out _))
            return;
        try
        {
            consumed.Apply(partition, customer, envelope, value);
        }
        catch (InvalidProtocolBufferException fault)
        {
            // Live it was parked, so it is not part of what was applied.
            LogUnreadable(log, topic.Name, number, read.Offset, fault);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Topic}[{Partition}]@{Offset} cannot be read; the columns go without it, as it was parked.")]
    private static partial void LogUnreadable(ILogger log, string topic, int partition, long offset, Exception fault);
}
