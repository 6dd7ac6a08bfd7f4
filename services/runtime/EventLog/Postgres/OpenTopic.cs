namespace Patron.Runtime.EventLog.Postgres;

/// <summary>A topic that this process has opened, with what it knows of its ends.</summary>
internal sealed class OpenTopic(Topic topic, int id, int partitions)
{
    private readonly long[] ends = [.. Enumerable.Repeat(-1L, partitions)];

    public Topic Topic => topic;

    public int Id => id;

    /// <summary>The highest end offset seen, or −1.</summary>
    public long End(int partition) => Volatile.Read(ref ends[partition]);

    public void Saw(int partition, long end)
    {
        var known = Volatile.Read(ref ends[partition]);
        while (known < end)
        {
            var before = Interlocked.CompareExchange(ref ends[partition], end, known);
            if (before == known)
                return;
            known = before;
        }
    }
}
