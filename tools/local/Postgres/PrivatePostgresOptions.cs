namespace Patron.Local;

/// <summary>How a <see cref="PrivatePostgres"/> is set up.</summary>
public sealed record PrivatePostgresOptions
{
    /// <summary>Where cluster, password, port and log are kept. It is made if absent; it must hold nothing else.</summary>
    public required string Folder { get; init; }

    /// <summary>False gives up safety against power loss, not against a killed server: for tests, whose data is thrown away.</summary>
    public required bool Durable { get; init; }

    /// <summary>The folder is deleted when the server is disposed, and also when this process dies.</summary>
    public bool Temporary { get; init; }

    /// <summary>A fixed port of 127.0.0.1. Without it the port of the last start is taken again if it is free, else any free one.</summary>
    public int? Port { get; init; }

    public int ConnectionsMax { get; init; } = 100;

    /// <summary>In mebibytes, like the other sizes.</summary>
    public int SharedBuffersMiB { get; init; } = 256;

    public int WorkMemoryMiB { get; init; } = 16;

    /// <summary>How much log is written between checkpoints at most, roughly.</summary>
    public int WalMiBMax { get; init; } = 2048;

    /// <summary>Starting after a crash replays the log first, which may take as long as writing it did.</summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Further server settings by name; they win over the ones above.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();
}
