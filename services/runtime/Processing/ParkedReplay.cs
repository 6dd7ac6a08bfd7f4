using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>What a replay of a customer's parked records came to.</summary>
/// <param name="Applied">Records that are parked no more.</param>
/// <param name="StoppedAt">The record that failed again, with the new reason; it and those behind it stay parked.</param>
/// <param name="Refusal">Why the replay could not go on here; repeat it.</param>
public sealed record ReplayOutcome(int Applied, ParkedRecord? StoppedAt, Refusal? Refusal);

/// <summary>Another instance reads the customer's partition, and only that one can replay.</summary>
public sealed record PartitionElsewhere(int Partition) : Refusal
{
    public override string Code => "partition-elsewhere";

    public override string Detail => $"Another instance owns partition {Partition}. Repeat the request until it reaches that instance.";
}

/// <summary>The partition moved to another instance, or an operator changed the record, while it was replayed.</summary>
public sealed record ReplayOvertaken : Refusal
{
    public override string Code => "replay-overtaken";

    public override string Detail => "The partition moved to another instance, or a record was changed meanwhile. Repeat the replay.";
}

/// <summary>Applies one parked record: its commands, its rows and the end of its being parked are one transaction.</summary>
internal sealed class ParkedReplay(ServiceDefinition definition, Func<int, WriterLane> laneOf)
{
    private readonly List<string> topics = [.. definition.Subscriptions.Select(s => s.Topic.Name)];

    /// <summary>Null when it is applied and durable, else why not.</summary>
    /// <exception cref="FencedException">The partition is not owned any more, or the record is not as it was read; nothing was changed.</exception>
    public async Task<string?> TryAsync(OwnedPartition partition, ParkedRecord record, CancellationToken cancellation)
    {
        UnitOfWork? unit = null;
        Action<NpgsqlBatch>? rows = null;
        if (record.Topic != TimerRunner.TopicOfTimers && Map(partition, record, out unit, out rows) is { } unmapped)
            return unmapped;
        var item = new WorkItem(unit is null ? [] : [unit])
        {
            Effects = transaction =>
            {
                if (unit?.Fault is not null)
                    return;
                ParkedRecords.Delete(transaction, record, partition.Epoch, topics);
                rows?.Invoke(transaction);
            },
        };
        await laneOf(partition.Number).EnqueueAsync(item, cancellation);
        try
        {
            // Not cancelled: the caller's turn must not end before the transaction has.
            await item.Done;
        }
        catch (Exception fault) when (fault is not (OperationCanceledException or FencedException))
        {
            return PartitionBatch.Sentence(fault);
        }

        return unit?.Fault is { } refused ? PartitionBatch.Sentence(refused) : null;
    }

    private string? Map(OwnedPartition partition, ParkedRecord record, out UnitOfWork? unit, out Action<NpgsqlBatch>? rows)
    {
        (unit, rows) = (null, null);
        if (definition.Subscriptions.FirstOrDefault(s => s.Topic.Name == record.Topic) is not { } subscription)
            return $"{definition.Name} does not read {record.Topic} any more: discard the record.";
        if (!Envelope.TryRead(record.Record.Headers, out var envelope, out var whyNot))
            return whyNot;

        var seen = partition.Places.Where(p => p.Value.Position > 0).ToDictionary(p => p.Key, p => p.Value.Position);
        var metadata = new EventMetadata { TraceParent = envelope.TraceParent, Backfill = envelope.Backfill, Watermarks = seen };
        var context = new FactContext(record.Customer, record.Topic, record.Partition, record.Offset, envelope, metadata);
        try
        {
            if (record.Record.Value is { } value)
            {
                var link = subscription.LinkOf(value, context);
                var commands = subscription.CommandsOf(value, context).ToList();
                unit = commands.Count > 0 || link is not null
                    ? new UnitOfWork(commands) { Customer = record.Customer, Link = link, Metadata = metadata }
                    : null;
            }
        }
#pragma warning disable CA1031 // Whatever the handling throws keeps this record parked, as it did before.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            return PartitionBatch.Sentence(fault);
        }

        if (envelope.Type == subscription.Erasure)
            rows = transaction => definition.Erased.Write(transaction, partition.Number, [record.Customer]);
        else if (subscription.Effect is { } effect)
            rows = transaction => effect.Apply([new ConsumedFact(context, record.Record.Value)], transaction);
        return null;
    }
}
