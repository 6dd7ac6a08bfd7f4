using System.Net;
using System.Runtime.CompilerServices;
using Google.Protobuf;

namespace Patron.Runtime.Grpc;

/// <summary>
/// Calls gRPC services at one address over HTTP/2: cleartext for http, TLS for https. A call that fails throws a
/// <see cref="GrpcException"/>; one whose token was cancelled throws <see cref="OperationCanceledException"/>. The client never repeats a call
/// that a server may have seen: the caller decides by <see cref="GrpcException.NotSent"/>, the status and what the method promises (see
/// <see cref="GrpcStatus"/>). Thread-safe; keep one per address, since it holds the connections.
/// </summary>
public sealed class GrpcClient : IDisposable
{
    private static readonly TimeSpan KeepAliveDelay = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan KeepAliveTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpMessageInvoker _http;

    public GrpcClient(Uri address, GrpcClientOptions options)
    {
        (Address, Options) = (address, options);
        _http = new HttpMessageInvoker(options.Transport ?? NewTransport(), disposeHandler: options.Transport is null);
    }

    public Uri Address { get; }

    internal GrpcClientOptions Options { get; }

    /// <summary>One request, one response.</summary>
    /// <exception cref="GrpcException">The call did not end with OK.</exception>
    /// <exception cref="ArgumentException">The method has another shape.</exception>
    public Task<TResponse> UnaryAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, GrpcCallOptions options, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        method.CheckShape(clientStreams: false, serverStreams: false);
        return ReadOnlyAsync(method, new GrpcMessageContent(request, Options), options, cancellation);
    }

    /// <summary>One request, a stream of responses. The call starts when the sequence is read, and ends when its reader stops.</summary>
    /// <exception cref="GrpcException">Thrown while reading, after the responses that came before.</exception>
    /// <exception cref="ArgumentException">The method has another shape.</exception>
    public IAsyncEnumerable<TResponse> ServerStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, TRequest request, GrpcCallOptions options, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        method.CheckShape(clientStreams: false, serverStreams: true);
        return ReadAllAsync(method, new GrpcMessageContent(request, Options), options, cancellation);
    }

    /// <summary>A stream of requests, one response. The requests are read once, and no further when the server answers early.</summary>
    /// <exception cref="GrpcException">The call did not end with OK. What the requests themselves throw is thrown as it is.</exception>
    /// <exception cref="ArgumentException">The method has another shape.</exception>
    public Task<TResponse> ClientStreamingAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, IAsyncEnumerable<TRequest> requests, GrpcCallOptions options, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        method.CheckShape(clientStreams: true, serverStreams: false);
        return ReadOnlyAsync(method, new GrpcStreamContent<TRequest>(requests, Options), options, cancellation);
    }

    /// <summary>Streams both ways. The call starts when the sequence is read, and ends when its reader stops.</summary>
    /// <exception cref="GrpcException">Thrown while reading. What the requests themselves throw is thrown as it is.</exception>
    /// <exception cref="ArgumentException">The method has another shape.</exception>
    public IAsyncEnumerable<TResponse> DuplexAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, IAsyncEnumerable<TRequest> requests, GrpcCallOptions options, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        method.CheckShape(clientStreams: true, serverStreams: true);
        return ReadAllAsync(method, new GrpcStreamContent<TRequest>(requests, Options), options, cancellation);
    }

    public void Dispose() => _http.Dispose();

    private static SocketsHttpHandler NewTransport() => new()
    {
        EnableMultipleHttp2Connections = true,
        KeepAlivePingDelay = KeepAliveDelay,
        KeepAlivePingTimeout = KeepAliveTimeout,
        ConnectTimeout = ConnectTimeout,
        AutomaticDecompression = DecompressionMethods.None,
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,

        // The call's own span is the one that goes to the server.
        ActivityHeadersPropagator = null,
    };

    private async Task<TResponse> ReadOnlyAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, GrpcContent content, GrpcCallOptions options, CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var exchange = new GrpcExchange(this, method.FullName, method.Descriptor.OutputType.Parser, content, options, cancellation);
        await exchange.StartAsync(_http);
        var response = await exchange.ReadAsync();
        if (response is null || await exchange.ReadAsync() is not null)
            throw exchange.Broken(response is null ? "There is no response message." : "There is more than one response message.");
        return (TResponse)response;
    }

    private async IAsyncEnumerable<TResponse> ReadAllAsync<TRequest, TResponse>(
        GrpcMethod<TRequest, TResponse> method, GrpcContent content, GrpcCallOptions options, [EnumeratorCancellation] CancellationToken cancellation)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse>
    {
        using var exchange = new GrpcExchange(this, method.FullName, method.Descriptor.OutputType.Parser, content, options, cancellation);
        await exchange.StartAsync(_http);
        while (await exchange.ReadAsync() is { } response)
            yield return (TResponse)response;
    }
}
