using System.Text;
using Npgsql;

namespace Patron.Runtime.EventLog.Postgres;

/// <summary>Turns records into the columns of one publishing statement; used by one task at a time.</summary>
internal sealed class PublishPacking(OpenTopic topic, PostgresLogOptions options) : IDisposable
{
    private readonly RecordPacker packer = new();
    private readonly SortedDictionary<int, List<LogRecord>> records = [];
    private readonly List<Row> rows = [];
    private readonly Dictionary<(int Partition, string Key), int> newest = [];
    private int rowPartition;
    private int rowAfter;

    private readonly record struct Row(int Partition, int After, Range Body, string? Key);

    public OpenTopic Topic => topic;

    /// <summary>The records of the statement by partition, in order.</summary>
    public IReadOnlyDictionary<int, List<LogRecord>> Records => records;

    public bool IsEmpty => rows.Count == 0 && packer.Records == 0;

    /// <summary>The next record belongs into another transaction.</summary>
    public bool IsFull => packer.TotalBytes >= options.PublishBytesMax;

    public void Add(int partition, LogRecord record)
    {
        if (packer.Records > 0 && rowPartition != partition)
            EndRow();
        if (!records.TryGetValue(partition, out var before))
            records.Add(partition, before = []);
        var after = before.Count;
        before.Add(record);
        if (topic.Topic.Compacted)
        {
            AddCompacted(partition, after, record);
            return;
        }

        if (record.Value is null)
            throw new ArgumentException($"A record without a value is a tombstone; topic {topic.Topic.Name} is not compacted.");
        if (packer.Records == 0)
            (rowPartition, rowAfter) = (partition, after);
        packer.Add(record);
        if (packer.Records >= options.BatchRecordsMax || packer.BatchBytes >= options.BatchBytesMax)
            EndRow();
    }

    public void EndRow()
    {
        if (packer.Records > 0)
            rows.Add(new Row(rowPartition, rowAfter, packer.Finish(), null));
    }

    public NpgsqlCommand Command(LogSql sql, NpgsqlConnection connection)
    {
        EndRow();
        var command = new NpgsqlCommand(topic.Topic.Compacted ? sql.PublishCompacted : sql.Publish, connection);
        command.Parameters.Add(new() { Value = topic.Id });
        command.Parameters.Add(new() { Value = records.Keys.ToArray() });
        command.Parameters.Add(new() { Value = records.Values.Select(r => r.Count).ToArray() });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.Partition).ToArray() });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => row.After).ToArray() });
        command.Parameters.Add(new() { Value = rows.ConvertAll(row => packer.Slice(row.Body)).ToArray() });
        if (topic.Topic.Compacted)
            command.Parameters.Add(new() { Value = rows.ConvertAll(row => Encoding.UTF8.GetBytes(row.Key!)).ToArray() });
        return command;
    }

    public void Reset()
    {
        packer.Reset();
        records.Clear();
        rows.Clear();
        newest.Clear();
    }

    public void Dispose() => packer.Dispose();

    // Only the newest record of a key is stored, but each takes its offset.
    private void AddCompacted(int partition, int after, LogRecord record)
    {
        if (record.Key is null)
            throw new ArgumentException($"A record on the compacted topic {topic.Topic.Name} needs a key.");
        packer.Add(record);
        var row = new Row(partition, after, packer.Finish(), record.Key);
        if (newest.TryAdd((partition, record.Key), rows.Count))
            rows.Add(row);
        else
            rows[newest[(partition, record.Key)]] = row;
    }
}
