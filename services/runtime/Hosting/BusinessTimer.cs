namespace Patron.Runtime.Hosting;

/// <summary>A timer of one <see cref="BusinessClock"/>, which guards <see cref="Due"/> and <see cref="Period"/> with its lock.</summary>
internal sealed class BusinessTimer(BusinessClock clock, long number, TimerCallback callback, object? state) : ITimer
{
    // Like the system's timers, a callback sees the ambient context of whoever created it, not that of whoever advances the time.
    private readonly ExecutionContext? _context = ExecutionContext.Capture();
    private volatile bool _disposed;

    /// <summary>Timers due at the same time fire in the order of their creation.</summary>
    public static Comparer<BusinessTimer> ByDueTime { get; } =
        Comparer<BusinessTimer>.Create((a, b) => (a.Due, a.Number).CompareTo((b.Due, b.Number)));

    public DateTimeOffset Due { get; set; }

    public TimeSpan? Period { get; set; }

    private long Number => number;

    public bool Change(TimeSpan dueTime, TimeSpan period)
    {
        if (_disposed)
            return false;
        clock.Schedule(this, dueTime, period);
        return true;
    }

    public void Invoke()
    {
        if (_disposed)
            return;
        if (_context is null)
            callback(state);
        else
            ExecutionContext.Run(_context, static o => ((BusinessTimer)o!).Call(), this);
    }

    public void Dispose()
    {
        _disposed = true;
        clock.Cancel(this);
    }

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }

    private void Call() => callback(state);
}
