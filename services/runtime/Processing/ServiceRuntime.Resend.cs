using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>No fact of a service has this position, so that no reader can stand there.</summary>
public sealed record NoFactThere(int Partition, long Position) : Refusal
{
    public override string Code => "no-fact-there";

    public override string Detail =>
        $"No fact was published from position {Position} of partition {Partition}. Take the position that the stopped reader names, or 0 for all.";
}

/// <summary>What operators do when a fact was lost between the store and a reader.</summary>
public sealed partial class ServiceRuntime
{
    /// <summary>
    /// Publishes the facts of a partition again that follow a position; 0 sends all. Readers that have applied them skip them, one that
    /// misses a fact goes on by itself when it arrives. Safe to repeat. Only the instance that relays the partition does it; any other answers
    /// <see cref="PartitionElsewhere"/>. Null when the facts are on their way.
    /// </summary>
    public async Task<Refusal?> ResendAsync(int partition, long after, CancellationToken cancellation)
    {
        if (Relay is null)
            throw new InvalidOperationException($"{Definition.Name} is not running.");
        try
        {
            return await Relay.ResendAsync(partition, after, cancellation) ? null : new PartitionElsewhere(partition);
        }
        catch (ArgumentOutOfRangeException)
        {
            return new NoFactThere(partition, after);
        }
    }
}
