using System.Collections.Concurrent;

namespace Patron.Runtime.EventStore;

/// <summary>
/// Whose streams go on in another customer's, as this process remembers it. A transaction reads with each head how often links of its
/// partition have changed, so it knows under the lock whether the memory is complete: in the common case a merge costs the others nothing.
/// </summary>
/// <param name="partitions">Partitions of the deployment.</param>
internal sealed class Links(int partitions)
{
    private const int StepsMax = 64;

    private readonly ConcurrentDictionary<Guid, Guid> away = [];
    private readonly long[] known = new long[partitions];
    private readonly Lock learning = new();
    private long version;

    /// <summary>Grows whenever something is learned: who read a root before must look again.</summary>
    public long Version => Volatile.Read(ref version);

    /// <summary>Up to which change the links of a partition are remembered.</summary>
    public long Known(int partition) => Volatile.Read(ref known[partition]);

    /// <summary>The customer is merged into another, as far as is remembered.</summary>
    public bool IsAway(Guid customer) => away.ContainsKey(customer);

    /// <summary>The customer, whom it is merged into, whom that one is merged into, and so on.</summary>
    public IEnumerable<Guid> PathOf(Guid customer)
    {
        yield return customer;

        // Partitions are remembered up to different changes, so that for a moment two customers may seem to be merged into each other.
        for (var steps = 0; steps < StepsMax && away.TryGetValue(customer, out var into); steps++)
            yield return customer = into;
    }

    /// <summary>Called under the lock of the partition's head.</summary>
    /// <param name="changes">In their order.</param>
    public void Learn(int partition, long change, IEnumerable<(Guid Customer, Guid? Into)> changes)
    {
        lock (learning)
        {
            // A transaction that lost its connection, and so its lock, may come late.
            if (change <= Known(partition))
                return;
            foreach (var (customer, into) in changes)
            {
                if (into is { } root)
                    away[customer] = root;
                else
                    away.TryRemove(customer, out _);
            }

            // In this order: whoever finds the partition complete finds the version grown.
            Interlocked.Increment(ref version);
            Volatile.Write(ref known[partition], change);
        }
    }
}
