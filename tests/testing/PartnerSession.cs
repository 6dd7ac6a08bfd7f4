using System.Collections.Concurrent;
using System.Threading.Channels;
using Patron.Contracts.Partner.V1;
using Patron.Runtime.Grpc;

namespace Patron.Testing;

/// <summary>A partner's side of a session: calls of many tasks over one stream.</summary>
public sealed class PartnerSession : IAsyncDisposable
{
    private static readonly GrpcMethod<SessionRequest, SessionResponse> Session = new(PartnerReflection.Descriptor.Services[0], "Session");

    private readonly Channel<SessionRequest> requests = Channel.CreateUnbounded<SessionRequest>(new UnboundedChannelOptions { SingleReader = true });
    private readonly ConcurrentDictionary<long, TaskCompletionSource<SessionResponse>> waiting = [];
    private readonly Task reading;
    private long calls;

    public PartnerSession(GrpcClient partner, CancellationToken cancellation) => reading = ReadAsync(partner, cancellation);

    /// <summary>Sends a call and waits for its response, which may be a refusal.</summary>
    /// <exception cref="GrpcException">The session has ended.</exception>
    public Task<SessionResponse> CallAsync(SessionRequest request)
    {
        request.CallId = Interlocked.Increment(ref calls);
        var response = waiting[request.CallId] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        requests.Writer.TryWrite(request);
        if (reading.IsCompleted)
            response.TrySetException(new GrpcException(GrpcStatus.Unavailable, "The session has ended."));
        return response.Task;
    }

    /// <summary>Sends no more, and waits for what is under way.</summary>
    public async Task EndAsync()
    {
        requests.Writer.TryComplete();
        await reading;
    }

    public async ValueTask DisposeAsync()
    {
        requests.Writer.TryComplete();
        await reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ReadAsync(GrpcClient partner, CancellationToken cancellation)
    {
        try
        {
            var responses = partner.DuplexAsync(Session, requests.Reader.ReadAllAsync(cancellation), new GrpcCallOptions { Timeout = null }, cancellation);
            await foreach (var response in responses)
            {
                if (waiting.TryRemove(response.CallId, out var caller))
                    caller.TrySetResult(response);
            }
        }
        catch (Exception fault)
        {
            foreach (var caller in waiting.Values)
                caller.TrySetException(fault);
            throw;
        }
    }
}
