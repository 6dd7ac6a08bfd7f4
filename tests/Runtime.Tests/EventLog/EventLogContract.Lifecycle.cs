using System.Diagnostics;
using System.Text;
using NUnit.Framework;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.Tests.EventLog;

public abstract partial class EventLogContract
{
    [Test]
    public async Task A_waiting_read_ends_as_soon_as_something_is_published()
    {
        var (log, topic) = await OpenAsync();
        await using var reader = log.OpenReader();
        reader.Assign(topic, 4, 0);
        Assert.That(await reader.ReadAsync(10, TimeSpan.FromMilliseconds(100), Cancellation), Is.Empty);

        var waiting = reader.ReadAsync(10, Deadline, Cancellation).AsTask();
        Assert.That(waiting.IsCompleted, Is.False);
        var published = Stopwatch.GetTimestamp();
        await log.PublishAsync(topic, [new(4, [Record(1)])], Cancellation);
        var batches = await waiting;

        Assert.That(batches.Single().Records.Single().Record.Key, Is.EqualTo(Key(1)));
        Assert.That(Stopwatch.GetElapsedTime(published), Is.LessThan(TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task A_waiting_read_hears_of_what_another_process_publishes()
    {
        var (log, topic) = await OpenAsync();
        var other = Track(Connect(Partitions));
        await other.OpenAsync([topic], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 4, 0);
        Assert.That(await reader.ReadAsync(10, TimeSpan.FromMilliseconds(100), Cancellation), Is.Empty);

        var waiting = reader.ReadAsync(10, Deadline, Cancellation).AsTask();
        await other.PublishAsync(topic, [new(4, [Record(1)])], Cancellation);

        Assert.That((await waiting).Single().Records.Single().Record.Key, Is.EqualTo(Key(1)));
    }

    [Test]
    public async Task A_read_without_news_ends_empty_after_the_wait()
    {
        var (log, topic) = await OpenAsync();
        await using var reader = log.OpenReader();
        Assert.That(await reader.ReadAsync(10, TimeSpan.FromMilliseconds(50), Cancellation), Is.Empty, "nothing assigned");
        reader.Assign(topic, 0, 0);

        var begun = Stopwatch.GetTimestamp();
        var batches = await reader.ReadAsync(10, TimeSpan.FromMilliseconds(300), Cancellation);

        Assert.That(batches, Is.Empty);
        Assert.That(Stopwatch.GetElapsedTime(begun), Is.InRange(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(5)));
    }

    [Test]
    public async Task A_cancelled_read_throws_and_the_reader_works_on()
    {
        var (log, topic) = await OpenAsync();
        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        using var stop = new CancellationTokenSource();

        var waiting = reader.ReadAsync(10, Deadline, stop.Token).AsTask();
        await stop.CancelAsync();

        Assert.That(async () => await waiting, Throws.InstanceOf<OperationCanceledException>());
        await log.PublishAsync(topic, [new(0, Records(0, 2))], Cancellation);
        Assert.That(await ReadAsync(reader, 2), Has.Count.EqualTo(2));
    }

    [Test]
    public async Task A_publish_that_was_cancelled_before_it_began_publishes_nothing()
    {
        var (log, topic) = await OpenAsync();
        Assert.That(
            async () => await log.PublishAsync(topic, [new(0, Records(0, 2))], new CancellationToken(canceled: true)),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(await log.EndOffsetsAsync(topic, Cancellation), Is.All.Zero);
    }

    [Test]
    public async Task An_offset_after_the_end_is_an_error_that_names_the_partition()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(6, Records(0, 3)), new(2, Records(0, 3))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 6, 40);

        var failure = await Assert.ThrowsAsync<EventLogException>(async () => await BatchesAsync(reader, 1));
        Assert.That(failure!.LostOffset, Is.EqualTo((topic.Name, 6)));
        Assert.That(failure.Message, Does.Contain("40").And.Contain(topic.Name));

        reader.Unassign(topic, 6);
        reader.Assign(topic, 2, 0);
        Assert.That(await ReadAsync(reader, 3), Has.Count.EqualTo(3));
    }

    [Test]
    public async Task End_offsets_are_the_ones_after_the_last_record()
    {
        var (log, topic) = await OpenAsync();
        Assert.That(await log.EndOffsetsAsync(topic, Cancellation), Is.EqualTo(new long[Partitions]));

        await log.PublishAsync(topic, [new(1, Records(0, 3)), new(5, Records(0, 7))], Cancellation);
        await log.PublishAsync(topic, [new(5, Records(7, 1)), new(0, [])], Cancellation);

        Assert.That(await log.EndOffsetsAsync(topic, Cancellation), Is.EqualTo(new long[] { 0, 3, 0, 0, 0, 8, 0, 0 }));
        Assert.That(log.KnownEnd(topic, 5), Is.EqualTo(8));
        Assert.That(log.KnownEnd(topic, 1), Is.EqualTo(3));
        Assert.That(log.KnownEnd(new Topic("never.opened"), 0), Is.Null);
    }

    [Test]
    public async Task Opening_again_keeps_the_incarnation_and_the_records()
    {
        var (log, topic) = await OpenAsync();
        var incarnation = await log.OpenAsync([topic], Cancellation);
        await log.PublishAsync(topic, [new(0, Records(0, 2))], Cancellation);

        var again = Track(Connect(Partitions));
        Assert.That(await again.OpenAsync([topic, NewTopic()], Cancellation), Is.EqualTo(incarnation));
        Assert.That(incarnation, Is.Not.EqualTo(Guid.Empty));
        Assert.That((await again.EndOffsetsAsync(topic, Cancellation))[0], Is.EqualTo(2));
    }

    [Test]
    public async Task Several_processes_may_open_the_log_at_once()
    {
        Topic[] wanted = [NewTopic(), NewTopic(), NewTopic(compacted: Compacts)];
        var logs = Enumerable.Range(0, 8).Select(_ => Track(Connect(Partitions))).ToList();

        var incarnations = await Task.WhenAll(logs.Select(log => log.OpenAsync(wanted, Cancellation)));

        Assert.That(incarnations.Distinct(), Has.Exactly(1).Items);
        foreach (var topic in wanted)
            Assert.That(await logs[0].EndOffsetsAsync(topic, Cancellation), Has.Length.EqualTo(Partitions));
    }

    [Test]
    public async Task Another_number_of_partitions_is_refused_with_what_to_do()
    {
        var (_, topic) = await OpenAsync();
        var other = Track(Connect(Partitions + 1));

        var failure = await Assert.ThrowsAsync<EventLogException>(() => other.OpenAsync([topic], Cancellation));

        Assert.That(failure!.Message, Does.Contain("8 partitions").And.Contain("9").And.Contain("configure 8"));
    }

    [Test]
    public async Task A_topic_that_was_not_opened_cannot_be_published_to()
    {
        var (log, _) = await OpenAsync();
        var failure = await Assert.ThrowsAsync<EventLogException>(() => log.PublishAsync(new Topic("never.opened"), [new(0, [Record(0)])], Cancellation));
        Assert.That(failure!.Message, Does.Contain("never.opened").And.Contain("OpenAsync"));
    }

    [Test]
    public async Task A_compacted_topic_keeps_the_newest_record_of_each_key()
    {
        if (!Compacts)
            Assert.Ignore("This log keeps every record of a compacted topic.");
        var (log, topic) = await OpenAsync(compacted: true);
        await log.PublishAsync(topic, [new(0, [State("anna", "1"), State("bert", "1"), State("anna", "2")])], Cancellation);
        await log.PublishAsync(topic, [new(0, [State("clara", "1"), State("bert", null)])], Cancellation);
        await log.PublishAsync(topic, [new(0, [State("anna", "3"), State("last", "1")])], Cancellation);
        await CompactAsync(log, topic);

        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        var seen = new Dictionary<string, ReadRecord>(StringComparer.Ordinal);
        var end = (await log.EndOffsetsAsync(topic, Cancellation))[0];
        long next = 0, offset = -1;
        while (next < end)
        {
            foreach (var batch in await reader.ReadAsync(100, Deadline, Cancellation))
            {
                next = batch.NextOffset;
                foreach (var record in batch.Records.Where(r => r.Record.Key != Filler))
                {
                    Assert.That(record.Offset, Is.GreaterThan(offset));
                    offset = record.Offset;
                    Assert.That(seen.TryAdd(record.Record.Key!, record), Is.True, $"{record.Record.Key} came twice");
                }
            }
        }

        Assert.That(seen["anna"].Offset, Is.EqualTo(5));
        Assert.That(seen["anna"].Record.Value!.Value.ToArray(), Is.EqualTo("3"u8.ToArray()));
        Assert.That(seen["bert"].Record.Value, Is.Null);
        Assert.That(seen.Keys, Is.EquivalentTo(new[] { "anna", "bert", "clara", "last" }));
    }

    private static LogRecord State(string key, string? value) =>
        new(key, [], value is null ? default(ReadOnlyMemory<byte>?) : Encoding.UTF8.GetBytes(value));
}
