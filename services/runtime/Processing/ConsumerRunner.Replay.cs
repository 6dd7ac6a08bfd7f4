using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

internal sealed partial class ConsumerRunner
{
    private const int ReplayedPerTurnMax = 100;

    private readonly ParkedReplay replay = new(definition, laneOf);

    /// <summary>
    /// Applies a customer's parked records between two rounds of reading, so that handlers never run beside each other and nothing of the
    /// customer can slip in between the last parked record and their return.
    /// </summary>
    public async Task<ReplayOutcome> ReplayAsync(int partition, Guid customer, CancellationToken cancellation)
    {
        var applied = 0;
        while (true)
        {
            await turn.WaitAsync(cancellation);
            Interlocked.Exchange(ref busy, 1);
            try
            {
                await LandAllAsync(cancellation);
                if (!owned.TryGetValue(partition, out var held))
                    return new ReplayOutcome(applied, null, new PartitionElsewhere(partition));
                var records = await ParkedRecords.ListAsync(database, customer, ReplayedPerTurnMax, cancellation);
                if (records.Count == 0)
                {
                    held.Unpark(customer);
                    await ParkedRecords.ReleaseOthersAsync(database, customer, cancellation);
                    return new ReplayOutcome(applied, null, null);
                }

                foreach (var record in records.OrderBy(r => r.Topic == LinkStatements.ParkedTopic))
                {
                    if (record.Topic == LinkStatements.ParkedTopic)
                    {
                        // Nothing of this customer's own is left; the other one's replay ends the waiting.
                        held.Unpark(customer);
                        return new ReplayOutcome(applied, record, null);
                    }

                    if (await replay.TryAsync(held, record, cancellation) is { } whyNot)
                        return new ReplayOutcome(applied, await StayAsync(held, record, whyNot, cancellation), null);
                    applied++;
                    if (definition.Subscriptions.Any(s => s.Erasure is { } type && record.IsOf(type)))
                        held.Erase(customer);
                }
            }
            catch (FencedException)
            {
                return new ReplayOutcome(applied, null, new ReplayOvertaken());
            }
            finally
            {
                Interlocked.Exchange(ref busy, 0);
                turn.Release();
            }
        }
    }

    /// <summary>The record failed again: what handlers keep in memory may have seen it, and is rebuilt.</summary>
    private async Task<ParkedRecord> StayAsync(OwnedPartition partition, ParkedRecord record, string whyNot, CancellationToken cancellation)
    {
        await ParkedRecords.ExplainAsync(database, record.Id, whyNot, cancellation);
        await RestartAsync(partition, cancellation);
        return record with { Reason = whyNot };
    }
}
