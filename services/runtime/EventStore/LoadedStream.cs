namespace Patron.Runtime.EventStore;

/// <summary>A stream as one transaction sees it: loaded, then changed by each decision.</summary>
internal sealed class LoadedStream(Command first)
{
    public Guid Id { get; } = first.Stream;

    public Guid Customer { get; } = first.Customer;

    public StreamKind Kind { get; } = first.Kind;

    public object State { get; set; } = first.Kind.Initial;

    public int Version { get; set; }

    /// <summary>There is a row of it.</summary>
    public bool IsKept { get; set; }

    /// <summary>Some command of the transaction needs the history, so those before it must add to it.</summary>
    public bool KeepsHistory { get; set; }

    public List<DomainEvent> History { get; } = [];
}
