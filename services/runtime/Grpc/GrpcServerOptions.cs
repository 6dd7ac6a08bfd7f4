namespace Patron.Runtime.Grpc;

/// <summary>How a gRPC server treats all calls. Streams per connection and connections are limited by Kestrel's own options.</summary>
public sealed record GrpcServerOptions
{
    /// <summary>The largest message accepted, in bytes, before and after decompression; a larger one ends the call with RESOURCE_EXHAUSTED.</summary>
    public int ReceivedMessageBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>The largest message answered, in bytes; clients refuse more than 4 MiB unless told otherwise.</summary>
    public int SentMessageBytesMax { get; init; } = 4 * 1024 * 1024;

    /// <summary>
    /// Answers of at least so many bytes are compressed when the client accepts gzip; <see cref="int.MaxValue"/> turns it off. Turn it off
    /// for answers that mix a secret with what the caller chose: the size would tell about the secret.
    /// </summary>
    public int GzipFromBytes { get; init; } = 16 * 1024;

    /// <summary>System time, for deadlines.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;
}
