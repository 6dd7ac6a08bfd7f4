using NUnit.Framework;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Postgres;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventLog;

/// <summary>With nothing, little and enough of the newest records in memory.</summary>
[TestFixture(0)]
[TestFixture(3)]
[TestFixture(4_096)]
public sealed class PostgresEventLogTests(int recentRecordsMax) : EventLogContract
{
    private TestDatabase database = null!;
    private NpgsqlDataSource dataSource = null!;

    [OneTimeSetUp]
    public async Task CreateDatabase()
    {
        TestContext.Progress.WriteLine($"Event log contract: PostgreSQL, {recentRecordsMax} records in memory");
        database = await TestPostgres.CreateDatabaseAsync(Cancellation);
        dataSource = NpgsqlDataSource.Create(database.ConnectionString);
    }

    [OneTimeTearDown]
    public async Task DropDatabase()
    {
        await dataSource.DisposeAsync();
        await database.DisposeAsync();
    }

    [Test]
    public async Task Rows_are_split_by_size_without_a_reader_noticing()
    {
        var log = Track(new PostgresEventLog(dataSource, new()
        {
            Partitions = Partitions, BatchRecordsMax = 7, PublishBytesMax = 500, ReadBytesMax = 100, RecentRecordsMax = recentRecordsMax,
        }));
        var topic = NewTopic();
        await log.OpenAsync([topic], Cancellation);
        await log.PublishAsync(topic, [new(0, Records(0, 100)), new(1, Records(100, 3)), new(0, Records(200, 2))], Cancellation);

        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 5);
        reader.Assign(topic, 1, 0);
        var batches = await BatchesAsync(reader, 100);

        var keys = batches.Where(b => b.Partition == 0).SelectMany(b => b.Records).Select(r => r.Record.Key);
        Assert.That(keys, Is.EqualTo(Enumerable.Range(5, 95).Concat([200, 201]).Select(Key)));
    }

    [Test]
    public async Task A_log_without_notifications_finds_the_records_of_other_processes_by_polling()
    {
        var log = Track(new PostgresEventLog(dataSource, new() { Partitions = Partitions, Notify = false, PollInterval = TimeSpan.FromMilliseconds(50) }));
        var topic = NewTopic();
        await log.OpenAsync([topic], Cancellation);
        var other = Track(Connect(Partitions));
        await other.OpenAsync([topic], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        Assert.That(await reader.ReadAsync(10, TimeSpan.Zero, Cancellation), Is.Empty);

        await other.PublishAsync(topic, [new(0, Records(0, 1))], Cancellation);

        Assert.That(await ReadAsync(reader, 1), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task After_its_connections_are_lost_a_log_works_again_on_the_next_call()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(0, Records(0, 1))], Cancellation);
        await using var reader = log.OpenReader();
        reader.Assign(topic, 0, 0);
        await ReadAsync(reader, 1);

        await using (var killer = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(database.ConnectionString) { Pooling = false }.ConnectionString))
        await using (var kill = killer.CreateCommand(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"))
            await kill.ExecuteNonQueryAsync(Cancellation);

        await UntilItWorksAsync(async () => await log.PublishAsync(topic, [new(0, [Record(1)])], Cancellation));
        await UntilItWorksAsync(async () => Assert.That((await ReadAsync(reader, 1))[0].Offset, Is.EqualTo(1)));
    }

    [Test]
    public async Task A_damaged_row_is_reported_and_not_returned()
    {
        var (log, topic) = await OpenAsync();
        await log.PublishAsync(topic, [new(0, Records(0, 3))], Cancellation);
        await using (var damage = dataSource.CreateCommand(
            "update log.batches set body = set_byte(body, octet_length(body) - 1, 0) where topic = (select topic from log.topics where name = $1)"))
        {
            damage.Parameters.Add(new() { Value = topic.Name });
            Assert.That(await damage.ExecuteNonQueryAsync(Cancellation), Is.EqualTo(1));
        }

        var other = Track(Connect(Partitions));
        await other.OpenAsync([topic], Cancellation);
        await using var reader = other.OpenReader();
        reader.Assign(topic, 0, 0);
        var failure = await Assert.ThrowsAsync<EventLogException>(async () => await ReadAsync(reader, 3));
        Assert.That(failure!.Message, Does.Contain("checksum"));
    }

    [Test]
    public async Task An_unreachable_database_is_an_event_log_failure()
    {
        using var nowhere = NpgsqlDataSource.Create("Host=127.0.0.1;Port=1;Username=nobody;Timeout=2");
        var log = Track(new PostgresEventLog(nowhere, new() { Partitions = Partitions }));
        await Assert.ThrowsAsync<EventLogException>(() => log.OpenAsync([new Topic("any")], Cancellation));
    }

    [Test]
    public async Task A_compacted_topic_refuses_a_record_without_a_key_and_any_other_a_tombstone()
    {
        var (log, compacted) = await OpenAsync(compacted: true);
        var (other, retained) = await OpenAsync();
        await Assert.ThrowsAsync<ArgumentException>(() => log.PublishAsync(compacted, [new(0, [new(null, [], "v"u8.ToArray())])], Cancellation));
        await Assert.ThrowsAsync<ArgumentException>(() => other.PublishAsync(retained, [new(0, [new("key", [], null)])], Cancellation));
    }

    protected override IEventLog Connect(int partitions) =>
        new PostgresEventLog(dataSource, new() { Partitions = partitions, RecentRecordsMax = recentRecordsMax });

    private static async Task UntilItWorksAsync(Func<Task> work)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                await work();
                return;
            }
            catch (EventLogException) when (attempt < 20)
            {
                // Each failed call takes one dead connection out of the pool.
            }
        }
    }
}
