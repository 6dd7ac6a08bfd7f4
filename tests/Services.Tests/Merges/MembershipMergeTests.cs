using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Segmentation;
using Patron.Services.Tests.Segmentation;
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

    [Test]
    public async Task The_lines_of_one_person_count_together_and_after_a_split_apart_again_and_a_restart_changes_nothing(
        [Values] bool onePartition, CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        var writer = new FactWriter();
        var counts = new List<string>();
        await using (var host = await StartAsync(database, cancellation))
        {
            var (anna, anne) = LedgerMergeTests.PairIn(host, onePartition);
            await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 1, 10_00, "MUG"), People.Buys(anne, 2, 20_00, "SOFA"));
            counts.Add(await CountsAsync(host, cancellation));
            await writer.TellInOrderAsync(host, cancellation, People.Merge(anne, anna, 1));
            counts.Add(await CountsAsync(host, cancellation));

            // By Anne's own identifier, so an unmerge gives it back to her.
            await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 3, 5_00, "LAMP", origin: anne));
            counts.Add(await CountsAsync(host, cancellation));
        }

        await using var again = await StartAsync(database, cancellation);
        await again.DrainAsync(cancellation);
        Assert.That(await CountsAsync(again, cancellation), Is.EqualTo(counts[^1]));
        Assert.That(counts, Is.EqualTo(new[] { "0 of 2, 2 of 2", "1 of 1, 1 of 1", "1 of 1, 1 of 1" }));
    }

    [Test]
    public async Task Lines_go_with_the_one_who_is_split_off(CancellationToken cancellation)
    {
        await using var host = await TestHost.StartAsync(builder => builder.AddSegmentation(), app => app.MapSegmentation(), cancellation);
        var writer = new FactWriter();
        var (anna, anne) = LedgerMergeTests.PairIn(host, onePartition: false);
        await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 1, 10_00, "MUG"), People.Buys(anne, 2, 20_00, "SOFA"));
        await writer.TellInOrderAsync(host, cancellation, People.Merge(anne, anna, 1));
        await writer.TellInOrderAsync(host, cancellation, People.Buys(anna, 3, 5_00, "LAMP", origin: anne));
        await writer.TellInOrderAsync(host, cancellation, People.Split(anne, anna, 2));

        Assert.That(await CountsAsync(host, cancellation), Is.EqualTo("1 of 2, 2 of 2"), "Anne has the sofa and the lamp, Anna the mug");
    }

    private static Task<TestHost> StartAsync(TestDatabase database, CancellationToken cancellation) =>
        TestHost.StartAsync(builder => builder.AddSegmentation(), app => app.MapSegmentation(), cancellation, database);

    /// <summary>Who bought at least two products, and who bought at least one, in the last 90 days.</summary>
    private static async Task<string> CountsAsync(TestHost host, CancellationToken cancellation)
    {
        var counts = new List<string>();
        foreach (var least in new[] { 2, 1 })
        {
            var rule = new PurchasesBetween(PurchaseMeasure.Products, least, null, PurchaseFilter.Any, PurchaseWindow.Last(90));
            using var body = new StringContent(RuleDocuments.Write(rule), System.Text.Encoding.UTF8, "application/json");
            var answer = await host.Http.PostAsync(new Uri("/v1/segmentation/preview", UriKind.Relative), body, cancellation);
            var counted = JsonNode.Parse(await answer.Content.ReadAsStringAsync(cancellation))!;
            counts.Add($"{counted["matching"]} of {counted["customers"]}");
        }

        return string.Join(", ", counts);
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
