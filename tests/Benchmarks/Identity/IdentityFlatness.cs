using Patron.Benchmarks.Report;

namespace Patron.Benchmarks.Identity;

/// <summary>
/// Whether finding a customer costs more when there are more: processor time of profile and of PostgreSQL, with nothing kept in mind, so that
/// every event is looked up.
/// </summary>
internal sealed class IdentityFlatness : IBenchmark
{
    private const int Few = 10_000;
    private const int Many = 1_000_000;
    private const int EventsFull = 400_000;
    private const int NothingKept = 2;

    private IdentityPlace? few;
    private IdentityPlace? many;
    private string cluster = "";
    private int events;
    private int next;

    public Figure Figure { get; } = new(
        "identity.flatness",
        "Processor time of finding an event's customer, profile and PostgreSQL, with 1,000,000 customers over that with 10,000.",
        "x",
        "none",
        Target.ValueAtMost(1.2));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        events = place.Of(EventsFull, least: 5_000);
        cluster = place.Postgres.Folder;
        few = await IdentityPlace.StartAsync(place, place.Of(Few, least: 20), cancellation);
        many = await IdentityPlace.StartAsync(place, place.Of(Many, least: 200), cancellation);
        await CostAsync(few, cancellation);
        await CostAsync(many, cancellation);
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

    /// <summary>Seconds of processor time an event.</summary>
    private async Task<double> CostAsync(IdentityPlace place, CancellationToken cancellation)
    {
        var calls = place.Calls(events, next);
        next += events;
        var meter = CpuMeter.Start(cluster);
        await IdentityPlace.ResolveAsync(place.Identities(NothingKept), calls, cancellation);
        return Math.Max(meter.Seconds(), double.Epsilon) / events;
    }
}
