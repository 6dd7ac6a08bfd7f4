using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>
/// The steps of a generation, what stops them, and what lets them go on: after a restore of its store it is built anew; a record that
/// cannot be applied waits for an operator.
/// </summary>
internal sealed partial class ProjectionRunner
{
    private static readonly TimeSpan GatherLook = TimeSpan.FromMilliseconds(50);

    private SkippedRecord? stoppedAt;

    /// <summary>Tries again where it stopped; no effect while it runs.</summary>
    public void Retry()
    {
        Stopped = null;
        inputs.Committed.Set();
    }

    /// <summary>Leaves the record out at which it stopped, in this and every later generation, and goes on; false when it did not stop at a record.</summary>
    public async Task<bool> SkipAsync(string who, string why, CancellationToken cancellation)
    {
        if (Stopped is not { } reason || stoppedAt is not { } record)
            return false;
        await registry.SkipAsync(record, reason, who, why, cancellation);
        Retry();
        return true;
    }

    private async Task StopAsync(Exception fault)
    {
        var at = (fault as PoisonException)?.Record;
        stoppedAt = at;
        Stopped = $"The projection {projection.Name} of {service} stopped{(at is null ? "" : $" at {at}")} and shows what it showed: {fault.Message}";
        LogStopped(log, service, projection.Name, fault);
        await LeaveAsync();
    }

    /// <summary>The live generation, where this build writes it and it may go on.</summary>
    private bool IsFollowed(Build build) => build is { State: GenerationState.Live, IsStale: false } && build.Version == projection.Version;

    /// <summary>Waits until the next step is worth its price: its time has come, or no more records do.</summary>
    private async Task GatherAsync(Build build, CancellationToken cancellation)
    {
        for (var behind = -1L; systemTime.GetUtcNow() < build.StepAt && build.Behind is var now && now != behind; behind = now)
            await Task.Delay(GatherLook, systemTime, cancellation);
    }

    private async Task<bool> StepAsync(Build build, TimeSpan wait, CancellationToken cancellation)
    {
        Slice? slice;
        try
        {
            slice = await build.Source.ReadAsync(build.Places, build.OneByOne > 0 ? 1 : projection.RecordsPerStepMax, wait, cancellation);
        }
        catch (StoreRestoredException restored)
        {
            await BeginAnewAsync(build, restored, cancellation);
            return false;
        }

        if (slice is null)
            return false;
        var moves = slice.Places.Select(p => new OffsetMove(
            registry.OffsetName(build.Number, p.Key.Source), p.Key.Partition, epoch!.Value, build.Places[p.Key].NextOffset,
            p.Value.NextOffset, p.Value.StoreEpoch, p.Value.Position)).ToList();
        try
        {
            await registry.ApplyAsync(build.Number, slice, moves, cancellation);
        }
        catch (Exception fault) when (!IsPassing(fault) && fault is not (OperationCanceledException or FencedException))
        {
            Refused(build, slice, fault);
            return true;
        }

        build.OneByOne = Math.Max(0, build.OneByOne - slice.Records);
        build.Move(slice.Places);
        if (slice.Records < projection.RecordsPerStepMax)
            build.StepAt = systemTime.GetUtcNow() + projection.StepEvery;
        RuntimeTelemetry.RecordsProjected.Add(slice.Records, new("patron.service", service), new("patron.reader", projection.Name));
        return true;
    }

    /// <summary>A step was refused, so its records are tried one by one: one that is refused alone is named.</summary>
    private static void Refused(Build build, Slice slice, Exception fault)
    {
        if (slice.Only is { } record)
            throw new PoisonException(record, fault);
        build.OneByOne = slice.Records;
        build.Source.Start(build.Places);
    }

    /// <summary>
    /// A record of another life of its store begins below what this generation shows. What is being built begins anew; the live one stands
    /// still and is served until another has caught up.
    /// </summary>
    private async Task BeginAnewAsync(Build build, StoreRestoredException restored, CancellationToken cancellation)
    {
        LogRestored(log, service, projection.Name, build.Number, restored);
        if (build.State == GenerationState.Live)
        {
            build.IsStale = true;
        }
        else
        {
            await registry.AbandonAsync(build.Number, cancellation);
            builds = [.. builds.Where(b => b != build)];
            await build.Source.DisposeAsync();
        }

        await registry.CreateAsync(cancellation);
        lookAt = DateTimeOffset.MinValue;
    }

    [LoggerMessage(Level = LogLevel.Warning,
        Message = "{Service}: generation {Generation} of projection {Projection} is not of the life that a store has begun.")]
    private static partial void LogRestored(ILogger log, string service, string projection, int generation, Exception restored);
}

/// <summary>A record that a projection leaves out.</summary>
/// <param name="Source">The topic's name, or <c>store</c>.</param>
/// <param name="Position">The position in the store that it comes from.</param>
internal readonly record struct SkippedRecord(string Source, int Partition, long Position)
{
    public override string ToString() => $"{Source}[{Partition}] position {Position}";
}

/// <summary>A projection cannot apply this record, alone as it is.</summary>
internal sealed class PoisonException(SkippedRecord record, Exception inner) : Exception(inner.Message, inner)
{
    public SkippedRecord Record => record;
}

/// <summary>A producer's store was restored to a point before what a generation shows.</summary>
internal sealed class StoreRestoredException : Exception
{
    public StoreRestoredException(string at, Envelope envelope, TopicPlace place)
        : base($"{at} comes from store epoch {envelope.StoreEpoch}, and position {place.Position} of {place.StoreEpoch} is shown.")
    {
    }

    public StoreRestoredException(Guid former, Guid now)
        : base($"The service's own store is in epoch {now}, and {former} is shown.")
    {
    }
}
