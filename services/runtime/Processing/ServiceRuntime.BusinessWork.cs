using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>What business time waits for, here and for a driver in another process.</summary>
public sealed partial class ServiceRuntime : IBusinessWork
{
    private const long Elsewhere = -1;

    /// <inheritdoc/>
    public WorkState Look()
    {
        var due = Timers?.NextDue ?? DateTimeOffset.MaxValue;
        var committed = new long[settings.Partitions];
        var published = Enumerable.Repeat(Elsewhere, settings.Partitions).ToArray();
        Relay?.LookAt(committed, published);

        // A partition counts as owned from when everything of this instance knows it.
        var timed = Timers?.Owned ?? [];
        foreach (var partition in Enumerable.Range(0, published.Length).Except(timed))
            published[partition] = Elsewhere;
        return new WorkState(
            Definition.Name, IsIdle, IsCaughtUp, Troubles, due == DateTimeOffset.MaxValue ? null : due, Activity, committed, published,
            Definition.Publications.Select(p => p.Topic).Concat(Definition.Subscriptions.Select(s => s.Topic)).Distinct()
                .ToDictionary(t => t.Name, EndsOf),
            Definition.Subscriptions.Select(s => s.Topic).ToDictionary(t => t.Name, PlacesOf));
    }

    /// <inheritdoc/>
    public void LookAgain() => Timers?.LookAgain();

    /// <inheritdoc/>
    public void HoldTimers(bool held) => Timers?.Hold(held);

    /// <summary>Makes business time wait for work that goes on outside of the runtime.</summary>
    public void Register(IDrains work) => workers.Add(work);

    private IReadOnlyList<long> EndsOf(Topic topic) => [.. Enumerable.Range(0, settings.Partitions).Select(p => eventLog.KnownEnd(topic, p) ?? 0)];

    private IReadOnlyList<long> PlacesOf(Topic topic)
    {
        var places = Enumerable.Repeat(Elsewhere, settings.Partitions).ToArray();
        foreach (var partition in Consumer?.Partitions ?? [])
        {
            if (partition.Places.TryGetValue(topic.Name, out var place))
                places[partition.Number] = place.NextOffset;
        }

        return places;
    }

    private async Task WhenTimeIsKnownAsync(Func<CancellationToken, Task> run, CancellationToken cancellation)
    {
        await clock.Known.WaitAsync(cancellation);
        await run(cancellation);
    }
}
