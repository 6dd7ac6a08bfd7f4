using Patron.Benchmarks.Report;

namespace Patron.Benchmarks.Ingest;

/// <summary>Whether a purchase costs more when there are more customers: processor time of every service and of PostgreSQL, not the clock.</summary>
internal sealed class IngestFlatness : IBenchmark
{
    private const int Few = 10_000;
    private const int Many = 1_000_000;
    private const int PurchasesFull = 30_000;
    private const int PerCall = 500;

    // Spreads the purchases over all customers: prime to both numbers of them.
    private const int Stride = 7_919;

    private IngestPlace? few;
    private IngestPlace? many;
    private string cluster = "";
    private int fewCustomers;
    private int manyCustomers;
    private int purchases;
    private int next;

    public Figure Figure { get; } = new(
        "ingest.flatness",
        "Processor time of a purchase of a known customer, all services and PostgreSQL, with 1,000,000 customers over that with 10,000.",
        "x",
        Figure.NoPeer,
        Target.ValueAtMost(1.2));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        (fewCustomers, manyCustomers, purchases) = (place.Of(Few, least: 20), place.Of(Many, least: 200), place.Of(PurchasesFull, least: 40));
        cluster = place.Postgres.Folder;
        few = await StartAsync(place, fewCustomers, cancellation);
        many = await StartAsync(place, manyCustomers, cancellation);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var small = await CostAsync(few!, fewCustomers, cancellation);
        return await CostAsync(many!, manyCustomers, cancellation) / small;
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (few is not null)
            await few.DisposeAsync();
        if (many is not null)
            await many.DisposeAsync();
    }

    private static async Task<IngestPlace> StartAsync(BenchPlace place, int customers, CancellationToken cancellation)
    {
        const int BuildAtOnce = 50_000;
        var ingest = await IngestPlace.StartAsync(place, cancellation);
        for (var from = 0; from < customers; from += BuildAtOnce)
        {
            var first = from;
            await ingest.SendAsync(ingest.Calls(Math.Min(BuildAtOnce, customers - from), PerCall, i => first + i), 4, cancellation);
        }

        await ingest.DrainAsync(cancellation);
        return ingest;
    }

    /// <summary>Seconds of processor time a purchase.</summary>
    private async Task<double> CostAsync(IngestPlace ingest, int customers, CancellationToken cancellation)
    {
        var from = next;
        next += purchases;
        var calls = ingest.Calls(purchases, PerCall, i => (int)((long)(from + i) * Stride % customers));
        var meter = CpuMeter.Start(cluster);
        await ingest.SendAsync(calls, 4, cancellation);
        await ingest.DrainAsync(cancellation);
        return meter.Seconds() / purchases;
    }
}
