using System.Diagnostics;

namespace Patron.Benchmarks.Ingest;

/// <summary>As many purchases a second as every service together can work off.</summary>
internal sealed class IngestEndToEnd : IBenchmark
{
    private const int CustomersFull = 10_000;
    private const int PurchasesFull = 20_000;
    private const int PerCall = 500;
    private const int CallsAtOnce = 4;

    // Parcelvoy, all in one on a machine of this kind.
    private const double ParcelvoyEventsPerSecond = 500;

    private IngestPlace? ingest;
    private int customers;
    private int purchases;

    public Figure Figure { get; } = new(
        "ingest.end_to_end",
        "Purchases of known customers from the HTTP door until profile, loyalty, tagging, segmentation and journey have applied them, in the all-in-one "
            + "process.",
        "purchases/s",
        "Parcelvoy, about 500 events/s: a stored measurement on this kind of machine",
        Target.ValueAtLeast(5_000));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        (customers, purchases) = (place.Of(CustomersFull, least: 20), place.Of(PurchasesFull, least: 40));
        ingest = await IngestPlace.StartAsync(place, cancellation);
        await ingest.SendAsync(ingest.Calls(customers, PerCall, i => i), CallsAtOnce, cancellation);
        await ingest.DrainAsync(cancellation);

        // Known customers take another way than new ones, which has to be compiled once too before anything is timed.
        if (customers == CustomersFull)
            await MeasureAsync(cancellation);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var calls = ingest!.Calls(purchases, PerCall, i => i % customers);
        var watch = Stopwatch.StartNew();
        await ingest.SendAsync(calls, CallsAtOnce, cancellation);
        await ingest.DrainAsync(cancellation);
        var seconds = watch.Elapsed.TotalSeconds;
        await ingest.CheckAsync(cancellation);
        return purchases / seconds;
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(ParcelvoyEventsPerSecond);

    public async ValueTask DisposeAsync()
    {
        if (ingest is not null)
            await ingest.DisposeAsync();
    }
}
