using Google.Protobuf;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>
/// What a service does with the facts of one topic: per fact type a pure mapping to own commands, or on purpose nothing. A fact type that
/// is neither handled nor ignored by name stops the reader: the producer is newer than this build.
/// </summary>
public sealed class Subscription(Topic topic)
{
    private readonly Dictionary<string, Func<ReadOnlyMemory<byte>, FactContext, IEnumerable<Command>>> handlers = [];
    private readonly HashSet<string> ignored = [];

    public Topic Topic { get; } = topic;

    internal IBatchEffect? Effect { get; private set; }

    /// <summary>Maps a fact to commands. It may run again for the same fact when a transaction is repeated; only committed commands count.</summary>
    public Subscription On<TFact>(MessageParser<TFact> parser, Func<TFact, FactContext, IEnumerable<Command>> handle)
        where TFact : IMessage<TFact>, new()
    {
        handlers.Add(new TFact().Descriptor.FullName, (value, context) => handle(parser.ParseFrom(value.Span), context));
        return this;
    }

    /// <summary>This fact type is known and does not concern the service.</summary>
    public Subscription Ignore<TFact>()
        where TFact : IMessage<TFact>, new()
    {
        var name = new TFact().Descriptor.FullName;
        handlers.Add(name, (_, _) => []);
        ignored.Add(name);
        return this;
    }

    /// <summary>Writes rows for a batch of records in the transaction that moves the offset, beside or instead of commands.</summary>
    public Subscription Writes(IBatchEffect effect)
    {
        Effect = effect;
        return this;
    }

    /// <summary>Facts of this type lead to no command, so nothing has to be made ready for one.</summary>
    internal bool Ignores(string type) => ignored.Contains(type);

    /// <exception cref="UnknownFactException">Nothing is registered for the fact's type.</exception>
    internal IEnumerable<Command> Handle(ReadOnlyMemory<byte> value, FactContext context) => handlers.TryGetValue(context.Envelope.Type, out var handle)
        ? handle(value, context)
        : throw new UnknownFactException(context.Envelope.Type, Topic.Name);
}

/// <summary>Set-based rows from a batch of facts, written in the transaction that moves the consumer's offset. Ordered by offset.</summary>
public interface IBatchEffect
{
    /// <summary>Adds statements for these facts to the transaction. A tombstone of a compacted topic has a null value.</summary>
    void Apply(IReadOnlyList<ConsumedFact> facts, NpgsqlBatch transaction);
}

/// <summary>A fact as consumed.</summary>
public readonly record struct ConsumedFact(FactContext Context, ReadOnlyMemory<byte>? Value);

/// <summary>A topic carries a fact type that this build does not know. Deploy a build that handles or ignores it; nothing was skipped.</summary>
public sealed class UnknownFactException(string type, string topic) : Exception(
    $"The fact type '{type}' on topic '{topic}' is not known to this build. Deploy a build that handles or ignores it; nothing was skipped.");
