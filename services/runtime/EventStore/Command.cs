namespace Patron.Runtime.EventStore;

/// <summary>A decision to be made on one stream, and what surrounds it. Made by <see cref="StreamKind{TState}"/>.</summary>
public sealed record Command
{
    internal Command(StreamKind kind, Guid stream, Guid customer, Func<object, IReadOnlyList<DomainEvent>, Decision> decide) =>
        (Kind, Stream, Customer, Decide) = (kind, stream, customer, decide);

    public StreamKind Kind { get; }

    public Guid Stream { get; }

    public Guid Customer { get; }

    /// <summary>
    /// Unique in the service for ever: a second command with the key of a committed one changes nothing and answers
    /// <see cref="CommandResult.Repeated"/>. The key is kept on the first event; a command without events leaves none.
    /// </summary>
    public Guid? IdempotencyKey { get; init; }

    /// <summary>Refuse with <see cref="VersionConflict"/> unless the stream is at this version; null takes any.</summary>
    public int? ExpectedVersion { get; init; }

    public EventMetadata Metadata { get; init; } = EventMetadata.None;

    internal bool NeedsHistory { get; init; }

    internal Func<object, IReadOnlyList<DomainEvent>, Decision> Decide { get; }
}

/// <summary>
/// What became of a command, after its transaction is durable. With <see cref="Repeated"/> the first event of the earlier command is in
/// <see cref="Events"/>.
/// </summary>
public sealed record CommandResult(Refusal? Refusal, bool Repeated, int Version, IReadOnlyList<RecordedEvent> Events)
{
    /// <summary>True when the command was applied now or earlier.</summary>
    public bool Accepted => Refusal is null;
}
