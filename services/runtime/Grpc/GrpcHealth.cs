using System.Runtime.CompilerServices;
using Patron.Runtime.Grpc.Health.V1;
using ServingStatus = Patron.Runtime.Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Patron.Runtime.Grpc;

/// <summary>
/// The gRPC health service, grpc.health.v1, answered from a table that the program keeps. The empty name stands for the whole server. When the
/// server begins to stop, everything in the table reads NOT_SERVING and watches end. Thread-safe.
/// </summary>
public sealed class GrpcHealth
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, ServingStatus> _table = new(StringComparer.Ordinal) { [""] = ServingStatus.Serving };
    private TaskCompletionSource _changed = NewSignal();

    public GrpcHealth() => Service = new GrpcService(HealthReflection.Descriptor.Services[0])
        .Unary<HealthCheckRequest, HealthCheckResponse>("Check", CheckAsync)
        .ServerStreaming<HealthCheckRequest, HealthCheckResponse>("Watch", WatchAsync);

    /// <summary>To be mapped beside the services that it tells about. It needs no guard: it tells nothing but names and states.</summary>
    public GrpcService Service { get; }

    /// <summary>Tells whether a service answers; a new name is added to the table.</summary>
    /// <param name="service">A service's full name, or empty for the whole server.</param>
    /// <param name="serving">Whether callers should send it calls now.</param>
    public void Set(string service, bool serving)
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            _table[service] = serving ? ServingStatus.Serving : ServingStatus.NotServing;
            (changed, _changed) = (_changed, NewSignal());
        }

        changed.SetResult();
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private Task<HealthCheckResponse> CheckAsync(HealthCheckRequest request, GrpcCall call, CancellationToken cancellation)
    {
        var (status, _) = Look(request.Service, call);
        return status == ServingStatus.ServiceUnknown
            ? throw new GrpcException(GrpcStatus.NotFound, "The service is not known.")
            : Task.FromResult(new HealthCheckResponse { Status = status });
    }

    private async IAsyncEnumerable<HealthCheckResponse> WatchAsync(
        HealthCheckRequest request, GrpcCall call, [EnumeratorCancellation] CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellation, call.Draining);
        ServingStatus? last = null;
        while (true)
        {
            var (status, changed) = Look(request.Service, call);
            if (status != last)
                yield return new HealthCheckResponse { Status = status };
            if (call.Draining.IsCancellationRequested)
                yield break;
            last = status;
            await changed.WaitAsync(either.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
        }
    }

    private (ServingStatus Status, Task Changed) Look(string service, GrpcCall call)
    {
        lock (_lock)
        {
            var status = _table.GetValueOrDefault(service, ServingStatus.ServiceUnknown);
            if (status == ServingStatus.Serving && call.Draining.IsCancellationRequested)
                status = ServingStatus.NotServing;
            return (status, _changed.Task);
        }
    }
}
