using Npgsql;

namespace Patron.Runtime.EventLog.Postgres;

/// <summary>
/// Takes what this process published from memory and the rest with one query, and asks only when there can be something: over the
/// partitions whose end this process knows to be higher, or over all assigned ones after an assignment, when another process notified, or
/// when the poll interval is over.
/// </summary>
internal sealed class PostgresLogReader(PostgresEventLog log) : ILogReader
{
    private static readonly TimeProvider Clock = TimeProvider.System;

    private readonly Lock assigning = new();

    // Replaced and never changed, since partitions come and go while the next records are read.
    private volatile Assignment[] assignments = [];
    private readonly SemaphoreSlim woken = new(0);
    private int[] topicsRead = [];
    private int wakePending;
    private volatile bool lookAgain;
    private long lookedAt;
    private int first;

    public void Assign(Topic topic, int partition, long nextOffset)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(nextOffset);
        ArgumentOutOfRangeException.ThrowIfNegative(partition);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(partition, log.Partitions);
        var open = log.Find(topic);
        lock (assigning)
            assignments = [.. Without(topic, partition), new Assignment(open, partition, nextOffset)];
        lookAgain = true;
    }

    public void Unassign(Topic topic, int partition)
    {
        lock (assigning)
            assignments = [.. Without(topic, partition)];
    }

    public async ValueTask<IReadOnlyList<LogBatch>> ReadAsync(int recordsMax, TimeSpan wait, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(recordsMax, 1);
        cancellation.ThrowIfCancellationRequested();
        var begun = Clock.GetTimestamp();
        while (true)
        {
            Interlocked.Exchange(ref wakePending, 0);
            if (!Array.Exists(assignments, a => a.Fetched.Count > 0) && (wait <= TimeSpan.Zero || MayHaveNews()))
                await FetchAsync(recordsMax, everywhere: wait <= TimeSpan.Zero || MustLookEverywhere(), cancellation);
            if (Take(recordsMax) is { Count: > 0 } batches)
                return batches;
            var left = wait - Clock.GetElapsedTime(begun);
            if (left <= TimeSpan.Zero)
                return [];
            var untilPoll = log.Options.PollInterval - Clock.GetElapsedTime(lookedAt);
            var milliseconds = Math.Clamp(Math.Min(left.TotalMilliseconds, untilPoll.TotalMilliseconds), 1, 60_000);
            await woken.WaitAsync(TimeSpan.FromMilliseconds(milliseconds), cancellation);
        }
    }

    public ValueTask DisposeAsync()
    {
        log.Close(this);
        assignments = [];
        return default;
    }

    /// <summary>Something was published in this process.</summary>
    internal void Wake(int topicId)
    {
        if (Array.IndexOf(Volatile.Read(ref topicsRead), topicId) >= 0)
            Wake();
    }

    /// <summary>Something may have been published by another process; null: to any topic.</summary>
    internal void LookAgain(IReadOnlyCollection<int>? topicIds)
    {
        if (topicIds is not null && !topicIds.Any(id => Volatile.Read(ref topicsRead).Contains(id)))
            return;
        lookAgain = true;
        Wake();
    }

    private void Wake()
    {
        if (Interlocked.Exchange(ref wakePending, 1) == 0)
            woken.Release();
    }

    private IEnumerable<Assignment> Without(Topic topic, int partition) =>
        assignments.Where(a => a.Partition != partition || a.Topic.Topic.Name != topic.Name);

    private bool MayHaveNews() => MustLookEverywhere() || Array.Exists(assignments, HasNews);

    private bool MustLookEverywhere() => lookAgain || Clock.GetElapsedTime(lookedAt) >= log.Options.PollInterval;

    private static bool HasNews(Assignment assignment) => assignment.Topic.End(assignment.Partition) > assignment.Next;

    private async Task FetchAsync(int recordsMax, bool everywhere, CancellationToken cancellation)
    {
        var assigned = assignments;
        foreach (var assignment in assigned.Where(HasNews))
            assignment.Store(log.RecentOf(assignment.Topic).From(assignment.Partition, assignment.Next, recordsMax));
        var asked = assigned.Where(a => a.Fetched.Count == 0 && (everywhere || HasNews(a))).ToList();
        if (asked.Count == 0)
            return;
        object[] columns =
        [
            asked.ConvertAll(a => a.Topic.Id).ToArray(),
            asked.ConvertAll(a => a.Partition).ToArray(),
            asked.ConvertAll(a => a.Next).ToArray(),
            asked.ConvertAll(a => a.Topic.Topic.Compacted).ToArray(),
        ];
        Volatile.Write(ref topicsRead, assigned.Select(a => a.Topic.Id).Distinct().ToArray());
        // Cleared before the query, so that news that come while it runs are looked for again.
        if (everywhere)
            lookAgain = false;
        try
        {
            await PostgresEventLog.Guarded("read the event log", async () =>
            {
                await using var connection = await log.ConnectAsync(cancellation);
                await using var command = log.ReadCommand(connection, columns, recordsMax);
                await command.PrepareAsync(cancellation);
                await using var rows = await command.ExecuteReaderAsync(cancellation);
                while (await rows.ReadAsync(cancellation))
                    Store(asked, rows);
                return true;
            });
        }
        catch
        {
            // Half of an answer is dropped: the next call asks again from the same offsets.
            Array.ForEach(assigned, a => a.Fetched.Clear());
            lookAgain = true;
            throw;
        }

        if (everywhere)
            lookedAt = Clock.GetTimestamp();
    }

    private static void Store(List<Assignment> asked, NpgsqlDataReader row)
    {
        var assignment = asked[row.GetInt32(0)];
        var end = row.GetInt64(1);
        if (row.IsDBNull(2))
            throw assignment.Lost($"the log ends at {end}", end);
        assignment.Topic.Saw(assignment.Partition, end);
        assignment.Store(row.GetInt64(2), RecordPacking.Unpack(row.GetFieldValue<byte[]>(3)));
    }

    // Begins with another partition each time, so that none can keep the others from being returned.
    private List<LogBatch> Take(int recordsMax)
    {
        var batches = new List<LogBatch>();
        var assigned = assignments;
        for (var i = 0; i < assigned.Length && recordsMax > 0; i++)
        {
            var assignment = assigned[(first + i) % assigned.Length];
            if (assignment.Fetched.Count == 0)
                continue;
            var batch = assignment.Take(recordsMax);
            recordsMax -= batch.Records.Count;
            batches.Add(batch);
        }

        first = assigned.Length == 0 ? 0 : (first + 1) % assigned.Length;
        return batches;
    }

    private sealed class Assignment(OpenTopic topic, int partition, long next)
    {
        private long lastFetched;

        public OpenTopic Topic => topic;

        public int Partition => partition;

        /// <summary>The offset after the last record returned.</summary>
        public long Next { get; private set; } = next;

        public Queue<ReadRecord> Fetched { get; } = new();

        public void Store(long baseOffset, IReadOnlyList<LogRecord> records)
        {
            var expected = Fetched.Count == 0 ? Next : lastFetched + 1;
            if (!topic.Topic.Compacted && baseOffset > expected)
                throw Lost($"the next record there is {baseOffset}", baseOffset);
            for (var i = 0; i < records.Count; i++)
            {
                if (baseOffset + i < expected)
                    continue;
                Fetched.Enqueue(new ReadRecord(baseOffset + i, records[i]));
                lastFetched = baseOffset + i;
            }
        }

        /// <summary>Records from <see cref="Next"/> on without a hole.</summary>
        public void Store(IReadOnlyList<ReadRecord> records)
        {
            foreach (var record in records)
            {
                Fetched.Enqueue(record);
                lastFetched = record.Offset;
            }
        }

        public LogBatch Take(int recordsMax)
        {
            var records = new ReadRecord[Math.Min(recordsMax, Fetched.Count)];
            for (var i = 0; i < records.Length; i++)
                records[i] = Fetched.Dequeue();
            Next = records[^1].Offset + 1;
            return new LogBatch(topic.Topic, partition, records, Next);
        }

        public EventLogException Lost(string because, long goesOnAt) =>
            new($"Offset {Next} of partition {partition} of {topic.Topic.Name} does not exist: {because}.")
            {
                LostOffset = (topic.Topic.Name, partition),
                GoesOnAt = goesOnAt >= Next ? goesOnAt : null,
            };
    }
}
