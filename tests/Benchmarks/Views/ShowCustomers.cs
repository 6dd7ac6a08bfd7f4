namespace Patron.Benchmarks.Views;

/// <summary>The whole view of a customer over HTTP.</summary>
internal sealed class ShowCustomers : IBenchmark
{
    private const int PerSecond = 200;
    private readonly Random random = new(360);
    private CustomerBase? customers;
    private TimeSpan round;

    public Figure Figure { get; } = new(
        "profile.360.p99",
        "The view of a customer over all contexts, by HTTP, of random customers of 1,000,000, at 200 requests/s, five at once; the caller in the same "
            + "process.",
        "ms",
        "none",
        Target.ValueAtMost(10));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        round = TimeSpan.FromMilliseconds(place.Of(20_000, least: 400));
        customers = await CustomerBase.BuildAsync(place, cancellation);
        await Paced.P99Async(PerSecond, round / 4, _ => AskAsync(cancellation), cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => Paced.P99Async(PerSecond, round, _ => AskAsync(cancellation), cancellation);

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (customers is not null)
            await customers.DisposeAsync();
    }

    private async Task AskAsync(CancellationToken cancellation)
    {
        var customer = customers!.Copied[random.Next(customers.Copied.Length)];
        await customers.Http.GetByteArrayAsync(new Uri($"/v1/customers/{customer:D}", UriKind.Relative), cancellation);
    }
}
