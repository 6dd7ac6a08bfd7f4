using System.Runtime.ExceptionServices;
using Confluent.Kafka;

namespace Patron.Runtime.EventLog.Kafka;

/// <summary>
/// While a reader is behind, its next records are taken from the client and converted on a thread of their own during the time in which the
/// caller works on those before: that is half of the processor time of reading.
/// </summary>
internal sealed partial class KafkaLogReader
{
    private readonly Queue<(Origin From, ReadRecord Read)> ahead = [];
    private Task reading = Task.CompletedTask;
    private Exception? failedAhead;

    /// <summary>The consumer is used by that thread alone until <see cref="TakeAheadAsync"/> has waited for it.</summary>
    private void ReadAhead(int recordsMax) => reading = ahead.Count > 0
        ? Task.CompletedTask
        : Task.Factory.StartNew(() => FillAhead(recordsMax), CancellationToken.None, TaskCreationOptions.DenyChildAttach, TaskScheduler.Default);

    private void FillAhead(int recordsMax)
    {
        try
        {
            while (ahead.Count < recordsMax && consumer.Consume(TimeSpan.Zero) is { } result)
                ahead.Enqueue((OriginOf(result), Read(result)));
        }
        catch (KafkaException failure)
        {
            failedAhead = failure;
        }
    }

    /// <summary>What was read ahead, less that of partitions which were unassigned or moved since. A failure is told after the records before it.</summary>
    private async Task<int> TakeAheadAsync(int recordsMax, Dictionary<Assignment, List<ReadRecord>> records)
    {
        await reading;
        var count = 0;
        while (count < recordsMax && ahead.TryDequeue(out var next))
        {
            if (Assigned(next.From) is not { Applied: true } assignment || next.Read.Offset < assignment.Next)
                continue;
            Take(next.From, next.Read, records);
            count++;
        }

        if (count == 0 && failedAhead is { } failure)
        {
            failedAhead = null;
            ExceptionDispatchInfo.Throw(failure);
        }

        return count;
    }
}
