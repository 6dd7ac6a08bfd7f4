namespace Patron.Runtime.Grpc;

/// <summary>What holds for all calls of a client.</summary>
public sealed record GrpcClientOptions
{
    /// <summary>Sent with every call, such as an API key.</summary>
    public GrpcMetadata Metadata { get; init; } = [];

    /// <summary>The largest message accepted, in bytes, before and after decompression; a larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int ReceivedMessageBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest message sent, in bytes; servers refuse more than 4 MiB unless told otherwise.</summary>
    public int SentMessageBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Requests of at least so many bytes are compressed with gzip. Off (<see cref="int.MaxValue"/>) unless the server is known to support it:
    /// one that does not answers UNIMPLEMENTED.
    /// </summary>
    public int GzipFromBytes { get; init; } = int.MaxValue;

    /// <summary>
    /// Replaces the client's own HTTP/2 transport, for instance for a private certificate authority; the owner disposes it. It must not retry,
    /// follow redirects or decompress.
    /// </summary>
    public HttpMessageHandler? Transport { get; init; }

    /// <summary>System time, for deadlines.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>What holds for one call.</summary>
public sealed record GrpcCallOptions
{
    /// <summary>
    /// The time the whole call may take, at most 40 days; the server is told of it. Zero or less ends the call at once with DEADLINE_EXCEEDED.
    /// Null waits without end: only for watches.
    /// </summary>
    public required TimeSpan? Timeout { get; init; }

    /// <summary>Sent after the client's own metadata.</summary>
    public GrpcMetadata Metadata { get; init; } = [];

    /// <summary>Called once with the metadata that precedes the first response.</summary>
    public Action<GrpcMetadata>? OnHeaders { get; init; }

    /// <summary>Called once with the metadata that follows the last response, before a failure is thrown.</summary>
    public Action<GrpcMetadata>? OnTrailers { get; init; }

    /// <summary>A call with a timeout and nothing else.</summary>
    public static GrpcCallOptions Within(TimeSpan timeout) => new() { Timeout = timeout };
}
