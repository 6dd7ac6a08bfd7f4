using Patron.Runtime.EventLog;

namespace Patron.Runtime.Processing;

/// <summary>How far a topic has been applied in one partition.</summary>
internal readonly record struct TopicPlace(long NextOffset, Guid? StoreEpoch, long Position);

/// <summary>A partition that this instance reads for its service. Used by the consumer's loop only, but for what is marked volatile.</summary>
internal sealed class OwnedPartition(int number, long epoch)
{
    private readonly Lock guard = new();
    private readonly HashSet<Guid> parked = [];
    private readonly HashSet<Guid> erased = [];
    private readonly Dictionary<string, long> saved = [];
    private Dictionary<string, TopicPlace> places = [];
    private string? halted;
    private (string Topic, string Reason)? missing;

    public int Number { get; } = number;

    public long Epoch { get; } = epoch;

    /// <summary>Records read and not yet applied, by topic; they wait for another topic's position.</summary>
    public Dictionary<string, Queue<ReadRecord>> Pending { get; } = [];

    /// <summary>Where reading goes on after the pending records, by topic.</summary>
    public Dictionary<string, long> ReadTo { get; } = [];

    /// <summary>Reads that had begun when reading was set to <see cref="ReadTo"/> may answer records of another place.</summary>
    public long StartedAfterRead { get; set; }

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

    /// <summary>Why nothing is applied any more until an operator acts; null while the partition moves.</summary>
    public string? Stopped => halted ?? missing?.Reason;

    /// <summary>Nothing is even read any more. A partition that misses a record reads on, until that is sent again.</summary>
    public bool IsHalted => halted is not null;

    /// <summary>Something was read and waits for nothing but its turn.</summary>
    public bool CanGoOn => Stopped is null && WaitingSince is null && Pending.Values.Any(q => q.Count > 0);

    /// <summary>The topic of which a record was lost on the way; null when nothing is missing.</summary>
    public string? MissingOf => missing?.Topic;

    public void Stop(string reason) => halted ??= reason;

    public void Miss(string topic, string reason) => missing ??= (topic, reason);

    /// <summary>What was missing has arrived.</summary>
    public void Found() => missing = null;

    /// <summary>What stopped the partition is over.</summary>
    public void GoOn() => (halted, missing, Restored.StoppedAt) = (null, null, null);

    /// <summary>What the log was last told of <see cref="Stopped"/>.</summary>
    public string? Told { get; set; }

    /// <summary>Other lives of producers' stores, met in this partition.</summary>
    public RestoredStores Restored { get; } = new();

    /// <summary>System time since when the table is behind; null when it is not.</summary>
    public DateTimeOffset? UnsavedSince { get; private set; }

    /// <summary>
    /// How far each topic is applied. The table may be behind by records that left nothing to write: applied again, they would again.
    /// </summary>
    public IReadOnlyDictionary<string, TopicPlace> Places
    {
        get
        {
            lock (guard)
                return places;
        }
    }

    /// <summary>The offset that the table has, which a move of it has to expect.</summary>
    public long SavedOffset(string topic) => saved[topic];

    /// <summary>These places are in the table.</summary>
    public void Save(IReadOnlyDictionary<string, TopicPlace> now)
    {
        foreach (var (topic, place) in now)
            saved[topic] = place.NextOffset;
        UnsavedSince = null;
        Move(now);
    }

    /// <summary>These places are reached and left nothing to write: the table follows with the next work, or after a while.</summary>
    public void Reach(IReadOnlyDictionary<string, TopicPlace> now, DateTimeOffset at)
    {
        UnsavedSince ??= at;
        Move(now);
    }

    private void Move(IReadOnlyDictionary<string, TopicPlace> now)
    {
        lock (guard)
            places = places.Concat(now).GroupBy(p => p.Key).ToDictionary(g => g.Key, g => g.Last().Value);
    }

    public bool IsParked(Guid customer)
    {
        lock (guard)
            return parked.Contains(customer);
    }

    public bool IsErased(Guid customer)
    {
        lock (guard)
            return erased.Contains(customer);
    }

    /// <summary>The customer's erasure is committed, and with it the end of their parked records.</summary>
    public void Erase(Guid customer)
    {
        lock (guard)
        {
            erased.Add(customer);
            parked.Remove(customer);
        }
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
