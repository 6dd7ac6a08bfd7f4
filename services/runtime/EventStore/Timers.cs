namespace Patron.Runtime.EventStore;

/// <summary>What an event does to the stream's timers: sets one (again), or cancels it. Kept in the same transaction as the event.</summary>
public readonly record struct TimerChange(string Name, DateTimeOffset? Due)
{
    /// <summary>Sets the timer of this name of the stream, replacing an earlier time. <paramref name="due"/> is business time.</summary>
    public static TimerChange Set(string name, DateTimeOffset due) => new(name, due);

    public static TimerChange Cancel(string name) => new(name, null);
}

/// <summary>A timer whose business time has come. It is deleted in the transaction that commits what it caused.</summary>
public sealed record DueTimer(Guid Stream, Guid Customer, string Name, DateTimeOffset Due);
