using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>
/// Moves simulated business time over all services of a process: in steps of at most an hour or to the next timer, and each step only
/// when everything that came before has been worked off. Parked customers count as drained.
/// </summary>
public sealed class BusinessTimeDriver(BusinessClock clock, IReadOnlyList<ServiceRuntime> services) : IBusinessTimeDriver
{
    private static readonly TimeSpan StepMax = TimeSpan.FromHours(1);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromMilliseconds(1);

    /// <inheritdoc/>
    public DateTimeOffset Now => clock.GetUtcNow();

    /// <summary>
    /// Waits until no relay, reader, lane, due timer, registered worker or view of any service has anything left to do.
    /// </summary>
    /// <exception cref="InvalidOperationException">A partition stopped or a loop ended: what is left will never be worked off.</exception>
    public Task DrainAsync(CancellationToken cancellation) => UntilAsync(s => s.IsCaughtUp, cancellation);

    private async Task UntilAsync(Func<ServiceRuntime, bool> isDone, CancellationToken cancellation)
    {
        while (true)
        {
            cancellation.ThrowIfCancellationRequested();
            var troubles = services.SelectMany(s => s.Troubles).ToList();
            if (troubles.Count > 0)
                throw new InvalidOperationException(string.Join(Environment.NewLine, troubles));

            // Work moves between services while they are looked at one after another; only a look without any commit counts.
            var before = services.Sum(s => s.Activity);
            if (services.All(isDone) && services.All(isDone) && services.Sum(s => s.Activity) == before)
                return;
            await Task.Delay(LookAgainAfter, TimeProvider.System, cancellation);
        }
    }

    /// <summary>Advances to <paramref name="target"/>, stopping at every timer on the way; all but views is worked off before and after each step.</summary>
    public async Task AdvanceToAsync(DateTimeOffset target, CancellationToken cancellation)
    {
        await UntilAsync(s => s.IsIdle, cancellation);
        while (clock.GetUtcNow() < target)
        {
            var now = clock.GetUtcNow();
            var step = now + StepMax;
            var due = services.Select(s => s.NextDue).Append(clock.NextTimerDue ?? DateTimeOffset.MaxValue).Where(d => d > now)
                .DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
            clock.AdvanceTo(new[] { step, due, target }.Min());
            await UntilAsync(s => s.IsIdle, cancellation);
        }
    }
}
