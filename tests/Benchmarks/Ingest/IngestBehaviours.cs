using System.Diagnostics;

namespace Patron.Benchmarks.Ingest;

/// <summary>As many behaviours a second as every service together can work off, beside purchases of the same customers in the same process.</summary>
internal sealed class IngestBehaviours : IBenchmark
{
    private const int CustomersFull = 10_000;
    private const int EventsFull = 20_000;
    private const int PerCall = 500;
    private const int CallsAtOnce = 4;

    private IngestPlace? ingest;
    private int customers;
    private int events;

    public Figure Figure { get; } = new(
        "ingest.behaviours",
        "Behaviours of a registered type, of known customers, from the HTTP door until every service has read their facts, in the all-in-one process.",
        "events/s",
        "purchases of the same customers",
        Target.RatioAtLeast(1));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        (customers, events) = (place.Of(CustomersFull, least: 20), place.Of(EventsFull, least: 40));
        ingest = await IngestPlace.StartAsync(place, cancellation);
        await ingest.SendAsync(ingest.Calls(customers, PerCall, i => i), CallsAtOnce, cancellation);
        await ingest.DrainAsync(cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => RateAsync(ingest!.Views(events, PerCall, i => i % customers), cancellation);

    public async Task<double?> MeasurePeerAsync(CancellationToken cancellation) =>
        await RateAsync(ingest!.Calls(events, PerCall, i => i % customers), cancellation);

    public async ValueTask DisposeAsync()
    {
        if (ingest is not null)
            await ingest.DisposeAsync();
    }

    private async Task<double> RateAsync(List<byte[]> calls, CancellationToken cancellation)
    {
        var watch = Stopwatch.StartNew();
        await ingest!.SendAsync(calls, CallsAtOnce, cancellation);
        await ingest.DrainAsync(cancellation);
        return events / watch.Elapsed.TotalSeconds;
    }
}
