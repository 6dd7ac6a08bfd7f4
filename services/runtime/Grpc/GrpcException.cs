namespace Patron.Runtime.Grpc;

/// <summary>
/// A call that ended with a status other than OK. A handler or guard throws it to answer that status; a client throws it for what the
/// server answered, for a deadline that passed, and for a connection that failed. See <see cref="GrpcStatus"/> for when a retry is safe.
/// </summary>
public sealed class GrpcException : Exception
{
    public GrpcException(GrpcStatus status, string detail, GrpcMetadata? trailers = null, Exception? inner = null)
        : base($"{status.WireName()}: {detail}", inner)
    {
        ArgumentOutOfRangeException.ThrowIfEqual((int)status, (int)GrpcStatus.Ok);
        (Status, Detail, Trailers) = (status, detail, trailers ?? []);
    }

    /// <summary>Never <see cref="GrpcStatus.Ok"/>.</summary>
    public GrpcStatus Status { get; }

    /// <summary>Text for a developer, sent to the peer: at most 1,000 characters of it, and never personal data.</summary>
    public string Detail { get; }

    /// <summary>Metadata that came, or goes, with the status.</summary>
    public GrpcMetadata Trailers { get; }

    /// <summary>
    /// True only on a client, when no connection could be made: the server has provably not seen the call, so repeating it is safe for
    /// every method.
    /// </summary>
    public bool NotSent { get; internal init; }
}
