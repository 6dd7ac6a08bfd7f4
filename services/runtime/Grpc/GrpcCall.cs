using Microsoft.AspNetCore.Http;

namespace Patron.Runtime.Grpc;

/// <summary>What a handler or a guard sees of the call that it answers, besides messages. Used by one task at a time.</summary>
public sealed class GrpcCall
{
    private GrpcMetadata? _metadata;
    private GrpcMetadata? _headers;
    private GrpcMetadata? _trailers;
    private bool _headersTaken;

    internal GrpcCall(HttpContext http, string method, DateTimeOffset? deadline, CancellationToken draining) =>
        (Http, Method, Deadline, Draining) = (http, method, deadline, draining);

    /// <summary>The full name, such as "patron.loyalty.v1.PartnerService/GetBalance".</summary>
    public string Method { get; }

    /// <summary>When the caller stops waiting, in system time; null when it waits without end. The handler's token is cancelled then.</summary>
    public DateTimeOffset? Deadline { get; }

    /// <summary>Cancelled when the server begins to stop. Handlers of streams without end must end them then, or they hold up the stop.</summary>
    public CancellationToken Draining { get; }

    /// <summary>Services, user and connection of the call. Its request body and response belong to the gRPC layer.</summary>
    public HttpContext Http { get; }

    /// <summary>What the caller sent.</summary>
    public GrpcMetadata Metadata => _metadata ??= ReadMetadata();

    /// <summary>Sent before the first message, or with the status when there is none; additions after that throw.</summary>
    /// <exception cref="InvalidOperationException">The headers were sent.</exception>
    public GrpcMetadata Headers => _headersTaken ? throw new InvalidOperationException("The headers were sent.") : _headers ??= [];

    /// <summary>Sent after the last message.</summary>
    public GrpcMetadata Trailers => _trailers ??= [];

    /// <summary>Sends the headers now instead of with the first message, for a caller that waits for them.</summary>
    public Task SendHeadersAsync(CancellationToken cancellation)
    {
        TakeHeaders();
        return Http.Response.StartAsync(cancellation);
    }

    internal void TakeHeaders()
    {
        if (_headersTaken)
            return;
        _headersTaken = true;
        foreach (var (key, value) in _headers ?? [])
            Http.Response.Headers.Append(key, value);
    }

    private GrpcMetadata ReadMetadata()
    {
        var metadata = new GrpcMetadata();
        foreach (var (name, values) in Http.Request.Headers)
        {
            foreach (var value in values)
                metadata.AddReceived(name, value);
        }

        return metadata;
    }
}

/// <summary>
/// Looks at a call before its first message is read and lets it pass, or refuses it by throwing a <see cref="GrpcException"/> such as
/// UNAUTHENTICATED (no valid credentials) or PERMISSION_DENIED (not allowed). It may set the user of <see cref="GrpcCall.Http"/>.
/// </summary>
public delegate ValueTask GrpcGuard(GrpcCall call, CancellationToken cancellation);
