using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;
using NpgsqlTypes;

namespace Patron.Runtime.EventLog.Postgres;

/// <summary>
/// The event log in a PostgreSQL schema: packed batches of records, one tail row a partition that gives out the offsets. Publishing is
/// one statement, reading is one query over all partitions of a reader. One instance serves all publishers and readers of a process:
/// readers of the same instance are woken in memory, at once.
/// </summary>
public sealed class PostgresEventLog : IEventLog
{
    private readonly NpgsqlDataSource dataSource;
    private readonly PostgresLogOptions options;
    private readonly LogSql sql;
    private readonly LogNews? news;
    private readonly ConcurrentDictionary<string, OpenTopic> topics = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, RecentRecords> recent = new();
    private readonly ConcurrentDictionary<PostgresLogReader, bool> readers = new();

    /// <summary>Opens no connection. The data source stays the caller's to dispose, after this.</summary>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public PostgresEventLog(NpgsqlDataSource dataSource, PostgresLogOptions options, ILogger<PostgresEventLog>? logger = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Partitions, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(options.Partitions, 1024);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.BatchRecordsMax, 1);
        this.dataSource = dataSource;
        this.options = options;
        sql = new LogSql(options.Schema);
        if (options.Notify)
            news = new LogNews(dataSource, sql, options.NotifyInterval, OnNews, logger ?? NullLogger<PostgresEventLog>.Instance);
    }

    /// <inheritdoc/>
    public string System => "postgresql";

    /// <inheritdoc/>
    public int Partitions => options.Partitions;

    internal PostgresLogOptions Options => options;

    /// <inheritdoc/>
    public Task<Guid> OpenAsync(IReadOnlyCollection<Topic> topics, CancellationToken cancellation) =>
        Guarded("open the event log", () => OpenCoreAsync(topics, cancellation));

    /// <inheritdoc/>
    public async Task PublishAsync(Topic topic, IReadOnlyList<PartitionRecords> batches, CancellationToken cancellation)
    {
        var open = Find(topic);
        using var packing = new PublishPacking(open, options);
        foreach (var batch in batches)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(batch.Partition);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch.Partition, Partitions);
            foreach (var record in batch.Records)
            {
                packing.Add(batch.Partition, record);
                if (packing.IsFull)
                    await AppendAsync(packing, cancellation);
            }

            packing.EndRow();
        }

        await AppendAsync(packing, cancellation);
    }

    /// <inheritdoc/>
    public Task<long[]> EndOffsetsAsync(Topic topic, CancellationToken cancellation)
    {
        var open = Find(topic);
        return Guarded("ask for end offsets", async () =>
        {
            await using var command = dataSource.CreateCommand(sql.Ends);
            command.Parameters.Add(new() { Value = open.Id });
            await LoadEndsAsync(open, command, cancellation);
            return Enumerable.Range(0, Partitions).Select(partition => Math.Max(0, open.End(partition))).ToArray();
        });
    }

    /// <inheritdoc/>
    public long? KnownEnd(Topic topic, int partition) =>
        topics.TryGetValue(topic.Name, out var open) && open.End(partition) is >= 0 and var end ? end : null;

    /// <inheritdoc/>
    public Task ForgetAsync(Topic topic, IReadOnlyDictionary<int, long> before, CancellationToken cancellation)
    {
        var open = Find(topic);
        if (topic.Compacted)
            throw new ArgumentException($"Topic {topic.Name} is compacted and forgets by itself.", nameof(topic));
        return Guarded("forget records", async () =>
        {
            await using var command = dataSource.CreateCommand(sql.Forget);
            command.Parameters.Add(new() { Value = open.Id });
            command.Parameters.Add(new() { Value = before.Keys.ToArray() });
            command.Parameters.Add(new() { Value = before.Values.ToArray() });
            return await command.ExecuteNonQueryAsync(cancellation);
        });
    }

    /// <inheritdoc/>
    public ILogReader OpenReader()
    {
        var reader = new PostgresLogReader(this);
        readers[reader] = true;
        return reader;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (news is not null)
            await news.DisposeAsync();
    }

    internal void Close(PostgresLogReader reader) => readers.TryRemove(reader, out _);

    internal OpenTopic Find(Topic topic) =>
        topics.TryGetValue(topic.Name, out var open)
            ? open
            : throw new EventLogException($"Topic {topic.Name} has not been opened; name it in OpenAsync first.");

    internal RecentRecords RecentOf(OpenTopic topic) => recent.GetOrAdd(topic.Id, _ => new RecentRecords(topic.Topic, Partitions, options.RecentRecordsMax));

    internal NpgsqlCommand ReadCommand(NpgsqlConnection connection, object[] columns, int recordsMax)
    {
        var command = new NpgsqlCommand(sql.Read, connection);
        foreach (var column in columns)
            command.Parameters.Add(new() { Value = column });
        command.Parameters.Add(new() { Value = (long)recordsMax, NpgsqlDbType = NpgsqlDbType.Bigint });
        command.Parameters.Add(new() { Value = (long)options.ReadBytesMax, NpgsqlDbType = NpgsqlDbType.Bigint });
        return command;
    }

    internal ValueTask<NpgsqlConnection> ConnectAsync(CancellationToken cancellation) => dataSource.OpenConnectionAsync(cancellation);

    internal static async Task<T> Guarded<T>(string what, Func<Task<T>> work)
    {
        try
        {
            return await work();
        }
        catch (Exception failure) when (failure is NpgsqlException or IOException or TimeoutException)
        {
            throw new EventLogException($"PostgreSQL could not {what}: {failure.Message}", failure);
        }
    }

    private async Task<Guid> OpenCoreAsync(IReadOnlyCollection<Topic> wanted, CancellationToken cancellation)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunAsync(sql.Lock);
        await using (var exists = new NpgsqlCommand(sql.Exists, connection))
        {
            if (await exists.ExecuteScalarAsync(cancellation) is not true)
                await RunAsync(sql.Create);
        }

        await RunAsync(sql.EnsureTopics, wanted.Select(t => t.Name).ToArray(), wanted.Select(t => t.Compacted).ToArray(), Partitions);
        var incarnation = await DescribeAsync(connection, cancellation);
        await FindTopicsAsync(connection, wanted, cancellation);
        await transaction.CommitAsync(cancellation);
        foreach (var topic in wanted)
        {
            await using var ends = new NpgsqlCommand(sql.Ends, connection) { Parameters = { new() { Value = Find(topic).Id } } };
            await LoadEndsAsync(Find(topic), ends, cancellation);
        }

        news?.Start();
        return incarnation;

        async Task RunAsync(string text, params object[] values)
        {
            await using var command = new NpgsqlCommand(text, connection);
            foreach (var value in values)
                command.Parameters.Add(new() { Value = value });
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    private async Task<Guid> DescribeAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql.Describe, connection);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        if (row.GetInt32(1) is var partitions && partitions != Partitions)
        {
            throw new EventLogException(
                $"The event log in schema {options.Schema} has {partitions} partitions, but {Partitions} are configured. The number is fixed "
                + $"when a deployment is created: configure {partitions}, or wipe the log and the stores.");
        }

        return row.GetGuid(0);
    }

    private async Task FindTopicsAsync(NpgsqlConnection connection, IReadOnlyCollection<Topic> wanted, CancellationToken cancellation)
    {
        var names = wanted.Select(t => t.Name).ToArray();
        await using var command = new NpgsqlCommand(sql.Topics, connection) { Parameters = { new() { Value = names } } };
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var topic = wanted.First(t => t.Name == row.GetString(0));
            if (topic.Compacted != row.GetBoolean(2))
                throw new EventLogException($"Topic {topic.Name} exists, but is {(topic.Compacted ? "not " : "")}compacted; wipe the log or use another name.");
            topics.GetOrAdd(topic.Name, _ => new OpenTopic(topic, Partitions, row.GetInt32(1)));
        }
    }

    private static async Task LoadEndsAsync(OpenTopic open, NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            open.Saw(row.GetInt32(0), row.GetInt64(1));
    }

    private async Task AppendAsync(PublishPacking packing, CancellationToken cancellation)
    {
        if (packing.IsEmpty)
            return;
        var ends = await Guarded($"publish to {packing.Topic.Topic.Name}", async () =>
        {
            await using var connection = await dataSource.OpenConnectionAsync(cancellation);
            await using var command = packing.Command(sql, connection);
            await command.PrepareAsync(cancellation);
            var moved = new List<(int Partition, long End)>();
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
                moved.Add((row.GetInt32(0), row.GetInt64(1)));
            return moved;
        });
        var atHand = RecentOf(packing.Topic);
        foreach (var (partition, end) in ends)
        {
            var records = packing.Records[partition];
            atHand.Add(partition, end - records.Count, records);
            packing.Topic.Saw(partition, end);
        }

        packing.Reset();
        foreach (var reader in readers.Keys)
            reader.Wake(packing.Topic.Id);
        news?.Tell(packing.Topic.Id);
    }

    private void OnNews(IReadOnlyCollection<int>? topicIds)
    {
        foreach (var reader in readers.Keys)
            reader.LookAgain(topicIds);
    }
}
