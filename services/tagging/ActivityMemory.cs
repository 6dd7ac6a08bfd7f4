using System.Collections.Concurrent;
using Npgsql;

namespace Patron.Tagging;

/// <summary>A receipt's place in a customer's counters.</summary>
/// <param name="LookAgain">
/// The counters alone cannot tell whether the tags are right: the receipt was handled before (its transaction may have been lost), or it
/// is the customer's first since the partition was loaded (the rules may have changed in between). Deciding again is harmless.
/// </param>
internal readonly record struct CountedReceipt(CustomerActivity Before, CustomerActivity After, bool LookAgain);

/// <summary>
/// The counters of every customer of the owned partitions, so that a purchase which changes no tag costs no event.
/// <para>
/// A stream's state is only kept together with events, and an event per purchase would cost two rows where one will do. So the counters
/// live in the table <c>customer_activity</c>, which <see cref="ActivityRows"/> moves in the transaction that moves the consumer's offset:
/// the row is the truth, it is exactly as far as the offset, and it survives a crash. This copy of it decides whether a command is worth
/// issuing and carries the numbers into it. It may be ahead of the row inside a transaction that is then lost; the runtime then loads the
/// partition again, and until then a receipt that comes again counts once, by its position, and its command is issued again. The tags
/// themselves are events, and the difference to them is decided under the stream's lock.
/// </para>
/// </summary>
internal sealed class ActivityMemory
{
    private readonly ConcurrentDictionary<int, Dictionary<Guid, Entry>> partitions = [];
    private readonly ConcurrentDictionary<int, ConcurrentDictionary<Guid, long>> links = [];

    /// <summary>Replaces what is known of a partition by its rows.</summary>
    public async Task LoadAsync(NpgsqlDataSource database, int partition, CancellationToken cancellation) =>
        Put(
            partition, await ActivityRows.ReadAsync(database, partition, cancellation), await LinkedRows.ReadAsync(database, partition, cancellation));

    /// <inheritdoc cref="LoadAsync"/>
    public void Put(int partition, IReadOnlyList<(Guid Customer, CustomerActivity Activity)> rows, IEnumerable<Guid>? linked = null)
    {
        links[partition] = new ConcurrentDictionary<Guid, long>((linked ?? []).Select(customer => KeyValuePair.Create(customer, 0L)));
        partitions[partition] = rows.ToDictionary(row => row.Customer, row => new Entry(row.Activity, Looked: false));
    }

    /// <summary>What the table has of a customer of the owned partitions.</summary>
    public CustomerActivity Find(Guid customer)
    {
        foreach (var entries in partitions.Values)
        {
            lock (entries)
            {
                if (entries.TryGetValue(customer, out var known))
                    return known.Activity;
            }
        }

        return CustomerActivity.None;
    }

    /// <summary>From this position of the profile topic on the customer's counters are events; answers what they come to until then.</summary>
    public CustomerActivity Link(int partition, Guid customer, long position)
    {
        links.GetOrAdd(partition, _ => []).TryAdd(customer, position);
        return Find(customer);
    }

    /// <summary>A receipt at this position is to be counted by an event.</summary>
    public bool IsLinked(int partition, Guid customer, long position) =>
        links.TryGetValue(partition, out var linked) && linked.TryGetValue(customer, out var since) && position > since;

    /// <summary>Adds a receipt to the counters, once.</summary>
    public CountedReceipt Count(int partition, Guid customer, CustomerActivity receipt)
    {
        if (!partitions.TryGetValue(partition, out var entries))
            throw new InvalidOperationException($"Partition {partition} is not loaded.");
        // One lane handles a partition's records; the lock only keeps a mistake there from corrupting the table.
        lock (entries)
        {
            var known = entries.GetValueOrDefault(customer, new Entry(CustomerActivity.None, Looked: false));
            if (receipt.Position <= known.Activity.Position)
                return new CountedReceipt(known.Activity, known.Activity, LookAgain: true);
            var after = known.Activity.Plus(receipt);
            entries[customer] = new Entry(after, Looked: true);
            return new CountedReceipt(known.Activity, after, LookAgain: !known.Looked);
        }
    }

    /// <summary>Drops the counters of an erased customer; their facts come no more.</summary>
    public void Forget(Guid customer)
    {
        foreach (var entries in partitions.Values)
        {
            lock (entries)
                entries.Remove(customer);
        }
    }

    private readonly record struct Entry(CustomerActivity Activity, bool Looked);
}
