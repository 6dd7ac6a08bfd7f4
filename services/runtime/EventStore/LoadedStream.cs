namespace Patron.Runtime.EventStore;

/// <summary>A stream as one transaction sees it: loaded, then changed by each decision.</summary>
internal sealed class LoadedStream(StreamKind kind, Guid id, Guid customer)
{
    public Guid Id { get; } = id;

    public Guid Customer { get; } = customer;

    public StreamKind Kind { get; } = kind;

    public object State { get; set; } = kind.Initial;

    /// <summary>The length of the state's JSON, as far as it was read or written.</summary>
    public int Size { get; set; }

    public int Version { get; set; }

    /// <summary>There is a row of it.</summary>
    public bool IsKept { get; set; }

    /// <summary>Some command of the transaction needs the history, so those before it must add to it.</summary>
    public bool KeepsHistory { get; set; }

    public List<RecordedEvent> History { get; } = [];

    /// <summary>Takes what is kept of the stream; version 0 stands for a stream that has no events yet.</summary>
    /// <exception cref="InvalidOperationException">The stream is of another kind.</exception>
    public void Load(string kind, object state, int version, int size)
    {
        if (kind != Kind.Name)
            throw new InvalidOperationException($"Stream {Id} is of kind '{kind}', not '{Kind.Name}'. Streams of different kinds need different ids.");
        (State, Version, Size, IsKept) = (state, version, size, version > 0);
    }

    public void Unload() => (State, Version, Size, IsKept) = (Kind.Initial, 0, 0, false);
}
