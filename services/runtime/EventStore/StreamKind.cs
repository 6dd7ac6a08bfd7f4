using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Patron.Runtime.EventStore;

/// <summary>
/// One kind of stream: the state that decisions need, how events change it, and how it is kept beside the stream, so that a command
/// costs a lookup and not a replay.
/// </summary>
public abstract class StreamKind
{
    private protected StreamKind(string name, int shape) => (Name, Shape) = (name, shape);

    /// <summary>Stable name, such as <c>ledger</c>.</summary>
    public string Name { get; }

    /// <summary>Raise it when state or evolving changes: kept states of another shape are folded anew from their events.</summary>
    public int Shape { get; }

    internal abstract object Initial { get; }

    internal abstract object Evolve(object state, DomainEvent happened);

    internal abstract string Write(object state);

    internal abstract object Read(string json);
}

/// <inheritdoc/>
public sealed class StreamKind<TState>(
    string name, TState initial, Func<TState, DomainEvent, TState> evolve, JsonTypeInfo<TState> json, int shape = 1) : StreamKind(name, shape)
    where TState : class
{
    internal override object Initial => initial;

    /// <summary>
    /// A command for one stream. <paramref name="decide"/> is pure: it may run again when a transaction is repeated, and must not change
    /// <c>state</c>.
    /// </summary>
    /// <param name="stream">Unique within the service over all kinds; the customer's id where a customer has one stream of the service.</param>
    /// <param name="customer">Chooses the partition and becomes the key of published facts.</param>
    public Command Command(Guid stream, Guid customer, Func<TState, Decision> decide) =>
        new(this, stream, customer, (state, _) => decide((TState)state));

    /// <summary>The same for a rare decision that needs the stream's earlier events, in order, beside the state.</summary>
    public Command CommandWithHistory(Guid stream, Guid customer, Func<TState, IReadOnlyList<DomainEvent>, Decision> decide) =>
        new(this, stream, customer, (state, history) => decide((TState)state, history)) { NeedsHistory = true };

    /// <summary>The state that these events lead to.</summary>
    public TState Fold(IEnumerable<DomainEvent> events) => events.Aggregate(initial, evolve);

    internal override object Evolve(object state, DomainEvent happened) => evolve((TState)state, happened);

    internal override string Write(object state) => JsonSerializer.Serialize((TState)state, json);

    internal override object Read(string text) =>
        JsonSerializer.Deserialize(text, json) ?? throw new InvalidDataException($"The kept state of a '{Name}' stream is null.");
}
