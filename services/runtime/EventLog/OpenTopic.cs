namespace Patron.Runtime.EventLog;

/// <summary>A topic that this process has opened, with what it knows of its ends.</summary>
internal sealed class OpenTopic(Topic topic, int partitions, int id = 0)
{
    private readonly long[] ends = [.. Enumerable.Repeat(-1L, partitions)];

    public Topic Topic => topic;

    /// <summary>The number of the topic in the database; 0 where names are enough.</summary>
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
