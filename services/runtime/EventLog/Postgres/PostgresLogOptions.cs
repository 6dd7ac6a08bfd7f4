namespace Patron.Runtime.EventLog.Postgres;

/// <summary>How a <see cref="PostgresEventLog"/> uses its database.</summary>
public sealed record PostgresLogOptions
{
    /// <summary>Partitions of every topic, from 1 to 1,024; fixed when the log is created.</summary>
    public int Partitions { get; init; } = 64;

    /// <summary>Lower-case letters, digits and underscores, at most 63.</summary>
    public string Schema { get; init; } = "log";

    /// <summary>
    /// Wakes readers in other processes by LISTEN and NOTIFY; takes one connection of the data source for as long as the log is open.
    /// Off where one process does everything; other processes then notice by <see cref="PollInterval"/>.
    /// </summary>
    public bool Notify { get; init; } = true;

    /// <summary>The least time between two notifications of this process.</summary>
    public TimeSpan NotifyInterval { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>How often a waiting reader looks into the database although nothing woke it.</summary>
    public TimeSpan PollInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Records in a row of the batches table, at most.</summary>
    public int BatchRecordsMax { get; init; } = 1_000;

    /// <summary>A row of the batches table is closed when it has reached this size.</summary>
    public int BatchBytesMax { get; init; } = 128 * 1024;

    /// <summary>A transaction takes no further row when it has reached this size.</summary>
    public int PublishBytesMax { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Records of a topic that this process published last and keeps at hand for its own readers: about two seconds of a busy topic, since
    /// views take what comes within a second together.
    /// </summary>
    public int RecentRecordsMax { get; init; } = 12_288;

    /// <summary>One read of the database takes about this much at most, and at least one row a partition.</summary>
    public int ReadBytesMax { get; init; } = 8 * 1024 * 1024;
}
