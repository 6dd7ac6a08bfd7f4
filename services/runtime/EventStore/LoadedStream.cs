namespace Patron.Runtime.EventStore;

/// <summary>A stream as one transaction sees it: loaded, then changed by each decision.</summary>
internal sealed class LoadedStream(StreamKind kind, Guid id, Guid customer)
{
    public Guid Id { get; } = id;

    public Guid Customer { get; } = customer;

    public StreamKind Kind { get; } = kind;

    public object State { get; set; } = kind.Initial;

    public int Version { get; set; }

    /// <summary>There is a row of it.</summary>
    public bool IsKept { get; set; }

    /// <summary>Some command of the transaction needs the history, so those before it must add to it.</summary>
    public bool KeepsHistory { get; set; }

    public List<RecordedEvent> History { get; } = [];
}
