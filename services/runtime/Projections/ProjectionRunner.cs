using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>
/// Keeps one projection up and rebuilds it: the live generation and the one being built take turns in one task, so that at the swap the
/// new one has at least what the old one shows. Every step is one transaction of rows and offsets; whatever ends in between is taken up
/// from there by whoever holds the lease next.
/// </summary>
internal sealed partial class ProjectionRunner(
    Projection projection,
    string service,
    ProjectionRegistry registry,
    NpgsqlDataSource database,
    ProjectionInputs inputs,
    TimeSpan lookEvery,
    ILogger log) : IDrains, IAsyncDisposable
{
    // A generation that is built takes more steps than the live one, or it would never catch up while the live one is busy.
    private const int StepsPerTurnMax = 8;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan IdleWait = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TurnWait = TimeSpan.FromMilliseconds(5);

    private readonly TimeProvider systemTime = TimeProvider.System;
    private volatile List<Build> builds = [];
    private volatile bool elsewhere;
    private DateTimeOffset lookAt;
    private long? epoch;
    private int wishes, wishesSeen;

    public Projection Projection => projection;

    /// <summary>Why nothing moves until an operator acts; null while all is well.</summary>
    public string? Stopped { get; private set; }

    /// <summary>
    /// True when the live generation shows everything that this process knows of and none is being built; another instance's work is its
    /// own business.
    /// </summary>
    public bool IsIdle => Stopped is not null || elsewhere
        || (Volatile.Read(ref wishesSeen) == Volatile.Read(ref wishes) && builds is [{ State: GenerationState.Live } live] && live.Behind == 0);

    public IEnumerable<ReaderLag> Lag => builds.Where(b => b.Version == projection.Version).SelectMany(b => b.Lag(projection.Name));

    /// <summary>Begins a generation beside the live one; what is being built already goes on. A repeat is safe.</summary>
    public async Task<Generation> RebuildAsync(CancellationToken cancellation)
    {
        var generation = await registry.CreateAsync(cancellation);
        Interlocked.Increment(ref wishes);
        inputs.Committed.Set();
        return generation;
    }

    public Task<IReadOnlyList<Generation>> GenerationsAsync(CancellationToken cancellation) => registry.ListAsync(cancellation);

    public void Committed() => inputs.Committed.Set();

    public async Task RunAsync(CancellationToken cancellation)
    {
        try
        {
            while (true)
            {
                cancellation.ThrowIfCancellationRequested();
                if (Stopped is null)
                    await GuardAsync(cancellation);
                else
                    await inputs.Committed.WaitAsync(IdleWait, cancellation);
            }
        }
        finally
        {
            await LeaveAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ForgetAsync();
        inputs.Committed.Dispose();
    }

    private async Task GuardAsync(CancellationToken cancellation)
    {
        try
        {
            if (epoch is null && !await TakeAsync(cancellation))
                await Task.Delay(lookEvery, systemTime, cancellation);
            else
                await RoundAsync(cancellation);
        }
        catch (FencedException)
        {
            LogFenced(log, service, projection.Name);
            await ForgetAsync();
        }
        catch (Exception fault) when (IsPassing(fault))
        {
            // Nobody knows whether the transaction took effect, so everything is read anew under the next epoch.
            LogRepeat(log, service, projection.Name, fault);
            await ForgetAsync();
            await Task.Delay(RetryAfter, systemTime, cancellation);
        }
        catch (Exception fault) when (fault is not OperationCanceledException)
        {
            await StopAsync(fault);
        }
    }

    private static bool IsPassing(Exception fault) =>
        fault is NpgsqlException { IsTransient: true } or EventLog.EventLogException or TimeoutException or IOException;

    private async Task<bool> TakeAsync(CancellationToken cancellation)
    {
        epoch = await registry.TakeAsync(cancellation);
        elsewhere = epoch is null;
        if (epoch is not null)
            await LookAsync(cancellation);
        return epoch is not null;
    }

    private async Task RoundAsync(CancellationToken cancellation)
    {
        if (Volatile.Read(ref wishes) != wishesSeen || systemTime.GetUtcNow() >= lookAt)
        {
            if (!await registry.RenewAsync(epoch!.Value, cancellation))
            {
                await ForgetAsync();
                return;
            }

            await LookAsync(cancellation);
        }

        var building = builds.Find(b => b.State == GenerationState.Building);
        if (builds.Find(IsFollowed) is { } live)
        {
            if (building is null)
                await GatherAsync(live, cancellation);
            await StepAsync(live, building is null ? (IdleWait < lookEvery ? IdleWait : lookEvery) : TurnWait, cancellation);
        }

        for (var step = 0; building is not null && step < StepsPerTurnMax; step++)
        {
            var moved = await StepAsync(building, TurnWait, cancellation);
            if (await IsCaughtUpAsync(building, cancellation))
            {
                await SwapAsync(building, cancellation);
                return;
            }

            if (!moved)
                return;
        }
    }

    /// <summary>Finds what is to be done: a raised version, an operator's wish, a retired generation; or leaves all to a newer build.</summary>
    private async Task LookAsync(CancellationToken cancellation)
    {
        lookAt = systemTime.GetUtcNow() + lookEvery;
        var seen = Volatile.Read(ref wishes);
        var known = await registry.ListAsync(cancellation);
        if (known.Any(g => g.Version > projection.Version))
        {
            await LeaveAsync();
            return;
        }

        var live = known.FirstOrDefault(g => g.State == GenerationState.Live);
        var building = known.FirstOrDefault(g => g.State == GenerationState.Building && g.Version == projection.Version);
        if (live?.Version != projection.Version)
            building ??= await registry.CreateAsync(cancellation);
        foreach (var over in known.Where(g => g.State == GenerationState.Retired))
            await DropAsync(over, cancellation);

        var opened = builds.ToList();
        try
        {
            foreach (var generation in new[] { live, building }.OfType<Generation>().Where(g => !opened.Exists(b => b.Number == g.Number)))
            {
                var build = new Build(generation, inputs.Open(projection));
                opened.Add(build);
                await ClaimAsync(build, cancellation);
            }
        }
        finally
        {
            builds = opened;
        }

        Volatile.Write(ref wishesSeen, seen);
    }

    /// <summary>Fences whoever wrote this generation before, and goes on where they were.</summary>
    private async Task ClaimAsync(Build build, CancellationToken cancellation)
    {
        var source = build.Source;
        var table = new OffsetTable(database, [.. source.Names.Select(n => registry.OffsetName(build.Number, n))]);
        var fence = Enumerable.Range(0, inputs.Partitions).ToDictionary(p => p, _ => epoch!.Value);
        var claimed = await table.ClaimAsync(fence, inputs.Incarnation(projection), cancellation);
        foreach (var name in source.Names)
        {
            foreach (var partition in claimed)
                build.Places[(name, partition.Number)] = partition.Places[registry.OffsetName(build.Number, name)];
            await source.EndsAsync(name, cancellation);
        }

        await source.PrepareAsync(await registry.SkipsAsync(cancellation), cancellation);

        if (build.Places.Count != source.Names.Count * inputs.Partitions)
            throw new FencedException(new InvalidOperationException("A newer epoch has claimed the offsets."));
        if (build.Version == projection.Version)
            source.Start(build.Places);
    }

    /// <summary>
    /// True when it shows all that the live one shows and, where that one stands still or there is none, at most a step is left of what
    /// the sources hold right now.
    /// </summary>
    private async Task<bool> IsCaughtUpAsync(Build building, CancellationToken cancellation)
    {
        if (builds.Exists(b => !building.Places.Cover(b.Places)))
            return false;
        if (builds.Exists(IsFollowed))
            return true;
        if (building.Behind > projection.RecordsPerStepMax)
            return false;
        var behind = 0L;
        foreach (var name in building.Source.Names)
        {
            foreach (var (partition, end) in (await building.Source.EndsAsync(name, cancellation)).Index())
                behind += Math.Max(0, end - building.Places[(name, partition)].NextOffset);
        }

        return behind <= projection.RecordsPerStepMax;
    }

    private async Task SwapAsync(Build building, CancellationToken cancellation)
    {
        var live = builds.Find(b => b.State == GenerationState.Live);
        try
        {
            await registry.SwapAsync(live?.Number, building.Number, epoch!.Value, cancellation);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // A long query holds the old tables: both generations go on, and the next round tries again.
            return;
        }

        LogSwapped(log, service, projection.Name, building.Number, building.Version);
        building.State = GenerationState.Live;
        builds = [building];
        if (live is not null)
        {
            await live.Source.DisposeAsync();
            await DropAsync(new Generation(live.Number, live.Version, GenerationState.Retired), cancellation);
        }
    }

    private async Task DropAsync(Generation generation, CancellationToken cancellation)
    {
        try
        {
            await registry.DropAsync(generation.Number, epoch!.Value, cancellation);
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            // Queries that began before the swap still read it; it is dropped at a later look.
        }
    }

    private async Task ForgetAsync()
    {
        epoch = null;
        var opened = builds;
        builds = [];
        foreach (var build in opened)
            await build.Source.DisposeAsync();
    }

    private async Task LeaveAsync()
    {
        await ForgetAsync();
        try
        {
            await registry.LeaveAsync(CancellationToken.None);
        }
        catch (NpgsqlException fault)
        {
            // The lease runs out by itself.
            LogRepeat(log, service, projection.Name, fault);
        }
    }
}
