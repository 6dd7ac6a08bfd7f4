using Patron.Runtime.EventLog;

namespace Patron.Runtime.Processing;

/// <summary>Reads parts of the log beside the readers that apply it.</summary>
internal static class LogTails
{
    private const int RecordsPerReadMax = 2_000;
    private static readonly TimeSpan Wait = TimeSpan.FromSeconds(10);

    /// <summary>The last fact of every partition of a topic; a partition without any is missing.</summary>
    public static async Task<IReadOnlyDictionary<int, (long Offset, Envelope Envelope)>> ReadAsync(IEventLog log, Topic topic, CancellationToken cancellation)
    {
        var ends = await log.EndOffsetsAsync(topic, cancellation);
        var tails = new Dictionary<int, (long, Envelope)>();
        if (ends.All(e => e == 0))
            return tails;
        await using var reader = log.OpenReader();
        var missing = new HashSet<int>();
        for (var partition = 0; partition < ends.Length; partition++)
        {
            if (ends[partition] > 0 && missing.Add(partition))
                reader.Assign(topic, partition, ends[partition] - 1);
        }

        while (missing.Count > 0)
        {
            var batches = await reader.ReadAsync(RecordsPerReadMax, Wait, cancellation);
            if (batches.Count == 0)
                throw new EventLogException($"The end of {topic.Name} was not returned within {Wait.TotalSeconds:0} s.");
            foreach (var batch in batches)
            {
                missing.Remove(batch.Partition);
                if (batch.Records.Count > 0 && Envelope.TryRead(batch.Records[^1].Record.Headers, out var envelope, out _))
                    tails[batch.Partition] = (batch.Records[^1].Offset, envelope);
            }
        }

        return tails;
    }

    /// <summary>The facts of a partition from an offset up to, not including, another; records that are no facts are left out.</summary>
    public static async IAsyncEnumerable<(long Offset, LogRecord Record, Envelope Envelope)> BetweenAsync(
        IEventLog log,
        Topic topic,
        int partition,
        long from,
        long to,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        await using var reader = log.OpenReader();
        reader.Assign(topic, partition, from);
        for (var next = from; next < to;)
        {
            var batches = await reader.ReadAsync(RecordsPerReadMax, Wait, cancellation);
            if (batches.Count == 0)
                yield break;
            foreach (var read in batches.SelectMany(b => b.Records).Where(r => r.Offset < to))
            {
                if (Envelope.TryRead(read.Record.Headers, out var envelope, out _))
                    yield return (read.Offset, read.Record, envelope);
            }

            next = batches[^1].NextOffset;
        }
    }
}
