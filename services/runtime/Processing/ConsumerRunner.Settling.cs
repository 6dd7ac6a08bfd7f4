using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>What follows a transaction: the new place, customers parked, or another try.</summary>
internal sealed partial class ConsumerRunner
{
    private async Task SettleAsync(OwnedPartition partition, PartitionBatch batch, WorkItem item, CancellationToken cancellation)
    {
        try
        {
            await item.Done;
            FaultPoint.Reach(FaultPoint.ConsumeAfterCommit);
            if (item.WroteNothing)
                partition.Reach(batch.Places, systemTime.GetUtcNow());
            else
                partition.Save(batch.Places);
            Applied(partition, batch);
        }
        catch (FencedException)
        {
            LogFenced(log, definition.Name, partition.Number);
            Drop([partition.Number]);
        }
        catch (Exception fault) when (IsPassing(fault))
        {
            LogRepeat(log, definition.Name, partition.Number, fault);
            await Task.Delay(limits.RetryAfter, systemTime, cancellation);
            await RestartAsync(partition, cancellation);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            // Some record's rows are refused: applied one by one, only its customer is parked.
            LogRefused(log, definition.Name, partition.Number, batch.Applied, fault);
            if (batch.Applied > 1)
                partition.OneByOne = batch.Applied;
            else
                partition.ParkNext = $"{fault.GetType().Name}: {fault.Message}";
            await RestartAsync(partition, cancellation);
        }
    }

    private void Applied(OwnedPartition partition, PartitionBatch batch)
    {
        partition.ParkNext = null;
        partition.OneByOne = Math.Max(0, partition.OneByOne - batch.Applied);
        foreach (var customer in batch.Erased)
        {
            partition.Erase(customer);
            definition.OnErased?.Invoke(customer);
        }

        var service = new KeyValuePair<string, object?>("patron.service", definition.Name);
        RuntimeTelemetry.RecordsConsumed.Add(batch.Applied, service);
        RuntimeTelemetry.RecordsRepeated.Add(batch.Repeated, service);
        foreach (var customer in batch.NewlyParked)
        {
            partition.Park(customer);
            partition.NewlyParked++;
            RuntimeTelemetry.RecordsParked.Add(1, service);
            LogParked(log, definition.Name, partition.Number, customer);
        }

        if (partition.NewlyParked > limits.NewlyParkedMax && !PlantedBug.Is(Bug.ParksWithoutBound))
        {
            partition.Stop(
                $"{partition.NewlyParked} customers were parked since the partition was acquired: "
                + "that is a bug, not a record. Look at the parked records, deploy a fix, restart and replay them.");
        }

        TellWhyStopped(partition);
    }

    /// <summary>Once for each reason.</summary>
    private void TellWhyStopped(OwnedPartition partition)
    {
        if (partition.Stopped is { } reason && reason != partition.Told)
            LogStopped(log, definition.Name, partition.Number, reason);
        partition.Told = partition.Stopped;
    }

    /// <summary>Saves all that is reached, for an orderly end; nothing is read any more.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        await SaveAsync(owned.Values, cancellation);
        await RestAsync(owned.Values, isLeaving: true, cancellation);
    }

    /// <summary>Lets the table follow where records left nothing to write. What cannot be saved now is read again later, and harms nobody.</summary>
    private async Task SaveAsync(IEnumerable<OwnedPartition> partitions, CancellationToken cancellation)
    {
        var work = new List<(OwnedPartition Partition, IReadOnlyDictionary<string, TopicPlace> Places, WorkItem Item)>();
        foreach (var partition in partitions.Where(p => p.UnsavedSince is not null))
        {
            var item = new WorkItem([]) { Moves = PartitionBatch.MovesTo(partition, partition.Places), MovesAnyway = true };
            work.Add((partition, partition.Places, item));
            await laneOf(partition.Number).EnqueueAsync(item, cancellation);
        }

        foreach (var (partition, places, item) in work)
        {
            try
            {
                await item.Done;
                partition.Save(places);
            }
            catch (FencedException)
            {
                LogFenced(log, definition.Name, partition.Number);
                Drop([partition.Number]);
            }
            catch (Exception fault) when (IsPassing(fault))
            {
                LogRepeat(log, definition.Name, partition.Number, fault);
                await RestartAsync(partition, cancellation);
            }
        }
    }

    /// <summary>
    /// Goes back to what is committed: after a failed transaction nobody knows whether it took effect. Waits for a database that is away.
    /// </summary>
    private async Task RestartAsync(OwnedPartition partition, CancellationToken cancellation)
    {
        while (true)
        {
            try
            {
                if (await offsets.ReadAsync(partition.Number, partition.Epoch, cancellation) is { } places)
                {
                    partition.Save(places);
                    await StartAsync(partition, cancellation);
                }
                else
                {
                    LogFenced(log, definition.Name, partition.Number);
                    Drop([partition.Number]);
                }

                return;
            }
            catch (Exception fault) when (IsPassing(fault))
            {
                LogRepeat(log, definition.Name, partition.Number, fault);
                await Task.Delay(limits.RetryAfter, systemTime, cancellation);
            }
        }
    }

    private static bool IsPassing(Exception fault) => fault is NpgsqlException { IsTransient: true } or TimeoutException or IOException;
}
