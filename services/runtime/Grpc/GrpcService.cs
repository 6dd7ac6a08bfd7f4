using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Patron.Runtime.Grpc;

/// <summary>
/// Binds handlers to the methods of a generated service descriptor (<c>PartnerReflection.Descriptor.Services[0]</c>). A handler answers, or
/// throws a <see cref="GrpcException"/> with the status to answer; any other exception is logged and answered with UNKNOWN and no detail.
/// Its token is cancelled at the caller's deadline and when the caller goes away. A caller may repeat a call whose answer was lost, so
/// a method that changes something takes an idempotency key in its request. A method without a handler answers UNIMPLEMENTED. Build a
/// service once, before mapping it; it is shared by all calls.
/// </summary>
public sealed class GrpcService(ServiceDescriptor descriptor)
{
    private readonly Dictionary<string, GrpcHandler> _handlers = [];
    private readonly List<GrpcGuard> _guards = [];
    private readonly List<(string Method, GrpcGuard Guard)> _methodGuards = [];

    internal delegate Task GrpcHandler(GrpcCall call, GrpcServerStream stream, CancellationToken cancellation);

    public ServiceDescriptor Descriptor { get; } = descriptor;

    /// <summary>One request, one response.</summary>
    /// <exception cref="ArgumentException">The service has no such method with these types and this shape, or it has a handler.</exception>
    public GrpcService Unary<TRequest, TResponse>(string method, Func<TRequest, GrpcCall, CancellationToken, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        Add<TRequest, TResponse>(method, false, false, async (call, stream, cancellation) =>
            stream.WriteLast(await handler((TRequest)await stream.ReadOnlyAsync(cancellation), call, cancellation)));

    /// <summary>One request, a stream of responses: each is sent when it is yielded, and the next is asked for when it has been taken.</summary>
    /// <exception cref="ArgumentException">The service has no such method with these types and this shape, or it has a handler.</exception>
    public GrpcService ServerStreaming<TRequest, TResponse>(
        string method, Func<TRequest, GrpcCall, CancellationToken, IAsyncEnumerable<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        Add<TRequest, TResponse>(method, false, true, async (call, stream, cancellation) =>
            await WriteAllAsync(handler((TRequest)await stream.ReadOnlyAsync(cancellation), call, cancellation), stream, cancellation));

    /// <summary>A stream of requests, one response, which may come before the stream has ended.</summary>
    /// <exception cref="ArgumentException">The service has no such method with these types and this shape, or it has a handler.</exception>
    public GrpcService ClientStreaming<TRequest, TResponse>(
        string method, Func<IAsyncEnumerable<TRequest>, GrpcCall, CancellationToken, Task<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        Add<TRequest, TResponse>(method, true, false, async (call, stream, cancellation) =>
            stream.WriteLast(await handler(stream.ReadAllAsync<TRequest>(cancellation), call, cancellation)));

    /// <summary>Streams both ways; requests may be read once, while responses are yielded.</summary>
    /// <exception cref="ArgumentException">The service has no such method with these types and this shape, or it has a handler.</exception>
    public GrpcService Duplex<TRequest, TResponse>(
        string method, Func<IAsyncEnumerable<TRequest>, GrpcCall, CancellationToken, IAsyncEnumerable<TResponse>> handler)
        where TRequest : class, IMessage<TRequest>
        where TResponse : class, IMessage<TResponse> =>
        Add<TRequest, TResponse>(method, true, true, async (call, stream, cancellation) =>
            await WriteAllAsync(handler(stream.ReadAllAsync<TRequest>(cancellation), call, cancellation), stream, cancellation));

    /// <summary>Puts a guard before every method of the service. Guards run in the order in which they were added, service-wide ones first.</summary>
    public GrpcService Guard(GrpcGuard guard)
    {
        _guards.Add(guard);
        return this;
    }

    /// <summary>Puts a guard before one method.</summary>
    /// <exception cref="ArgumentException">The service has no such method.</exception>
    public GrpcService Guard(string method, GrpcGuard guard)
    {
        _methodGuards.Add((Find(method).Name, guard));
        return this;
    }

    internal GrpcBinding Bind(MethodDescriptor method) => new(
        GrpcMethodName.Of(method),
        method.InputType.Parser,
        _handlers.GetValueOrDefault(method.Name),
        [.. _guards, .. _methodGuards.Where(guard => guard.Method == method.Name).Select(guard => guard.Guard)]);

    private static async Task WriteAllAsync<TResponse>(IAsyncEnumerable<TResponse> responses, GrpcServerStream stream, CancellationToken cancellation)
        where TResponse : class, IMessage<TResponse>
    {
        await using var source = responses.GetAsyncEnumerator(cancellation);
        while (true)
        {
            var next = source.MoveNextAsync();
            try
            {
                // Responses that are there at once leave together.
                if (!next.IsCompleted)
                    await stream.FlushAsync(cancellation);
            }
            catch
            {
                // The handler has no end while it is asked.
                await ((Task)next.AsTask()).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }

            if (!await next)
                return;
            await stream.WriteAsync(source.Current, cancellation);
        }
    }

    private GrpcService Add<TRequest, TResponse>(string name, bool clientStreams, bool serverStreams, GrpcHandler handler)
    {
        var method = Find(name);
        GrpcMethodName.CheckShape(method, typeof(TRequest), typeof(TResponse), clientStreams, serverStreams);
        if (!_handlers.TryAdd(name, handler))
            throw new ArgumentException($"{method.FullName} has a handler already.", nameof(name));
        return this;
    }

    private MethodDescriptor Find(string name) =>
        Descriptor.FindMethodByName(name) ?? throw new ArgumentException($"{Descriptor.FullName} has no method {name}.", nameof(name));
}

/// <summary>A method with all that is needed to answer it; without a handler it is unimplemented.</summary>
internal sealed record GrpcBinding(string Method, MessageParser Parser, GrpcService.GrpcHandler? Handler, GrpcGuard[] Guards);
