using System.Net.Http.Headers;
using System.Text;

namespace Patron.Benchmarks.Views;

/// <summary>A lookup by phone at a till, which is kept on the disk before it is answered.</summary>
internal sealed class LookUpAtTills : IBenchmark
{
    private const int PerSecond = 100;
    private readonly Random random = new(20);
    private CustomerBase? customers;
    private TimeSpan round;

    public Figure Figure { get; } = new(
        "profile.clienteling.p99",
        "A lookup by phone at a till, by HTTP, of random customers of 1,000,000, at 100 requests/s, five at once; each is on record before it is answered.",
        "ms",
        "none",
        Target.ValueAtMost(20));

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
        var phone = CustomerBase.PhoneOf(random.Next(customers!.Copied.Length));
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"phone":"{{phone}}"}"""));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await customers.Http.PostAsync(new Uri("/v1/clienteling/lookup", UriKind.Relative), body, cancellation);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync(cancellation);
    }
}
