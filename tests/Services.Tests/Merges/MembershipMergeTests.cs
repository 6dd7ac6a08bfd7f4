using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Testing;
using Contract = Patron.Contracts.Segmentation.V1;

namespace Patron.Services.Tests.Merges;

/// <summary>Segments of customers who turn out to be one person, and not to be.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class MembershipMergeTests
{
    private const int Pairs = 40;

    [Test]
    public async Task Whoever_is_split_off_before_anybody_read_of_the_merge_is_in_their_segments_again_and_no_journey_begins(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(builder => builder.AddSegmentation(), app => app.MapSegmentation(), cancellation);
        var writer = new FactWriter();
        List<(Guid Anna, Guid Anne)> pairs = [.. Enumerable.Range(0, Pairs).Select(i => LedgerMergeTests.PairIn(host, onePartition: i % 2 == 0))];
        await writer.TellAsync(
            host, [.. pairs.SelectMany((pair, i) => new[] { People.Buys(pair.Anne, (2 * i) + 1, 100), People.Buys(pair.Anna, (2 * i) + 2, 200) })]);
        await host.DrainAsync(cancellation);
        var before = await SegmentsAsync(host, pairs, cancellation);
        var entered = await EnteredAsync(host, cancellation);
        Assert.That(before, Is.All.Contains("new,active"));

        // Both at once, so that the row on the compacted topic is mostly replaced before it is read.
        await writer.TellAsync(
            host, [.. pairs.SelectMany(pair => new[] { People.Merge(pair.Anne, pair.Anna, 1)[0], People.Split(pair.Anne, pair.Anna, 2)[0] })]);
        await host.DrainAsync(cancellation);

        Assert.That(await SegmentsAsync(host, pairs, cancellation), Is.EqualTo(before));
        var again = await EnteredAsync(host, cancellation);
        Assert.That(again, Has.Count.GreaterThanOrEqualTo(entered.Count + Pairs));
        Assert.That(again.Count(envelope => !envelope.Backfill), Is.EqualTo(entered.Count));
    }

    private static async Task<List<string>> SegmentsAsync(TestHost host, List<(Guid Anna, Guid Anne)> pairs, CancellationToken cancellation)
    {
        var segments = new List<string>();
        foreach (var (_, anne) in pairs)
        {
            var answer = await host.GetAsync($"/v1/segmentation/customers/{anne}", cancellation);
            segments.Add(string.Join(',', answer["segments"]!.AsArray().Where(s => (bool)s!["member"]!).Select(s => (string)s!["segment"]!)));
        }

        return segments;
    }

    private static async Task<List<Envelope>> EnteredAsync(TestHost host, CancellationToken cancellation) =>
        [.. (await host.ReadTopicAsync(new Topic(Topics.Segmentation), cancellation)).Select(r => r.Envelope)
            .Where(envelope => envelope.Type == Contract.SegmentEntered.Descriptor.FullName)];
}
