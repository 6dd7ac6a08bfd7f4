namespace Patron.Runtime.EventStore;

/// <summary>
/// What a writer lane knows from its own commits: where the heads of its partitions stand, and the states that it wrote. Both hold for as long
/// as nobody else has moved the head or linked customers of its partition, which every transaction makes sure of before it commits. Used by
/// one lane only.
/// </summary>
/// <param name="stateBytesMax">The most that remembered states take, by the length of their JSON.</param>
internal sealed class LaneMemory(int stateBytesMax)
{
    private const int EntryBytes = 200;
    private const int RepeatsExpectedFor = 64;
    private const int LockedAfterMove = 16;
    private const int LockedAfterParked = 256;

    private readonly Dictionary<int, (Head Head, int Life)> heads = [];
    private Dictionary<Guid, KeptState> young = [];
    private Dictionary<Guid, KeptState> old = [];
    private long youngBytes;
    private int lives;
    private int repeatsExpected;
    private int locked;

    /// <summary>
    /// Used keys are asked for, under the locks: for a while after one was met. Otherwise what is decided first does without, and a key that
    /// was used after all fails the transaction, which is then repeated.
    /// </summary>
    public bool ExpectsRepeats => repeatsExpected > 0;

    /// <summary>Whether it is worth deciding before the heads are locked.</summary>
    public bool MayDecideFirst => locked == 0;

    public bool TryGetHead(int partition, out Head head)
    {
        var known = heads.TryGetValue(partition, out var remembered);
        head = remembered.Head;
        return known;
    }

    /// <summary>Fills in the state of a stream as it was at the remembered head; false when it is not known.</summary>
    public bool TryRecall(LoadedStream stream, int partition)
    {
        if (!heads.TryGetValue(partition, out var head) || !(young.TryGetValue(stream.Id, out var kept) || old.TryGetValue(stream.Id, out kept))
            || kept.Life != head.Life)
            return false;
        stream.Load(kept.Kind.Name, kept.State, kept.Version, kept.Size);
        return true;
    }

    /// <summary>Someone else moved these heads, or customers were linked: what was remembered of their streams is void.</summary>
    public void Forget(IEnumerable<int> partitions)
    {
        foreach (var partition in partitions)
            heads.Remove(partition);
    }

    /// <summary>Takes over what a committed transaction left.</summary>
    public void Remember(
        IEnumerable<KeyValuePair<int, long>> positions, IReadOnlyDictionary<int, long> links, IEnumerable<(LoadedStream Stream, int Partition)> streams,
        bool metRepeat)
    {
        foreach (var (partition, position) in positions)
            heads[partition] = (new Head(position, links[partition]), heads.TryGetValue(partition, out var head) ? head.Life : ++lives);
        foreach (var (stream, partition) in streams)
            Keep(stream.Id, new KeptState(stream.Kind, stream.State, stream.Version, stream.Size, heads[partition].Life));
        repeatsExpected = metRepeat ? RepeatsExpectedFor : Math.Max(0, repeatsExpected - 1);
        locked = Math.Max(0, locked - 1);
    }

    /// <summary>A transaction failed, perhaps after it was committed: nothing is known any more.</summary>
    public void Doubt(string? sqlState)
    {
        heads.Clear();
        (young, old, youngBytes) = ([], [], 0);
        if (sqlState == Npgsql.PostgresErrorCodes.UniqueViolation)
            repeatsExpected = RepeatsExpectedFor;
        locked = sqlState switch
        {
            HeadStatements.Moved => LockedAfterMove,
            HeadStatements.Parked => LockedAfterParked,
            _ => locked,
        };
    }

    private void Keep(Guid stream, KeptState state)
    {
        // Two generations instead of a list in order of use: what is used stays.
        if (youngBytes >= stateBytesMax / 2)
            (old, young, youngBytes) = (young, [], 0);
        youngBytes += state.Size + EntryBytes - (young.TryGetValue(stream, out var before) ? before.Size + EntryBytes : 0);
        young[stream] = state;
    }

    private readonly record struct KeptState(StreamKind Kind, object State, int Version, int Size, int Life);
}

/// <summary>Where a partition's head stands.</summary>
/// <param name="Links">How often customers of the partition were merged or split: where their commands go holds for this number.</param>
internal readonly record struct Head(long Position, long Links);
