namespace Patron.Runtime.EventStore;

/// <summary>The timers that are to fire in one transaction: as loaded, then as the units decided before leave them.</summary>
internal sealed class LoadedTimers(Func<RecordedEvent, IEnumerable<TimerChange>>? timersOf)
{
    private readonly Dictionary<(Guid Stream, string Name), DateTimeOffset?> due = [];
    private readonly List<((Guid Stream, string Name) Timer, DateTimeOffset? Before)> changes = [];

    /// <summary>A place to go back to with <see cref="BackTo"/>.</summary>
    public int Mark => changes.Count;

    public void Add(Guid stream, string name, DateTimeOffset at) => due.Add((stream, name), at);

    /// <summary>False when the timer was cancelled, set anew or fired meanwhile.</summary>
    public bool IsDue(DueTimer timer) => due.GetValueOrDefault((timer.Stream, timer.Name)) == timer.Due;

    /// <summary>False when its last change was to fire or to be cancelled.</summary>
    public bool IsSet(DueTimer timer) => due.GetValueOrDefault((timer.Stream, timer.Name)) is not null;

    public void Fired(DueTimer timer) => Change((timer.Stream, timer.Name), null);

    public void Happened(RecordedEvent happened)
    {
        if (due.Count == 0 || timersOf is null)
            return;
        foreach (var change in timersOf(happened))
            Change((happened.Stream, change.Name), change.Due);
    }

    public void Clear()
    {
        due.Clear();
        changes.Clear();
    }

    public void BackTo(int mark)
    {
        for (var i = changes.Count - 1; i >= mark; i--)
            due[changes[i].Timer] = changes[i].Before;
        changes.RemoveRange(mark, changes.Count - mark);
    }

    private void Change((Guid Stream, string Name) timer, DateTimeOffset? at)
    {
        if (!due.TryGetValue(timer, out var before))
            return;
        changes.Add((timer, before));
        due[timer] = at;
    }
}
