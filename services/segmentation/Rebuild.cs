using Google.Protobuf;
using Npgsql;
using Patron.Contracts;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;

namespace Patron.Segmentation;

/// <summary>
/// Brings a newly owned partition into memory: memberships and scans from the own store, which are the truth, then the columns from the
/// log, up to exactly the offset that the consumer has committed. Nothing is emitted.
/// </summary>
internal sealed partial class Rebuild(
    SegmentEngine engine, Consumed consumed, Func<CancellationToken, Task> learnSegments, Func<IEventLog> eventLog, Func<ServiceRuntime> service,
    OpenDetails details, ILogger log)
{
    private const int RecordsPerReadMax = 4096;
    private static readonly TimeSpan ReadWait = TimeSpan.FromSeconds(1);

    public async Task AcquireAsync(AcquiredPartition acquired, CancellationToken cancellation)
    {
        await learnSegments(cancellation);
        var partition = engine.NewPartition();
        var stream = engine.ScanStreams.Of(acquired.Partition);
        var scans = await service().StateAsync(Scans.Kind, stream, cancellation) ?? Scans.None;
        foreach (var (customer, segment) in await Members.ReadAsync(service().Database, acquired.Partition, cancellation))
            partition.Restore(customer, segment);
        await ReadFactsAsync(partition, acquired, cancellation);
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

    private async Task ReadFactsAsync(SegmentedPartition partition, AcquiredPartition acquired, CancellationToken cancellation)
    {
        // The rows of linked customers come from their streams, which know the latest.
        var missing = acquired.NextOffsets.Where(topic => topic.Value > 0 && topic.Key != Topics.SegmentationRows).ToDictionary();
        if (missing.Count == 0)
            return;
        await using var reader = eventLog().OpenReader();
        foreach (var subscription in consumed.Subscriptions.Where(subscription => missing.ContainsKey(subscription.Topic.Name)))
            reader.Assign(subscription.Topic, acquired.Partition, 0);
        while (missing.Count > 0)
        {
            foreach (var batch in await reader.ReadAsync(RecordsPerReadMax, ReadWait, cancellation))
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
