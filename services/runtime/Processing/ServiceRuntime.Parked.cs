namespace Patron.Runtime.Processing;

/// <summary>What operators do with parked records.</summary>
public sealed partial class ServiceRuntime
{
    /// <summary>Records that wait for an operator, oldest first, at most <paramref name="recordsMax"/>.</summary>
    public Task<IReadOnlyList<ParkedRecord>> ParkedAsync(Guid? customer, int recordsMax, CancellationToken cancellation) =>
        ParkedRecords.ListAsync(Database, customer, recordsMax, cancellation);

    /// <summary>
    /// Applies a customer's parked records in order, each in a transaction of its own, until one fails again; then lets records and requests
    /// of the customer through. Records that arrive meanwhile are parked behind and applied too; a parked timer fires again by itself. Safe
    /// to repeat. Only the instance that reads the customer's partition does it; any other answers <see cref="PartitionElsewhere"/>.
    /// </summary>
    public async Task<ReplayOutcome> ReplayParkedAsync(Guid customer, CancellationToken cancellation)
    {
        var consumer = Consumer ?? throw new InvalidOperationException($"{Definition.Name} is not running.");
        var outcome = await consumer.ReplayAsync(store.PartitionOf(customer), customer, cancellation);
        Timers!.LookAgain();
        return outcome;
    }

    /// <summary>Replaces the value of a parked fact, to be replayed afterwards; false when there is no such record or it is a timer.</summary>
    public Task<bool> CorrectParkedAsync(long id, ReadOnlyMemory<byte> value, CancellationToken cancellation) =>
        ParkedRecords.CorrectAsync(Database, id, value, cancellation);

    /// <summary>
    /// Gives a parked record up and keeps who did and why; false when there is no such record. Replay the customer afterwards, even when
    /// nothing of them is left, so that their records are applied again.
    /// </summary>
    public Task<bool> DiscardParkedAsync(long id, string who, string why, CancellationToken cancellation) =>
        ParkedRecords.DiscardAsync(Database, id, who, why, cancellation);
}
