namespace Patron.Runtime.EventStore;

/// <summary>A decision to be made on one stream, and what surrounds it. Made by <see cref="StreamKind{TState}"/>.</summary>
public sealed record Command
{
    internal Command(StreamKind kind, Guid stream, Guid customer, Func<object, Surroundings, Decision> decide) =>
        (Kind, Stream, Customer, Decide) = (kind, stream, customer, decide);

    public StreamKind Kind { get; }

    public Guid Stream { get; private init; }

    /// <summary>Whoever was meant. When they are merged into another customer, the command is decided on that one's stream.</summary>
    public Guid Customer { get; private init; }

    /// <summary>
    /// Unique in the service for ever: a second command with the key of a committed one changes nothing and answers
    /// <see cref="CommandResult.Repeated"/>. The key is kept on the first event; a command without events leaves none.
    /// </summary>
    public Guid? IdempotencyKey { get; init; }

    /// <summary>Refuse with <see cref="VersionConflict"/> unless the stream is at this version; null takes any.</summary>
    public int? ExpectedVersion { get; init; }

    public EventMetadata Metadata { get; init; } = EventMetadata.None;

    /// <summary>
    /// Nothing is decided when the customer is merged into another: for what tells how the customer stands, which the other one is told
    /// of their own.
    /// </summary>
    public bool LapsesWhenMerged { get; init; }

    internal bool NeedsHistory { get; init; }

    /// <summary>A customer whose stream of the kind the decision looks at too.</summary>
    internal Guid? Beside { get; init; }

    /// <summary>It is meant for this very stream, whoever is merged into whom.</summary>
    internal bool IsExact { get; init; }

    internal Func<object, Surroundings, Decision> Decide { get; }

    /// <summary>The same for the customer whom this one's is merged into.</summary>
    internal Command To(Guid root) => this with { Customer = root, Stream = Stream == Kind.StreamOf(Customer) ? Kind.StreamOf(root) : Stream };
}

/// <summary>What a decision may look at beside the state.</summary>
internal readonly record struct Surroundings(Guid Stream, IReadOnlyList<RecordedEvent> History, object? Beside);

/// <summary>
/// What became of a command, after its transaction is durable. With <see cref="Repeated"/> the first event of the earlier command is in
/// <see cref="Events"/>.
/// </summary>
public sealed record CommandResult(Refusal? Refusal, bool Repeated, int Version, IReadOnlyList<RecordedEvent> Events)
{
    /// <summary>True when the command was applied now or earlier.</summary>
    public bool Accepted => Refusal is null;
}
