using System.Net.Http.Json;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Journey.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Journey;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;
using Patron.Testing;
using SendRequested = Patron.Contracts.Journey.V1.SendRequested;

namespace Patron.Services.Tests.Journey;

/// <summary>The journey service between its topics, through facts in and facts out.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class JourneyServiceTests
{
    private static readonly Topic Out = new(Topics.Journey);

    [Test]
    [CancelAfter(60_000)]
    public async Task A_first_purchase_leads_to_a_welcome_a_day_later_and_a_reminder_when_no_other_follows(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);
        await PurchaseAsync(host, customer, "R-1", cancellation);
        await host.DrainAsync(cancellation);

        await host.AdvanceToAsync(TestHost.Start.AddDays(40), cancellation);

        var sends = await SendsAsync(host, cancellation);
        Assert.That(sends.Select(s => s.Fact.Template), Is.EqualTo(new[] { "welcome", "second-purchase-reminder" }));
        Assert.That(sends.Select(s => s.At), Is.EqualTo(new[] { TestHost.Start.AddDays(1), TestHost.Start.AddDays(31) }));
        Assert.That(sends.Select(s => s.Key), Is.All.EqualTo(customer.ToString("D")));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_second_purchase_ends_the_wait_and_nothing_more_is_sent(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var customer = Guid.CreateVersion7(TestHost.Start);
        await PurchaseAsync(host, customer, "R-1", cancellation);
        await host.DrainAsync(cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(10), cancellation);
        await PurchaseAsync(host, customer, "R-2", cancellation);
        await host.DrainAsync(cancellation);
        await host.AdvanceToAsync(TestHost.Start.AddDays(60), cancellation);

        Assert.That((await SendsAsync(host, cancellation)).Select(s => s.Fact.Template), Is.EqualTo(new[] { "welcome" }));
        var story = await host.Http.GetFromJsonAsync(
            new Uri($"/v1/journey/customers/{customer}/timeline", UriKind.Relative), StoryJson.Default.IReadOnlyListTimelineEntry, cancellation);
        Assert.That(story![^1].What, Is.EqualTo("Left the journey welcome: goal"));
        Assert.That(story[^1].Why, Does.Contain("R-2"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_segment_that_a_changed_rule_filled_starts_no_journey_and_a_real_entry_does(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        var entered = new SegmentEntered { Segment = "dormant", Reason = "last purchase 181 days ago", EvaluatedAt = TestHost.Start.ToTimestamp() };
        await host.PublishAsync(new Topic(Topics.Segmentation), "segmentation", Guid.CreateVersion7(TestHost.Start), entered, cancellation, backfill: true);
        await host.PublishAsync(new Topic(Topics.Segmentation), "segmentation", Guid.CreateVersion7(TestHost.Start), entered, cancellation);
        await host.DrainAsync(cancellation);

        Assert.That((await SendsAsync(host, cancellation)).Select(s => s.Fact.Template), Is.EqualTo(new[] { "we-miss-you" }));
    }

    [TestCase("silver", "gold", 1)]
    [TestCase("gold", "silver", 0)]
    [CancelAfter(60_000)]
    public async Task Only_a_higher_tier_is_celebrated(string from, string to, int messages, CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await host.PublishAsync(
            new Topic(Topics.Loyalty), "loyalty", Guid.CreateVersion7(TestHost.Start),
                new TierChanged { From = from, To = to, Reason = "spend" }, cancellation);
        await host.DrainAsync(cancellation);

        var sends = await SendsAsync(host, cancellation);
        Assert.That(sends, Has.Count.EqualTo(messages));
        Assert.That(sends.Select(s => s.Fact.Data["tier"]), Is.All.EqualTo("gold"));
    }

    private static Task<TestHost> StartAsync(CancellationToken cancellation) =>
        TestHost.StartAsync(builder => builder.AddJourney(), app => app.MapJourney(), cancellation);

    private static Task PurchaseAsync(TestHost host, Guid customer, string receipt, CancellationToken cancellation) => host.PublishAsync(
        new Topic(Topics.Profile),
        "profile",
        customer,
        new PurchaseRecorded
        {
            PurchaseId = receipt,
            Receipt = receipt,
            OccurredAt = host.Clock.GetUtcNow().ToTimestamp(),
            Currency = "GBP",
            Lines = { new Line { Product = "85123A", Kind = LineKind.Sale, Quantity = 6, AmountMinor = 1530 } },
        },
        cancellation);

    private static async Task<List<(string? Key, DateTimeOffset At, SendRequested Fact)>> SendsAsync(TestHost host, CancellationToken cancellation) =>
        [.. (await host.ReadTopicAsync(Out, cancellation))
            .Where(r => r.Envelope.Type == SendRequested.Descriptor.FullName)
            .OrderBy(r => r.Envelope.Time)
            .Select(r => (r.Record.Key, r.Envelope.Time, SendRequested.Parser.ParseFrom(r.Record.Value!.Value.Span)))];
}
