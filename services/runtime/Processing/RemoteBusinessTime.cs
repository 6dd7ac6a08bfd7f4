using System.Net.Http.Json;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>
/// Moves simulated business time over processes that run apart, each with <c>Time:Simulated</c>. A step is said to all of them before any
/// timer fires in one, so that no service acts on a fact of the new time by the old one.
/// </summary>
/// <param name="instances">Every process, each with its base address and an API key of the scope <c>operate</c>; the caller's to dispose.</param>
public sealed class RemoteBusinessTime(IReadOnlyList<HttpClient> instances) : IBusinessTimeDriver
{
    private const string Path = SimulatedTime.Path;
    private static readonly TimeSpan StepMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(5);

    /// <inheritdoc/>
    public DateTimeOffset Now { get; private set; }

    /// <summary>What was last seen to be unfinished, as a sentence; null when nothing was.</summary>
    public string? WaitsFor { get; private set; }

    /// <summary>Says what time it is to processes that do not know: the latest that any of them knows, but not before <paramref name="from"/>.</summary>
    public async Task BeginAsync(DateTimeOffset from, CancellationToken cancellation)
    {
        var known = (await LookAsync(again: false, cancellation)).Where(p => p.Known).Select(p => p.Now);
        await MoveAsync(known.Append(from).Max(), cancellation);
    }

    /// <inheritdoc/>
    public async Task AdvanceToAsync(DateTimeOffset target, CancellationToken cancellation)
    {
        var work = await UntilQuietAsync(views: false, cancellation);
        while (Now < target)
        {
            var due = WorkLook.NextDue(work, Now) ?? DateTimeOffset.MaxValue;
            await MoveAsync(new[] { Now + StepMax, due, target }.Min(), cancellation);
            work = await UntilQuietAsync(views: false, cancellation);
        }
    }

    /// <inheritdoc/>
    public Task DrainAsync(CancellationToken cancellation) => UntilQuietAsync(views: true, cancellation);

    private async Task<IReadOnlyList<WorkState>> UntilQuietAsync(bool views, CancellationToken cancellation)
    {
        var work = await UntilTwiceQuietAsync(views, cancellation);
        if (work.DistinctBy(w => w.Service).Count() == work.Count)
            return work;

        // An instance may have set a timer in a partition whose timers another one fires.
        await LookAsync(again: true, cancellation);
        return await UntilTwiceQuietAsync(views, cancellation);
    }

    private async Task<IReadOnlyList<WorkState>> UntilTwiceQuietAsync(bool views, CancellationToken cancellation)
    {
        long? before = null;
        while (true)
        {
            var processes = await LookAsync(again: false, cancellation);
            if (processes.Any(p => !p.Known))
                await MoveAsync(Now, cancellation);
            List<WorkState> work = [.. processes.SelectMany(p => p.Work)];
            var troubles = work.SelectMany(w => w.Troubles).ToList();
            if (troubles.Count > 0)
                throw new InvalidOperationException(string.Join(Environment.NewLine, troubles));

            var activity = WorkLook.Activity(work);
            WaitsFor = WorkLook.WhyBusy(work, views);
            if (WaitsFor is null && before == activity)
                return work;
            before = WaitsFor is null ? activity : null;
            if (WaitsFor is not null)
                await Task.Delay(LookAgainAfter, TimeProvider.System, cancellation);
        }
    }

    private async Task MoveAsync(DateTimeOffset to, CancellationToken cancellation)
    {
        foreach (var hold in new[] { true, false })
            await Task.WhenAll(instances.Select(i => MoveAsync(i, new TimeMove(to, hold), cancellation)));
        Now = to;
    }

    private static async Task MoveAsync(HttpClient instance, TimeMove move, CancellationToken cancellation)
    {
        using var answer = await instance.PutAsJsonAsync(Path, move, TimeJson.Default.TimeMove, cancellation);
        if (!answer.IsSuccessStatusCode)
        {
            throw new InvalidOperationException(
                $"{instance.BaseAddress} did not move its business time: {await answer.Content.ReadAsStringAsync(cancellation)}");
        }
    }

    private Task<TimeState[]> LookAsync(bool again, CancellationToken cancellation) => Task.WhenAll(instances.Select(async instance =>
        await instance.GetFromJsonAsync(again ? $"{Path}?again=true" : Path, TimeJson.Default.TimeState, cancellation)
            ?? throw new InvalidOperationException($"{instance.BaseAddress} answered null instead of its business time.")));
}
