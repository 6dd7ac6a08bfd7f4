using Patron.Runtime.EventLog;

namespace Patron.Faults.Tests;

/// <summary>An event log that fails while it publishes, or loses a record, as the test tells it.</summary>
internal sealed class FaultyLog(IEventLog real) : IEventLog
{
    private readonly Lock guard = new();

    public string System => real.System;

    public int Partitions => real.Partitions;

    /// <summary>Answers what happens to the next publishing.</summary>
    public Func<PublishFault> Next { get; set; } = () => PublishFault.None;

    /// <summary>Answers whether this record is lost on its way.</summary>
    public Func<Topic, LogRecord, bool> Loses { get; set; } = (_, _) => false;

    public Task<Guid> OpenAsync(IReadOnlyCollection<Topic> topics, CancellationToken cancellation) => real.OpenAsync(topics, cancellation);

    public async Task PublishAsync(Topic topic, IReadOnlyList<PartitionRecords> batches, CancellationToken cancellation)
    {
        PublishFault fault;
        List<PartitionRecords> left;
        lock (guard)
        {
            fault = Next();
            left = [.. batches.Select(b => b with { Records = [.. b.Records.Where(r => !Loses(topic, r))] }).Where(b => b.Records.Count > 0)];
        }

        if (fault == PublishFault.Before)
            throw new EventLogException("The test's log fails before it publishes.");
        await real.PublishAsync(topic, left, cancellation);
        if (fault == PublishFault.After)
            throw new EventLogException("The test's log fails after it has published.");
    }

    public Task<long[]> EndOffsetsAsync(Topic topic, CancellationToken cancellation) => real.EndOffsetsAsync(topic, cancellation);

    public long? KnownEnd(Topic topic, int partition) => real.KnownEnd(topic, partition);

    public Task ForgetAsync(Topic topic, IReadOnlyDictionary<int, long> before, CancellationToken cancellation) =>
        real.ForgetAsync(topic, before, cancellation);

    public ILogReader OpenReader() => real.OpenReader();

    public ValueTask DisposeAsync() => real.DisposeAsync();
}

internal enum PublishFault
{
    None,
    Before,
    After,
}
