namespace Patron.Runtime.Grpc;

/// <summary>What failures of the connection mean as a gRPC status.</summary>
internal static class GrpcFaults
{
    /// <summary>Null for an exception that is no failure of the call: it is thrown as it is.</summary>
    public static GrpcException? Translate(Exception failure) => failure switch
    {
        GrpcException e => e,
        HttpProtocolException e => FromReset(e),
        HttpRequestException { InnerException: HttpProtocolException e } => FromReset(e),
        HttpRequestException e => new(GrpcStatus.Unavailable, "The server cannot be reached.", inner: e) { NotSent = IsBeforeSending(e.HttpRequestError) },
        IOException e => new(GrpcStatus.Unavailable, "The connection was lost.", inner: e),
        _ => null,
    };

    private static bool IsBeforeSending(HttpRequestError error) => error is HttpRequestError.NameResolutionError
        or HttpRequestError.ConnectionError or HttpRequestError.SecureConnectionError or HttpRequestError.ProxyTunnelError
        or HttpRequestError.VersionNegotiationError;

    // "Errors" in the PROTOCOL-HTTP2 document maps the codes of RFC 9113, section 7.
    private static GrpcException FromReset(HttpProtocolException e) => e.ErrorCode switch
    {
        0x7 => new(GrpcStatus.Unavailable, "The server refused the stream.", inner: e),
        0x8 => new(GrpcStatus.Cancelled, "The server cancelled the call.", inner: e),
        0xb => new(GrpcStatus.ResourceExhausted, "The server asks for fewer requests.", inner: e),
        0xc => new(GrpcStatus.PermissionDenied, "The connection is not secure enough.", inner: e),
        _ => new(GrpcStatus.Internal, $"The server ended the stream with HTTP/2 error {e.ErrorCode}.", inner: e),
    };
}
