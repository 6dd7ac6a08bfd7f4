using NUnit.Framework;
using Patron.Runtime.EventLog;

namespace Patron.Runtime.Tests.EventLog;

public abstract partial class EventLogContract
{
    /// <summary>False where the server knows no deletion of records.</summary>
    protected virtual bool Forgets => true;

    [Test]
    public async Task What_is_forgotten_is_gone_and_what_stays_keeps_its_offsets()
    {
        Assume.That(Forgets, Is.True, "this server cannot delete records");
        var (log, topic) = await OpenAsync();
        for (var i = 0; i < 4; i++)
            await log.PublishAsync(topic, [new(3, Records(i * 5, 5)), new(5, Records(i * 5, 5))], Cancellation);
        await log.ForgetAsync(topic, new Dictionary<int, long> { [3] = 10 }, Cancellation);
        await log.ForgetAsync(topic, new Dictionary<int, long> { [3] = 10 }, Cancellation);

        // Another instance, which remembers nothing of what was published.
        var other = Track(Connect(Partitions));
        await other.OpenAsync([topic], Cancellation);
        await using var reader = other.OpenReader();
        reader.Assign(topic, 3, 10);
        Assert.That((await ReadAsync(reader, 10)).Select(r => r.Offset), Is.EqualTo(Enumerable.Range(10, 10)));
        reader.Assign(topic, 3, 0);
        Assert.That(
            async () => await BatchesAsync(reader, 1), Throws.InstanceOf<EventLogException>().With.Property(nameof(EventLogException.LostOffset)).Not.Null);
        reader.Unassign(topic, 3);
        reader.Assign(topic, 5, 0);
        Assert.That(await ReadAsync(reader, 20), Has.Count.EqualTo(20), "another partition is as it was");
    }

    [Test]
    public async Task After_everything_is_forgotten_offsets_go_on()
    {
        Assume.That(Forgets, Is.True, "this server cannot delete records");
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(2, Records(0, 5))], Cancellation);
        await log.ForgetAsync(topic, new Dictionary<int, long> { [2] = 5 }, Cancellation);
        await log.PublishAsync(topic, [new(2, Records(5, 1))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 2, 5);
        Assert.That((await ReadAsync(reader, 1)).Single().Offset, Is.EqualTo(5));
    }
}
