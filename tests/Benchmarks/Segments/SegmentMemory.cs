namespace Patron.Benchmarks.Segments;

/// <summary>What a customer takes in memory: columns, index, offsets of lines, 50 tags and 200 segments; the lines themselves apart.</summary>
/// <param name="ofLines">A purchased line; otherwise a customer.</param>
internal sealed class SegmentMemory(bool ofLines) : IBenchmark
{
    private SegmentBase? made;

    public Figure Figure { get; } = new(
        ofLines ? "segment.bytes_per_line" : "segment.bytes_per_customer",
        ofLines ? "Memory of a purchased line." : "Memory of a customer with 50 tags and 200 segments, id index included, purchased lines apart.",
        "bytes",
        Figure.NoPeer,
        Target.ValueAtMost(ofLines ? 16 : 200));

    public Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        made = SegmentBase.Make(SegmentBase.Customers(place), withLines: ofLines, withMemberships: !ofLines);
        return Task.CompletedTask;
    }

    public Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var footprints = made!.Engine.Footprints(SegmentBase.All);
        return Task.FromResult(ofLines
            ? (double)footprints.Sum(of => of.LineBytes) / footprints.Sum(of => of.SortedLines)
            : (double)footprints.Sum(of => of.Bytes) / footprints.Sum(of => of.Customers));
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public ValueTask DisposeAsync()
    {
        made = null;
        return ValueTask.CompletedTask;
    }
}
