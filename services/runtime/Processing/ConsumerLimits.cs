namespace Patron.Runtime.Processing;

/// <summary>The bounds of a service's reading. All times are system time.</summary>
public sealed record ConsumerLimits
{
    /// <summary>Records taken from the log at once over all partitions.</summary>
    public int RecordsPerReadMax { get; init; } = 4096;

    /// <summary>Records of one partition in one transaction.</summary>
    public int RecordsPerTransactionMax { get; init; } = 512;

    /// <summary>Records of one topic and partition that may wait in memory for another topic's position.</summary>
    public int PendingMax { get; init; } = 8192;

    /// <summary>More customers than this parked since a partition was acquired stop the partition.</summary>
    public int NewlyParkedMax { get; init; } = 5;

    /// <summary>How long a record may wait for the positions that it depends on before the partition stops.</summary>
    public TimeSpan WatermarkWaitMax { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the offsets table may be behind records that left nothing to write.</summary>
    public TimeSpan SaveAfter { get; init; } = TimeSpan.FromMilliseconds(500);

    public TimeSpan RetryAfter { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan IdleWait { get; init; } = TimeSpan.FromSeconds(1);
}
