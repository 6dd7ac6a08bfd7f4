using Microsoft.Extensions.Logging;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.Processing;

/// <summary>What a reader does after a producer's store was restored from a backup.</summary>
internal sealed partial class ConsumerRunner
{
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly RestoredTable restored = new(database);
    private readonly Dictionary<(string Topic, int Partition), long> scannedTo = [];
    private DateTimeOffset lookAgainAt;
    private volatile bool lookNow;

    /// <summary>Partitions that stopped at another life of a producer's store.</summary>
    public IReadOnlyList<ForeignLife> ForeignLives => [.. Partitions.Where(p => p.Stopped is not null).Select(p => p.Restored.StoppedAt).OfType<ForeignLife>()];

    /// <summary>Accepts are looked for at once.</summary>
    public void LookAgain() => lookNow = true;

    private async Task KnowCrossingsAsync(IReadOnlyList<OwnedPartition> partitions, CancellationToken cancellation)
    {
        foreach (var crossing in await restored.CrossingsAsync(partitions.Select(p => p.Number), cancellation))
            partitions.First(p => p.Number == crossing.Partition).Restored.Accept(crossing.Topic, crossing.StoreEpoch, crossing.Shared, crossing.Reached);
    }

    /// <summary>Lets partitions go on that stopped at a restored store, when an operator has accepted it or restored it to a later point.</summary>
    private async Task HealAsync(CancellationToken cancellation)
    {
        if ((!lookNow && systemTime.GetUtcNow() < lookAgainAt) || ForeignLives is not { Count: > 0 } lives)
            return;
        lookNow = false;
        lookAgainAt = systemTime.GetUtcNow() + LookAgainAfter;
        try
        {
            foreach (var life in lives)
            {
                if (owned.TryGetValue(life.Partition, out var partition) && !IsUnderWay(partition) && await IsHealedAsync(partition, life, cancellation))
                {
                    partition.GoOn();
                    await RestartAsync(partition, cancellation);
                    LogGoesOn(log, definition.Name, partition.Number, life.First.StoreEpoch);
                }
            }
        }
        catch (Exception fault) when (IsPassing(fault) || fault is EventLogException)
        {
            LogUnreadable(log, definition.Name, fault);
        }
    }

    private async Task<bool> IsHealedAsync(OwnedPartition partition, ForeignLife life, CancellationToken cancellation)
    {
        if (await restored.TryCrossAsync(life, cancellation))
        {
            partition.Restored.Accept(life.Topic.Name, life.First.StoreEpoch, life.Shared, life.Place.Position);
            return true;
        }

        // A later life that knows all that is applied here makes the one in between void.
        var from = Math.Max(life.Offset + 1, scannedTo.GetValueOrDefault((life.Topic.Name, life.Partition)));
        var to = (await eventLog.EndOffsetsAsync(life.Topic, cancellation))[life.Partition];
        await foreach (var (_, _, envelope) in LogTails.BetweenAsync(eventLog, life.Topic, life.Partition, from, to, cancellation))
        {
            if (life.Place.StoreEpoch is { } former && envelope.Knows(former, life.Place.Position))
            {
                partition.Restored.Abandon(life.Topic.Name, life.First.StoreEpoch);
                return true;
            }
        }

        scannedTo[(life.Topic.Name, life.Partition)] = to;
        return false;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: partition {Partition}, which stopped at store epoch {StoreEpoch}, goes on.")]
    private static partial void LogGoesOn(ILogger log, string service, int partition, Guid storeEpoch);
}
