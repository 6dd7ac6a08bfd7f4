using Patron.Benchmarks.Report;

namespace Patron.Benchmarks.Segments;

/// <summary>Whether a fact costs more when there are more customers: processor time of the service and of PostgreSQL, not the clock.</summary>
internal sealed class SegmentFlatness : IBenchmark
{
    private const int FewFull = 100_000;
    private const int FactsFull = 40_000;
    private const int AtOnce = 2_000;

    private SegmentPlace? few;
    private SegmentPlace? many;
    private string cluster = "";
    private int facts;
    private long next;

    public Figure Figure { get; } = new(
        "segment.flatness",
        "Processor time of a fact, segmentation and PostgreSQL, with 200 segments and 1,000,000 customers (or as many as "
            + $"{SegmentBase.CustomersVariable} says) over that with 100,000.",
        "x",
        Figure.NoPeer,
        Target.ValueAtMost(1.3));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        (cluster, facts) = (place.Postgres.Folder, place.Of(FactsFull, least: 40));
        few = await SegmentPlace.MakeAsync(place, place.Of(FewFull, least: 100), cancellation);
        many = await SegmentPlace.MakeAsync(place, SegmentBase.Customers(place), cancellation);
        foreach (var segments in new[] { few, many })
        {
            await segments.OpenAsync(cancellation);
            await CostAsync(segments, cancellation);
        }
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var small = await CostAsync(few!, cancellation);
        return await CostAsync(many!, cancellation) / small;
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (few is not null)
            await few.DisposeAsync();
        if (many is not null)
            await many.DisposeAsync();
    }

    /// <summary>Seconds of processor time a fact.</summary>
    private async Task<double> CostAsync(SegmentPlace segments, CancellationToken cancellation)
    {
        var meter = CpuMeter.Start(cluster);
        for (var (from, until) = (next, next + facts); from < until; from += AtOnce)
        {
            var some = Math.Min(AtOnce, until - from);
            await segments.TellAsync(Enumerable.Range(0, (int)some).Select(i => SegmentPlace.Fact(from + i, segments.Customers)), cancellation);
        }

        next += facts;
        await segments.Host.DrainAsync(cancellation);
        return meter.Seconds() / facts;
    }
}
