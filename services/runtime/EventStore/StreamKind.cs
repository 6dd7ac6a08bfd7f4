using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Patron.Runtime.EventStore;

/// <summary>
/// One kind of stream: the state that decisions need, how events change it, and how it is kept beside the stream, so that a command
/// costs a lookup and not a replay.
/// </summary>
public abstract class StreamKind
{
    private readonly Func<Guid, Guid>? streamOf;

    private protected StreamKind(string name, int shape, Func<Guid, Guid>? streamOf) => (Name, Shape, this.streamOf) = (name, shape, streamOf);

    /// <summary>Stable name, such as <c>ledger</c>.</summary>
    public string Name { get; }

    /// <summary>Raise it when state or evolving changes: kept states of another shape are folded anew from their events.</summary>
    public int Shape { get; }

    /// <summary>A customer's own stream of this kind, which goes on in another's after a merge. Mostly it has the customer's id.</summary>
    public Guid StreamOf(Guid customer) => streamOf?.Invoke(customer) ?? customer;

    internal abstract object Initial { get; }

    internal abstract object Evolve(object state, DomainEvent happened);

    internal abstract string Write(object state);

    internal abstract object Read(string json);
}

/// <inheritdoc/>
/// <param name="streamOf">
/// For a second kind of stream that every customer has: derives its id from the customer's, one to one. Decisions on such streams see no history.
/// </param>
public sealed class StreamKind<TState>(
    string name, TState initial, Func<TState, DomainEvent, TState> evolve, JsonTypeInfo<TState> json, int shape = 1,
    Func<Guid, Guid>? streamOf = null) : StreamKind(name, shape, streamOf)
    where TState : class
{
    internal override object Initial => initial;

    /// <summary>A command for a customer's own stream: <see cref="StreamKind.StreamOf"/>.</summary>
    public Command CommandOf(Guid customer, Func<TState, Guid, Decision> decide) => Command(StreamOf(customer), customer, decide);

    /// <inheritdoc cref="CommandOf(Guid, Func{TState, Guid, Decision})"/>
    public Command CommandOf(Guid customer, Func<TState, Decision> decide) => Command(StreamOf(customer), customer, decide);

    /// <summary>
    /// A command for one stream. <paramref name="decide"/> is pure: it may run again when a transaction is repeated, and must not change
    /// <c>state</c>.
    /// </summary>
    /// <param name="stream">Unique within the service over all kinds; the customer's id where a customer has one stream of the service.</param>
    /// <param name="customer">Chooses the partition and becomes the key of published facts.</param>
    public Command Command(Guid stream, Guid customer, Func<TState, Decision> decide) =>
        new(this, stream, customer, (state, _) => decide((TState)state));

    /// <summary>The same for a decision that depends on whose stream it turns out to be: another's, after a merge.</summary>
    public Command Command(Guid stream, Guid customer, Func<TState, Guid, Decision> decide) =>
        new(this, stream, customer, (state, around) => decide((TState)state, around.Stream));

    /// <summary>
    /// The same for a rare decision that needs earlier events beside the state: those of the stream in order, and those of the streams of all
    /// customers that were ever merged with this one.
    /// </summary>
    public Command CommandWithHistory(Guid stream, Guid customer, Func<TState, Guid, IReadOnlyList<RecordedEvent>, Decision> decide) =>
        new(this, stream, customer, (state, around) => decide((TState)state, around.Stream, around.History)) { NeedsHistory = true };

    /// <summary>A command for the very stream of a customer, also while they are merged into another, for <see cref="HandoverRules"/>.</summary>
    public Command ExactCommand(Guid customer, Func<TState, Decision> decide) =>
        new(this, StreamOf(customer), customer, (state, _) => decide((TState)state)) { IsExact = true };

    /// <summary>
    /// Two commands that move something from one customer's own stream to another's, for <see cref="HandoverRules"/>: what is taken is
    /// decided on both states, then what is given on the giver's alone.
    /// </summary>
    public IReadOnlyList<Command> Handover(Guid from, Guid to, Func<TState, TState, Decision> take, Func<TState, Decision> give) =>
    [
        new(this, StreamOf(to), to, (state, around) => take((TState)around.Beside!, (TState)state)) { Beside = from, IsExact = true },
        new(this, StreamOf(from), from, (state, _) => give((TState)state)) { IsExact = true },
    ];

    /// <summary>The same where taking needs all that happened to both.</summary>
    public IReadOnlyList<Command> HandoverWithHistory(
        Guid from, Guid to, Func<TState, TState, IReadOnlyList<RecordedEvent>, Decision> take, Func<TState, Decision> give) =>
    [
        new(this, to, to, (state, around) => take((TState)around.Beside!, (TState)state, around.History))
        {
            Beside = from, IsExact = true, NeedsHistory = true,
        },
        new(this, from, from, (state, _) => give((TState)state)) { IsExact = true },
    ];

    /// <summary>The state that these events lead to.</summary>
    public TState Fold(IEnumerable<DomainEvent> events) => events.Aggregate(initial, evolve);

    internal override object Evolve(object state, DomainEvent happened) => evolve((TState)state, happened);

    internal override string Write(object state) => JsonSerializer.Serialize((TState)state, json);

    internal override object Read(string text) =>
        JsonSerializer.Deserialize(text, json) ?? throw new InvalidDataException($"The kept state of a '{Name}' stream is null.");
}
