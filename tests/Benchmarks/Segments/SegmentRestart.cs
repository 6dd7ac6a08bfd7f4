using System.Diagnostics;
using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using Patron.Segmentation;

namespace Patron.Benchmarks.Segments;

/// <summary>How long a service takes from its start until all of its customers can be evaluated again.</summary>
internal sealed class SegmentRestart : IBenchmark
{
    private SegmentPlace? segments;

    public Figure Figure { get; } = new(
        "segment.restart",
        "From the start of a segmentation service with snapshots and memberships of all customers until all can be evaluated: 1,000,000 with ten lines "
            + $"each, or as {SegmentBase.CustomersVariable} says.",
        "s",
        Figure.NoPeer,
        Target.ValueAtMost(60));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation) =>
        segments = await SegmentPlace.MakeAsync(place, SegmentBase.Customers(place), cancellation);

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var begun = Stopwatch.GetTimestamp();
        await segments!.OpenAsync(cancellation);
        var engine = segments.Host.Services.GetRequiredService<SegmentEngine>();
        var buyers = new NumberBetween(NumberColumn.Purchases, 1, null);
        var counted = engine.Look(SegmentBase.All, (_, evaluate) => Tally.Ones(evaluate(buyers))).Sum(part => part.Value);
        var seconds = Stopwatch.GetElapsedTime(begun).TotalSeconds;
        await segments.CloseAsync();
        return counted == segments.Customers
            ? seconds
            : throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"{counted} of {segments.Customers} customers came back."));
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (segments is not null)
            await segments.DisposeAsync();
    }
}
