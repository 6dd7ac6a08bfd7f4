namespace Patron.Runtime.EventStore;

/// <summary>Something that happened, private to one service. Sealed records in the past tense, named by <see cref="EventNameAttribute"/>.</summary>
public abstract record DomainEvent;

/// <summary>The stable, versioned name under which an event is stored, such as <c>loyalty.points-earned.v1</c>; never the CLR name.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class EventNameAttribute(string name) : Attribute
{
    public string Name { get; } = name;
}

/// <summary>An expected failure: the command was understood and is not allowed. Nothing has been changed.</summary>
public abstract record Refusal
{
    /// <summary>Stable, in kebab case, such as <c>not-enough-points</c>: the last part of the problem's type URI.</summary>
    public abstract string Code { get; }

    /// <summary>One sentence that says what is wrong and how to go on; no personal data.</summary>
    public abstract string Detail { get; }
}

/// <summary>The caller expected another version of the stream; read it again and decide anew.</summary>
public sealed record VersionConflict(int Expected, int Actual) : Refusal
{
    public override string Code => "version-conflict";

    public override string Detail => $"The stream is at version {Actual}, not {Expected}. Read it again and repeat the command.";
}

/// <summary>The customer's records are parked, so nothing may be decided for them until an operator has replayed or corrected these.</summary>
public sealed record CustomerParked(string Reason) : Refusal
{
    public override string Code => "customer-parked";

    public override string Detail => $"Records of this customer are parked ({Reason}); an operator must replay them first.";
}

/// <summary>What a pure decision answers: events to append (perhaps none), or a refusal.</summary>
public readonly record struct Decision(IReadOnlyList<DomainEvent> Events, Refusal? Refusal)
{
    /// <summary>Nothing to do and nothing wrong.</summary>
    public static Decision Nothing => new([], null);

    public static Decision Of(params IReadOnlyList<DomainEvent> events) => new(events, null);

    public static implicit operator Decision(DomainEvent happened) => new([happened], null);

    public static implicit operator Decision(Refusal refusal) => new([], refusal);
}

/// <summary>An event as stored. Positions are gapless per partition and in commit order; versions are gapless per stream. Both start at 1.</summary>
public sealed record RecordedEvent(
    int Partition, long Position, Guid Stream, Guid Customer, int Version, DateTimeOffset Time, DomainEvent Event, EventMetadata Metadata);

/// <summary>What is known of the cause of an event.</summary>
public sealed record EventMetadata
{
    public static EventMetadata None { get; } = new();

    /// <summary>Topic name to the position of it that had been seen of the customer's partition when the event was decided.</summary>
    public IReadOnlyDictionary<string, long>? Watermarks { get; init; }

    /// <summary>W3C trace context of the request or record that caused the event.</summary>
    public string? TraceParent { get; init; }

    /// <summary>A changed rule was applied to history: the published fact starts no journey.</summary>
    public bool Backfill { get; init; }
}
