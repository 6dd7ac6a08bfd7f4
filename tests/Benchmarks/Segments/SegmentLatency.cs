using System.Diagnostics;
using Patron.Contracts;
using Patron.Runtime.EventLog;

namespace Patron.Benchmarks.Segments;

/// <summary>From when a fact is due on the log until the fact that its customer entered a segment is there, while many others come.</summary>
internal sealed class SegmentLatency : IBenchmark
{
    private const int PerSecond = 5_000;
    private const int PerTick = 100;

    /// <summary>Of the facts of a tick, those that make a customer enter a segment.</summary>
    private const int ProbesPerTick = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Topic Out = new(Topics.Segmentation);

    private SegmentPlace? segments;
    private int ticks;
    private long next;
    private int probed;

    public Figure Figure { get; } = new(
        "segment.latency.p99",
        "From a fact on the log until the enter of its customer is on the log, at 5,000 facts/s with 200 segments and 1,000,000 customers.",
        "ms",
        Figure.NoPeer,
        Target.ValueAtMost(1_000));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        ticks = place.Of(10 * PerSecond / PerTick, least: 2);
        segments = await SegmentPlace.MakeAsync(place, place.Of(1_000_000, least: 2_000), cancellation);
        await segments.OpenAsync(cancellation);
        await MeasureAsync(cancellation);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        await segments!.Host.DrainAsync(cancellation);
        var due = new Dictionary<string, long>();
        var took = new List<double>();
        await using var reader = segments.Host.Log.OpenReader();
        foreach (var (partition, end) in (await segments.Host.Log.EndOffsetsAsync(Out, cancellation)).Index())
            reader.Assign(Out, partition, end);
        var telling = TellAsync(due, cancellation);
        var last = Stopwatch.GetTimestamp();
        while (took.Count < ticks * ProbesPerTick)
        {
            foreach (var batch in await reader.ReadAsync(4_096, TimeSpan.FromSeconds(1), cancellation))
            {
                var now = last = Stopwatch.GetTimestamp();
                lock (due)
                {
                    foreach (var read in batch.Records)
                    {
                        if (due.Remove(read.Record.Key!, out var since))
                            took.Add(Stopwatch.GetElapsedTime(since, now).TotalMilliseconds);
                    }
                }
            }

            if (Stopwatch.GetElapsedTime(last) > Patience)
                throw new InvalidOperationException($"Only {took.Count} of {ticks * ProbesPerTick} customers entered.");
        }

        await telling;
        took.Sort();
        return took[(int)Math.Ceiling(took.Count * 0.99) - 1];
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (segments is not null)
            await segments.DisposeAsync();
    }

    /// <summary>At a fixed rate, whatever becomes of the facts: what is late counts from when it was due.</summary>
    private async Task TellAsync(Dictionary<string, long> due, CancellationToken cancellation)
    {
        // Nobody enters twice, and those who enter get no other fact.
        var others = segments!.Customers / 2;
        await Task.Yield();
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds((double)PerTick / PerSecond));
        var begun = Stopwatch.GetTimestamp();
        for (var tick = 0; tick < ticks; tick++)
        {
            var at = begun + (long)((double)tick * PerTick / PerSecond * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < at)
                await pace.WaitForNextTickAsync(cancellation);
            var probes = Enumerable.Range(0, ProbesPerTick).Select(_ => SegmentBase.IdOf(others + probed++)).ToList();
            lock (due)
            {
                foreach (var probe in probes)
                    due[probe.ToString("D")] = at;
            }

            var facts = Enumerable.Range(0, PerTick - ProbesPerTick).Select(_ => SegmentPlace.Fact(next++, others));
            await segments.TellAsync([.. facts, .. probes.Select(SegmentPlace.Enters)], cancellation);
        }
    }
}
