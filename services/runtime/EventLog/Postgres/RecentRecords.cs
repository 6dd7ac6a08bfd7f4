namespace Patron.Runtime.EventLog.Postgres;

/// <summary>
/// The newest records of a topic that this process published, so that its own readers need not ask the database for them. Safe for
/// several tasks.
/// </summary>
internal sealed class RecentRecords(Topic topic, int partitions, int recordsMax)
{
    private readonly Lock guard = new();
    private readonly Queue<Run>[] runs = [.. Enumerable.Range(0, partitions).Select(_ => new Queue<Run>())];
    private readonly long[] ends = new long[partitions];
    private readonly Queue<int> order = new();
    private int count;

    private readonly record struct Run(long First, IReadOnlyList<LogRecord> Records)
    {
        public long End => First + Records.Count;
    }

    /// <summary>
    /// Keeps records that are durable, whose offsets are dense from <paramref name="first"/>, and forgets the oldest of the topic.
    /// </summary>
    public void Add(int partition, long first, IReadOnlyList<LogRecord> records)
    {
        lock (guard)
        {
            var of = runs[partition];

            // Another process published in between: what is kept would have a hole.
            if (ends[partition] != first)
            {
                count -= of.Sum(r => r.Records.Count);
                of.Clear();
            }

            of.Enqueue(new Run(first, records));
            ends[partition] = first + records.Count;
            order.Enqueue(partition);
            count += records.Count;
            while ((count > recordsMax || order.Count > recordsMax) && order.TryDequeue(out var oldest))
            {
                if (runs[oldest].TryDequeue(out var forgotten))
                    count -= forgotten.Records.Count;
            }
        }
    }

    /// <summary>
    /// The records from <paramref name="next"/> on, at most <paramref name="recordsMax"/>, and without those that a later one of the same
    /// key replaces on a compacted topic; empty when the database has to be asked.
    /// </summary>
    public IReadOnlyList<ReadRecord> From(int partition, long next, int recordsMax)
    {
        lock (guard)
        {
            if (!runs[partition].TryPeek(out var oldest) || oldest.First > next)
                return [];
            var records = runs[partition].Where(run => run.End > next)
                .SelectMany(run => run.Records.Select((record, i) => new ReadRecord(run.First + i, record)))
                .Where(read => read.Offset >= next);
            if (topic.Compacted)
                records = records.GroupBy(read => read.Record.Key).Select(versions => versions.Last()).OrderBy(read => read.Offset);
            return [.. records.Take(recordsMax)];
        }
    }
}
