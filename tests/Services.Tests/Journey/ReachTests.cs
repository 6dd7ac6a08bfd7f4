using System.Net;
using System.Net.Http.Json;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Journey;
using Patron.Runtime.Projections;
using Patron.Testing;

namespace Patron.Services.Tests.Journey;

/// <summary>How far customers came, as marketers see it.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ReachTests
{
    private static readonly DateOnly FirstDay = DateOnly.FromDateTime(TestHost.Start.UtcDateTime);

    [Test]
    [CancelAfter(60_000)]
    public async Task Reach_tells_per_day_who_entered_reached_each_step_and_left_and_a_rebuild_tells_the_same(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(builder => builder.AddJourney(), app => app.MapJourney(), cancellation);
        var facts = new FactWriter();
        var buyers = Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();
        await facts.WriteAsync(host, Topics.Profile, [.. buyers.Select(b => (b, (Google.Protobuf.IMessage)Purchase(host, "R-1")))]);
        await facts.WriteAsync(host, Topics.Loyalty, buyers[0], new TierChanged { From = "member", To = "silver", Reason = "spend" });
        await host.DrainAsync(cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(3), cancellation);
        await facts.WriteAsync(host, Topics.Profile, buyers[0], Purchase(host, "R-2"));
        await host.DrainAsync(cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(40), cancellation);

        var reach = await ReachAsync(host, "", cancellation);
        string[] expected =
        [
            $"{FirstDay:yyyy-MM-dd} tier-reached v1: 1 entered; tier-up 1; completed 1",
            $"{FirstDay:yyyy-MM-dd} welcome v1: 3 entered; settle 3; ",
            $"{FirstDay.AddDays(1):yyyy-MM-dd} welcome v1: 0 entered; second-purchase 3, welcome 3; ",
            $"{FirstDay.AddDays(3):yyyy-MM-dd} welcome v1: 0 entered; ; goal 1",
            $"{FirstDay.AddDays(31):yyyy-MM-dd} welcome v1: 0 entered; reminder 2; completed 2",
        ];
        Assert.That(reach, Is.EqualTo(expected));
        var days = $"?from={FirstDay.AddDays(1):yyyy-MM-dd}&to={FirstDay.AddDays(3):yyyy-MM-dd}";
        Assert.That(await ReachAsync(host, days, cancellation), Is.EqualTo(expected[2..4]));

        using var answer = await host.Http.PostAsync(new Uri("/v1/journey/views/reach/rebuild", UriKind.Relative), null, cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.Accepted));
        var begun = await answer.Content.ReadFromJsonAsync(ReachJson.Default.Generation, cancellation);
        Assert.That(begun, Is.EqualTo(new Generation(2, 2, GenerationState.Building)));
        await host.DrainAsync(cancellation);
        Assert.That(await host.Service("journey").GenerationsAsync("reach", cancellation), Has.One.EqualTo(new Generation(2, 2, GenerationState.Live)));
        Assert.That(await ReachAsync(host, "", cancellation), Is.EqualTo(expected));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_range_of_days_that_ends_before_it_begins_is_refused(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(builder => builder.AddJourney(), app => app.MapJourney(), cancellation);

        using var answer = await host.Http.GetAsync(new Uri("/v1/journey/reach?from=2024-02-01&to=2024-01-01", UriKind.Relative), cancellation);

        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    private static PurchaseRecorded Purchase(TestHost host, string receipt) => new()
    {
        PurchaseId = receipt,
        Receipt = receipt,
        OccurredAt = host.Clock.GetUtcNow().ToTimestamp(),
        Currency = "GBP",
        Lines = { new Line { Product = "85123A", Kind = LineKind.Sale, Quantity = 6, AmountMinor = 1530 } },
    };

    private static async Task<List<string>> ReachAsync(TestHost host, string query, CancellationToken cancellation)
    {
        var path = new Uri("/v1/journey/reach" + query, UriKind.Relative);
        var rows = await host.Http.GetFromJsonAsync(path, ReachJson.Default.IReadOnlyListReachRow, cancellation);
        return [.. rows!.Select(r => $"{r.Day:yyyy-MM-dd} {r.Journey} v{r.Version}: {r.Entered} entered; {Told(r.Steps)}; {Told(r.Left)}")];
    }

    private static string Told(IReadOnlyDictionary<string, long> counts) =>
        string.Join(", ", counts.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key} {c.Value}"));
}
