using Patron.Runtime.EventLog;

namespace Patron.Runtime.Processing;

/// <summary>How far a topic has been applied in one partition.</summary>
internal readonly record struct TopicPlace(long NextOffset, Guid? StoreEpoch, long Position);

/// <summary>A partition that this instance reads for its service. Used by the consumer's loop only, but for what is marked volatile.</summary>
internal sealed class OwnedPartition(int number, long epoch)
{
    private readonly Lock guard = new();
    private readonly HashSet<Guid> parked = [];
    private Dictionary<string, TopicPlace> places = [];

    public int Number { get; } = number;

    public long Epoch { get; } = epoch;

    /// <summary>Records read and not yet applied, by topic; they wait for another topic's position.</summary>
    public Dictionary<string, Queue<ReadRecord>> Pending { get; } = [];

    /// <summary>Where reading goes on after the pending records, by topic.</summary>
    public Dictionary<string, long> ReadTo { get; } = [];

    /// <summary>Topics that are not read for now because too much of them is pending.</summary>
    public HashSet<string> Paused { get; } = [];

    /// <summary>How many further records get a transaction of their own, after one of them was refused.</summary>
    public int OneByOne { get; set; }

    /// <summary>Why the next record is parked unseen: the database refused it alone.</summary>
    public string? ParkNext { get; set; }

    /// <summary>System time since when pending records wait for a position; null when none do.</summary>
    public DateTimeOffset? WaitingSince { get; set; }

    /// <summary>Customers newly parked since the partition was acquired.</summary>
    public int NewlyParked { get; set; }

    /// <summary>Why nothing is read any more until an operator acts; null while the partition moves.</summary>
    public string? Stopped { get; private set; }

    public void Stop(string reason) => Stopped ??= reason;

    /// <summary>What stopped the partition is over.</summary>
    public void GoOn() => (Stopped, Restored.StoppedAt) = (null, null);

    /// <summary>Other lives of producers' stores, met in this partition.</summary>
    public RestoredStores Restored { get; } = new();

    public IReadOnlyDictionary<string, TopicPlace> Places
    {
        get
        {
            lock (guard)
                return places;
        }
    }

    public void Place(IReadOnlyDictionary<string, TopicPlace> now)
    {
        lock (guard)
            places = places.Concat(now).GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.Last().Value);
    }

    public bool IsParked(Guid customer)
    {
        lock (guard)
            return parked.Contains(customer);
    }

    public int ParkedCustomers
    {
        get
        {
            lock (guard)
                return parked.Count;
        }
    }

    public void Park(Guid customer)
    {
        lock (guard)
            parked.Add(customer);
    }

    public void Unpark(Guid customer)
    {
        lock (guard)
            parked.Remove(customer);
    }
}
