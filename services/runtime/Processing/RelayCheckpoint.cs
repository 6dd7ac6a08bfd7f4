using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>How far one partition is published, and the events that were committed in this process since. Guarded by the relay's lock.</summary>
internal sealed class RelayCheckpoint(long epoch, long position, long previous, long head)
{
    private const int TailMax = 2_000;

    private readonly Queue<RecordedEvent> tail = new();
    private long tailEnd;

    /// <summary>The lease epoch under which this instance relays the partition.</summary>
    public long Epoch { get; } = epoch;

    /// <summary>The last position published.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The last position that became a fact on the retained topic.</summary>
    public long Previous { get; private set; } = previous;

    /// <summary>The last position that is known to be committed.</summary>
    public long Head { get; set; } = head;

    /// <summary>What the table says; behind <see cref="Position"/> by what would be published again after a crash.</summary>
    public long Saved { get; set; } = position;

    public bool IsBehind => Position < Head;

    /// <summary>Keeps an event at hand, unless others are missing before it or too many wait: then it is read from the store.</summary>
    public void Committed(RecordedEvent happened)
    {
        Head = Math.Max(Head, happened.Position);
        if (tail.Count >= TailMax || (tail.Count > 0 && happened.Position != tailEnd + 1))
            tail.Clear();
        if (tail.Count > 0 || happened.Position == Position + 1)
        {
            tail.Enqueue(happened);
            tailEnd = happened.Position;
        }
    }

    /// <summary>The next events when they are at hand, at most <paramref name="eventsMax"/>; empty when they must be read.</summary>
    public IReadOnlyList<RecordedEvent> AtHand(int eventsMax) =>
        tail.TryPeek(out var first) && first.Position == Position + 1 ? [.. tail.Take(eventsMax)] : [];

    /// <summary>Goes back to a fact: all behind it is published again, from the store.</summary>
    public void Rewind(long to)
    {
        (Position, Previous, Saved) = (to, to, -1);
        tail.Clear();
    }

    public void Published(long position, long previous)
    {
        (Position, Previous) = (position, previous);
        while (tail.TryPeek(out var first) && first.Position <= position)
            tail.Dequeue();
    }
}
