using System.Net.Http.Headers;
using System.Text;
using Patron.History;
using Patron.Runtime.Processing;

namespace Patron.Tool.Run;

/// <summary>
/// Sends the history through the public ingestion API on simulated business time: an hour's deliveries at the end of the hour, each hour
/// only after the one before has been worked off by every service.
/// </summary>
/// <param name="http">Speaks to profile, with an API key of the scope <c>ingest</c>.</param>
/// <param name="time">Business time of every service.</param>
/// <param name="progress">Where it is kept how far the replay is; null when nobody will resume it.</param>
internal sealed class ReplayHistory(HttpClient http, IBusinessTimeDriver time, ReplayProgress? progress)
{
    private const int EventsPerCallMax = 500;
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    private readonly HashSet<string> introduced = [];

    /// <summary>Delivers from <paramref name="state"/> on. Interrupted anywhere, it may be run again: a second delivery of an event changes nothing.</summary>
    public async Task<ReplayState> RunAsync(
        PurchaseHistory history, int? days, ReplayState state, Action<int, int, DateTimeOffset> report, CancellationToken cancellation)
    {
        var deliveries = history.Deliveries(days).ToList();
        var countries = history.Customers.ToDictionary(c => c.Number);
        foreach (var number in deliveries.Take(state.Delivered).Select(d => d.Invoice.CustomerNumber).OfType<string>())
            introduced.Add(number);

        var next = state.Delivered;
        while (next < deliveries.Count)
        {
            var until = HourEnd(deliveries[next].At);
            await time.AdvanceToAsync(until, cancellation);
            var events = new List<string>();
            while (next < deliveries.Count && deliveries[next].At <= until)
            {
                var invoice = deliveries[next++].Invoice;
                var person = invoice.CustomerNumber is { } number ? SyntheticPeople.For(countries[number]) : null;
                if (person is not null && introduced.Add(person.CustomerNumber))
                    events.Add(TouchpointEvents.Customer(invoice, person));
                events.Add(TouchpointEvents.Purchase(invoice, person));
            }

            foreach (var chunk in events.Chunk(EventsPerCallMax))
                await SendAsync(TouchpointEvents.Batch(chunk), cancellation);
            if (progress is not null)
                await progress.WriteAsync(new ReplayState(next, time.Now, false, null), cancellation);
            report(next, deliveries.Count, time.Now);
        }

        await time.AdvanceToAsync(time.Now + Hour, cancellation);
        await time.DrainAsync(cancellation);
        return new ReplayState(next, time.Now, true, null);
    }

    public static DateTimeOffset HourEnd(DateTimeOffset time) =>
        new DateTimeOffset(time.UtcTicks - (time.UtcTicks % TimeSpan.TicksPerHour), TimeSpan.Zero) + Hour;

    private async Task SendAsync(string batch, CancellationToken cancellation)
    {
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(batch));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/cloudevents-batch+json");
        using var response = await http.PostAsync(new Uri("/v1/events", UriKind.Relative), content, cancellation);
        if (!response.IsSuccessStatusCode)
            throw new InvalidOperationException($"The ingestion API refused events of the history: {await response.Content.ReadAsStringAsync(cancellation)}");
    }
}
