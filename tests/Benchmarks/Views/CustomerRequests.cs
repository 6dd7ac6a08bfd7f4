using System.Net.Http.Headers;
using System.Text;

namespace Patron.Benchmarks.Views;

/// <summary>Requests for random customers of a million, five at once at a fixed rate, over HTTP from the process that serves them.</summary>
/// <param name="ask">Asks for the customer at this place of the copies.</param>
internal sealed class CustomerRequests(
    string id, string what, int perSecond, double millisecondsMax, Func<CustomerBase, int, CancellationToken, Task> ask) : IBenchmark
{
    private readonly Random random = new(360);
    private CustomerBase? customers;
    private TimeSpan round;

    public Figure Figure { get; } = new(id, what, "ms", "none", Target.ValueAtMost(millisecondsMax));

    /// <summary>The whole view of a customer.</summary>
    public static CustomerRequests Show() => new(
        "profile.360.p99", "The view of a customer over all contexts, by HTTP, of random customers of 1,000,000, at 200 requests/s, five at once.", 200, 10,
        (customers, place, cancellation) => customers.Http.GetByteArrayAsync(
            new Uri($"/v1/customers/{customers.Copied[place]:D}", UriKind.Relative), cancellation));

    /// <summary>A lookup by phone at a till, which is kept on the disk before it is answered.</summary>
    public static CustomerRequests LookUp() => new(
        "profile.clienteling.p99",
        "A lookup by phone at a till, by HTTP, of random customers of 1,000,000, at 100 requests/s, five at once; each is on record before it is answered.",
        100, 20, LookUpAsync);

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        round = TimeSpan.FromMilliseconds(place.Of(20_000, least: 400));
        customers = await CustomerBase.BuildAsync(place, cancellation);
        await MeasureAsync(cancellation);
    }

    public Task<double> MeasureAsync(CancellationToken cancellation) => Paced.P99Async(
        perSecond, round, () => ask(customers!, random.Next(customers!.Copied.Length), cancellation), cancellation);

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (customers is not null)
            await customers.DisposeAsync();
    }

    private static async Task LookUpAsync(CustomerBase customers, int place, CancellationToken cancellation)
    {
        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes($$"""{"phone":"{{CustomerBase.PhoneOf(place)}}"}"""));
        body.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var answer = await customers.Http.PostAsync(new Uri("/v1/clienteling/lookup", UriKind.Relative), body, cancellation);
        answer.EnsureSuccessStatusCode();
        await answer.Content.ReadAsByteArrayAsync(cancellation);
    }
}
