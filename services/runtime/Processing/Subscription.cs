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

    private readonly Dictionary<string, Func<ReadOnlyMemory<byte>, FactContext, LinkChange>> links = [];

    public Topic Topic { get; } = topic;

    internal IBatchEffect? Effect { get; private set; }

    /// <summary>The type of the fact that erases its customer; null when the topic has none.</summary>
    internal string? Erasure { get; private set; }

    /// <summary>Maps a fact to commands. It may run again for the same fact when a transaction is repeated; only committed commands count.</summary>
    public Subscription On<TFact>(MessageParser<TFact> parser, Func<TFact, FactContext, IEnumerable<Command>> handle)
        where TFact : IMessage<TFact>, new()
    {
        handlers.Add(new TFact().Descriptor.FullName, (value, context) => handle(parser.ParseFrom(value.Span), context));
        return this;
    }

    /// <summary>
    /// This fact says that its customer was erased. What the commands lead to, the end of the customer's rows and timers, and the offset are one
    /// transaction; parked records of the customer do not hold it up, they go too; later facts of the customer, of every topic, are dropped.
    /// </summary>
    public Subscription Erases<TFact>(MessageParser<TFact> parser, Func<TFact, FactContext, IEnumerable<Command>> handle)
        where TFact : IMessage<TFact>, new()
    {
        Erasure = new TFact().Descriptor.FullName;
        return On(parser, handle);
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

    /// <summary>
    /// The fact says that its key is merged into another customer, or stands on its own again: the service's
    /// <see cref="ServiceDefinition.Handovers"/> are carried out, and commands that are meant for the customer go to the other one until then.
    /// </summary>
    public Subscription Follow<TFact>(MessageParser<TFact> parser, Func<TFact, FactContext, LinkChange> read)
        where TFact : IMessage<TFact>, new()
    {
        var type = new TFact().Descriptor.FullName;
        handlers.Add(type, (_, _) => []);
        links.Add(type, (value, context) => read(parser.ParseFrom(value.Span), context));
        return this;
    }

    /// <summary>Writes rows for a batch of records in the transaction that moves the offset, beside or instead of commands.</summary>
    public Subscription Writes(IBatchEffect effect)
    {
        Effect = effect;
        return this;
    }

    internal bool Follows(string type) => links.ContainsKey(type);

    /// <summary>Null for a fact that links nobody.</summary>
    internal LinkChange? LinkOf(ReadOnlyMemory<byte> value, FactContext context) =>
        links.TryGetValue(context.Envelope.Type, out var read) ? read(value, context) : null;

    /// <summary>Facts of this type lead to no command, so nothing has to be made ready for one.</summary>
    internal bool Ignores(string type) => ignored.Contains(type);

    /// <summary>
    /// The commands that follow from a fact, with its metadata. Where a merged customer is erased, the one whom they belong to is erased by a
    /// fact of their own.
    /// </summary>
    /// <exception cref="UnknownFactException">Nothing is registered for the fact's type.</exception>
    internal IEnumerable<Command> CommandsOf(ReadOnlyMemory<byte> value, FactContext context)
    {
        var erases = context.Envelope.Type == Erasure;
        return Handle(value, context).Select(c => c with
        {
            Metadata = c.Metadata == EventMetadata.None ? context.Metadata : c.Metadata,
            LapsesWhenMerged = c.LapsesWhenMerged || erases,
        });
    }

    /// <exception cref="UnknownFactException">Nothing is registered for the fact's type.</exception>
    private IEnumerable<Command> Handle(ReadOnlyMemory<byte> value, FactContext context) => handlers.TryGetValue(context.Envelope.Type, out var handle)
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
