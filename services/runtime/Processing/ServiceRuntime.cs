using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>A running service: its store, its readers and relay, its timers. One per service in a process, keyed by the service's name.</summary>
public sealed class ServiceRuntime
{
    public ServiceDefinition Definition => throw new NotImplementedException();

    /// <summary>Connections whose search path is the service's own schema: for its read models and tables.</summary>
    public NpgsqlDataSource Database => throw new NotImplementedException();

    /// <summary>
    /// Runs a command in the writer lane of its customer's partition and returns when the result is durable. A retry after a fault is safe
    /// with an idempotency key; without one the caller must look whether the first try was committed.
    /// </summary>
    public Task<CommandResult> ExecuteAsync(Command command, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Runs many commands, each by itself, in as few transactions as possible; results in the same order.</summary>
    public Task<IReadOnlyList<CommandResult>> ExecuteAsync(IReadOnlyList<Command> commands, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The state of a stream, or null when it has no events.</summary>
    public Task<TState?> StateAsync<TState>(StreamKind<TState> kind, Guid stream, CancellationToken cancellation)
        where TState : class => throw new NotImplementedException();

    /// <summary>A stream's events in order; empty when there are none.</summary>
    public Task<IReadOnlyList<RecordedEvent>> ReadStreamAsync(Guid stream, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>The events of all streams of a customer, in the order of their positions.</summary>
    public Task<IReadOnlyList<RecordedEvent>> ReadCustomerAsync(Guid customer, CancellationToken cancellation) => throw new NotImplementedException();

    /// <summary>Makes business time wait for work that goes on outside of the runtime.</summary>
    public void Register(IDrains work) => throw new NotImplementedException();
}
