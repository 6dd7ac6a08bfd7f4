using System.Globalization;
using System.Text;
using NUnit.Framework;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.Tests.EventLog;

/// <summary>What every adapter of the event log port does. A fixture inherits it and says how to reach its log.</summary>
public abstract partial class EventLogContract
{
    protected const int Partitions = 8;

    /// <summary>The key of records that an adapter's fixture adds while it waits for compaction.</summary>
    protected const string Filler = "filler";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly List<IEventLog> opened = [];
    private static int topics;

    protected static CancellationToken Cancellation => TestContext.CurrentContext.CancellationToken;

    /// <summary>False where the log keeps every record of a compacted topic.</summary>
    protected virtual bool Compacts => true;

    /// <summary>What the names of the fixture's topics begin with.</summary>
    protected virtual string TopicPrefix => "contract";

    /// <summary>Another connection to the fixture's log, as another process would have; opened by the test.</summary>
    protected abstract IEventLog Connect(int partitions);

    /// <summary>Makes a topic possible where the adapter cannot create it.</summary>
    protected virtual void Prepare(Topic topic)
    {
    }

    /// <summary>Whatever the log needs until only the newest record of each key is left.</summary>
    protected virtual Task CompactAsync(IEventLog log, Topic topic) => Task.CompletedTask;

    [TearDown]
    public async Task CloseLogs()
    {
        foreach (var log in opened)
            await log.DisposeAsync();
        opened.Clear();
    }

    [Test]
    public async Task Records_of_a_partition_are_read_in_the_order_they_were_published()
    {
        var (log, topic) = await OpenAsync();
        for (var i = 0; i < 30; i += 3)
            await log.PublishAsync(topic, [new(2, [.. Enumerable.Range(i, 3).Select(Record)])], Cancellation);

        await using var reader = log.OpenReader();
        reader.Assign(topic, 2, 0);
        var read = await ReadAsync(reader, 30);

        Assert.That(read.Select(r => r.Record.Key), Is.EqualTo(Enumerable.Range(0, 30).Select(Key)));
        Assert.That(read.Select(r => r.Offset), Is.EqualTo(Enumerable.Range(0, 30).Select(i => (long)i)));
    }

    [Test]
    public async Task Every_reader_sees_every_record()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [.. Enumerable.Range(0, Partitions).Select(p => new PartitionRecords(p, [Record(p), Record(100 + p)]))], Cancellation);
        var other = Connect(Partitions);
        opened.Add(other);
        await other.OpenAsync([topic], Cancellation);

        foreach (var source in new[] { log, log, other })
        {
            await using var reader = source.OpenReader();
            for (var p = 0; p < Partitions; p++)
                reader.Assign(topic, p, 0);
            var keys = (await ReadAsync(reader, 2 * Partitions)).Select(r => r.Record.Key);
            Assert.That(keys, Is.EquivalentTo(Enumerable.Range(0, Partitions).SelectMany(p => new[] { Key(p), Key(100 + p) })));
        }
    }

    [Test]
    public async Task Reading_begins_at_the_assigned_offset_in_the_middle_of_what_was_published_together()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(0, Records(0, 50))], Cancellation);

        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 17);
        var read = await ReadAsync(reader, 33);

        Assert.That(read[0].Offset, Is.EqualTo(17));
        Assert.That(read.Select(r => r.Record.Key), Is.EqualTo(Enumerable.Range(17, 33).Select(Key)));
    }

    [Test]
    public async Task A_read_returns_no_more_records_than_asked_for_and_goes_on_after_them()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(0, Records(0, 10)), new(1, Records(10, 10))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        reader.Assign(topic, 1, 0);

        var keys = new List<string?>();
        while (keys.Count < 20)
        {
            var batches = await reader.ReadAsync(3, Deadline, Cancellation);
            Assert.That(batches, Is.Not.Empty);
            Assert.That(batches.Sum(b => b.Records.Count), Is.InRange(1, 3));
            Assert.That(batches.Select(b => (b.Topic.Name, b.Partition)), Is.Unique);
            Assert.That(batches.Select(b => b.NextOffset), Is.EqualTo(batches.Select(b => b.Records[^1].Offset + 1)));
            keys.AddRange(batches.SelectMany(b => b.Records).Select(r => r.Record.Key));
        }

        Assert.That(keys, Is.EquivalentTo(Enumerable.Range(0, 20).Select(Key)));
    }

    [Test]
    public async Task Nothing_of_an_unassigned_partition_is_returned_even_if_it_was_fetched_before()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(0, Records(0, 20)), new(1, Records(100, 20))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        reader.Assign(topic, 1, 0);
        await reader.ReadAsync(1, Deadline, Cancellation);

        reader.Unassign(topic, 0);
        reader.Unassign(topic, 5);
        reader.Assign(topic, 1, 15);
        var read = await ReadAsync(reader, 5);

        Assert.That(read.Select(r => r.Record.Key), Is.EqualTo(Enumerable.Range(115, 5).Select(Key)));
        Assert.That(await reader.ReadAsync(100, TimeSpan.FromMilliseconds(200), Cancellation), Is.Empty);
    }

    [Test]
    public async Task A_partition_can_be_read_again_from_an_earlier_offset()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(3, Records(0, 10))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 3, 0);
        await ReadAsync(reader, 10);

        reader.Assign(topic, 3, 4);

        Assert.That((await ReadAsync(reader, 6)).Select(r => r.Offset), Is.EqualTo(new long[] { 4, 5, 6, 7, 8, 9 }));
    }

    [Test]
    public async Task Headers_key_and_value_come_back_byte_for_byte()
    {
        var (log, topic) = await OpenAsync();
        byte[] allBytes = [.. Enumerable.Range(0, 256).Select(i => (byte)i)];
        LogRecord[] records =
        [
            new("会员一号", [new("ce_type", Encoding.UTF8.GetBytes("patron.类型")), new("same", allBytes), new("empty", Array.Empty<byte>())], allBytes),
            new("会员二号", [new("same", allBytes), new("same", "other"u8.ToArray()), new("same", allBytes)], Array.Empty<byte>()),
            new(null, [], "no key"u8.ToArray()),
            new("", [new("empty", Array.Empty<byte>())], new byte[300_000]),
        ];
        await log.PublishAsync(topic, [new(0, records)], Cancellation);

        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        var read = await ReadAsync(reader, records.Length);

        for (var i = 0; i < records.Length; i++)
        {
            Assert.That(read[i].Record.Key, Is.EqualTo(records[i].Key));
            Assert.That(read[i].Record.Value!.Value.ToArray(), Is.EqualTo(records[i].Value!.Value.ToArray()));
            Assert.That(read[i].Record.Headers.Select(h => h.Name), Is.EqualTo(records[i].Headers.Select(h => h.Name)));
            Assert.That(
                read[i].Record.Headers.Select(h => Convert.ToHexString(h.Value.Span)),
                Is.EqualTo(records[i].Headers.Select(h => Convert.ToHexString(h.Value.Span))));
        }
    }

    [Test]
    public async Task One_reader_reads_several_topics()
    {
        var (log, first) = await OpenAsync();
        var second = await AddTopicAsync(log);
        await log.PublishAsync(first, [new(1, Records(0, 5))], Cancellation);
        await log.PublishAsync(second, [new(1, Records(50, 5)), new(7, Records(60, 5))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(first, 1, 0);
        reader.Assign(second, 1, 0);
        reader.Assign(second, 7, 2);

        var batches = await BatchesAsync(reader, 13);

        Assert.That(Keys(first, 1), Is.EqualTo(Enumerable.Range(0, 5).Select(Key)));
        Assert.That(Keys(second, 1), Is.EqualTo(Enumerable.Range(50, 5).Select(Key)));
        Assert.That(Keys(second, 7), Is.EqualTo(Enumerable.Range(62, 3).Select(Key)));

        IEnumerable<string?> Keys(Topic topic, int partition) =>
            batches.Where(b => b.Topic == topic && b.Partition == partition).SelectMany(b => b.Records).Select(r => r.Record.Key);
    }

    [Test]
    public async Task Many_records_published_at_once_all_arrive_in_order()
    {
        var (log, topic) = await OpenAsync();
        const int each = 1_500;
        await log.PublishAsync(topic, [.. Enumerable.Range(0, 4).Select(p => new PartitionRecords(p, Records(p * each, each)))], Cancellation);
        await using var reader = log.OpenReader();
        for (var p = 0; p < 4; p++)
            reader.Assign(topic, p, 0);

        var batches = await BatchesAsync(reader, 4 * each);

        for (var p = 0; p < 4; p++)
        {
            var keys = batches.Where(b => b.Partition == p).SelectMany(b => b.Records).Select(r => r.Record.Key);
            Assert.That(keys, Is.EqualTo(Enumerable.Range(p * each, each).Select(Key)));
        }
    }

    [Test]
    public async Task Concurrent_publishers_to_the_same_partitions_lose_nothing_and_keep_their_own_order()
    {
        var (log, topic) = await OpenAsync();
        var other = Connect(Partitions);
        opened.Add(other);
        await other.OpenAsync([topic], Cancellation);
        const int publishers = 6, rounds = 25;

        // Partitions are named in opposite orders, which deadlocks a publisher that takes them as they come.
        await Task.WhenAll(Enumerable.Range(0, publishers).Select(async publisher =>
        {
            for (var round = 0; round < rounds; round++)
            {
                PartitionRecords[] batches = [new(0, [Named($"{publisher}/{round}")]), new(1, [Named($"{publisher}/{round}")])];
                if (publisher % 2 == 1)
                    Array.Reverse(batches);
                await (publisher % 3 == 0 ? other : log).PublishAsync(topic, batches, Cancellation);
            }
        }));

        foreach (var partition in new[] { 0, 1 })
        {
            await using var reader = log.OpenReader();
            reader.Assign(topic, partition, 0);
            var keys = (await ReadAsync(reader, publishers * rounds)).ConvertAll(r => r.Record.Key!);
            for (var publisher = 0; publisher < publishers; publisher++)
            {
                var own = keys.Where(k => k.StartsWith($"{publisher}/", StringComparison.Ordinal));
                Assert.That(own, Is.EqualTo(Enumerable.Range(0, rounds).Select(round => $"{publisher}/{round}")));
            }
        }

        static LogRecord Named(string key) => new(key, [], "v"u8.ToArray());
    }

    protected async Task<(IEventLog Log, Topic Topic)> OpenAsync(bool compacted = false)
    {
        var log = Connect(Partitions);
        opened.Add(log);
        return (log, await AddTopicAsync(log, compacted));
    }

    protected IEventLog Track(IEventLog log)
    {
        opened.Add(log);
        return log;
    }

    protected Topic NewTopic(bool compacted = false)
    {
        var topic = new Topic($"{TopicPrefix}.t{Interlocked.Increment(ref topics).ToString(CultureInfo.InvariantCulture)}", compacted);
        Prepare(topic);
        return topic;
    }

    protected static string Key(int number) => $"key-{number}";

    protected static LogRecord Record(int number) =>
        new(Key(number), [new("ce_type", "patron.test.v1.Tested"u8.ToArray())], Encoding.UTF8.GetBytes($"value {number}"));

    protected static LogRecord[] Records(int from, int count) => [.. Enumerable.Range(from, count).Select(Record)];

    protected static async Task<List<ReadRecord>> ReadAsync(ILogReader reader, int count) =>
        [.. (await BatchesAsync(reader, count)).SelectMany(b => b.Records)];

    /// <summary>Reads until so many records have come; fails if it takes too long or more come.</summary>
    protected static async Task<List<LogBatch>> BatchesAsync(ILogReader reader, int count)
    {
        var batches = new List<LogBatch>();
        var records = 0;
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        deadline.CancelAfter(Deadline);
        while (records < count)
        {
            foreach (var batch in await reader.ReadAsync(1_000, TimeSpan.FromSeconds(1), deadline.Token))
            {
                batches.Add(batch);
                records += batch.Records.Count;
            }
        }

        Assert.That(records, Is.EqualTo(count));
        return batches;
    }

    private async Task<Topic> AddTopicAsync(IEventLog log, bool compacted = false)
    {
        var topic = NewTopic(compacted);
        await log.OpenAsync([topic], Cancellation);
        return topic;
    }
}
