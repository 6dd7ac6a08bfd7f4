using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>The story over all contexts, page by page.</summary>
[TestFixture]
[CancelAfter(60_000)]
[Parallelizable(ParallelScope.All)]
internal sealed class TimelineTests
{
    [Test]
    public async Task Pages_tell_every_line_once_newest_first_over_all_contexts(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        for (var i = 1; i <= 6; i++)
        {
            await world.Host.AdvanceToAsync(TestHost.Start.AddDays(i), cancellation);
            await world.WriteAsync(Topics.Tagging, anna, new TagAdded { Tag = $"a/t{i}", Reason = "r", RuleVersion = 1 });
            await world.WriteAsync(Topics.Loyalty, anna, new PointsEarned { Points = i, Balance = i });
        }
        // Told late: it happened before everything else but the registration.
        await world.WriteOwnAsync(anna, world.Purchase(2, at: TestHost.Start.AddHours(1)), cancellation);
        await world.Host.DrainAsync(cancellation);

        var all = (await world.TimelineAsync(anna, cancellation, "?limit=200"))["entries"]!.AsArray().Select(e => e!.ToJsonString()).ToList();
        foreach (var limit in new[] { 1, 2, 3, 5, 200 })
            Assert.That(await PagedAsync(world, anna, limit, cancellation), Is.EqualTo(all), $"pages of {limit}");

        var entries = all.ConvertAll(e => JsonNode.Parse(e)!);
        Assert.That(entries.Select(e => (DateTimeOffset)e["time"]!), Is.Ordered.Descending);
        Assert.That(entries.Select(e => (string)e["service"]!).Distinct(), Is.EquivalentTo((string[])["tagging", "loyalty", "profile"]));
        Assert.That(entries.FindIndex(e => ((string)e["what"]!).StartsWith("Bought in a shop for 10.00 HKD", StringComparison.Ordinal)), Is.EqualTo(12));
        Assert.That(entries.Select(e => (string)e["what"]!), Does.Contain("Is known by loyalty card").And.Contain("Allowed marketing by email"));
        Assert.That(entries.Count(e => (string)e["what"]! == "Became known"), Is.EqualTo(1));
    }

    [Test]
    public async Task A_page_goes_on_where_the_last_one_ended_whatever_is_added_meanwhile(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        for (var i = 1; i <= 4; i++)
            await world.WriteAsync(Topics.Tagging, anna, new TagAdded { Tag = $"a/t{i}", Reason = "r", RuleVersion = 1 });
        await world.Host.DrainAsync(cancellation);
        var first = await world.TimelineAsync(anna, cancellation, "?limit=2");

        await world.WriteAsync(Topics.Tagging, anna, new TagAdded { Tag = "a/t5", Reason = "r", RuleVersion = 1 });
        await world.Host.DrainAsync(cancellation);
        var second = await world.TimelineAsync(anna, cancellation, $"?limit=2&before={first["next"]}");

        Assert.That(Tags(first).Concat(Tags(second)), Is.EqualTo((string[])["Was tagged a/t4", "Was tagged a/t3", "Was tagged a/t2", "Was tagged a/t1"]));
    }

    [TestCase("?limit=0", "limit")]
    [TestCase("?limit=201", "limit")]
    [TestCase("?before=x", "before")]
    [TestCase("?before=AAAA", "before")]
    public async Task A_page_that_cannot_be_is_refused(string query, string field, CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        using var answer = await world.SendAsync(HttpMethod.Get, $"/v1/customers/{Guid.Empty:D}/timeline{query}", null, "read", cancellation);
        Assert.That(answer.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
        Assert.That((string?)(await answer.JsonAsync(cancellation))["errors"]![0]!["pointer"], Is.EqualTo(field));
    }

    [Test]
    public void A_cursor_reads_back()
    {
        var place = new StoryPlace(TestHost.Start.AddTicks(70), 7, 63, long.MaxValue - 1);
        Assert.That(StoryCursor.Read(StoryCursor.Write(place)), Is.EqualTo(place));
    }

    private static IEnumerable<string> Tags(JsonNode page) => page["entries"]!.AsArray().Select(e => (string)e!["what"]!);

    private static async Task<IReadOnlyList<string>> PagedAsync(ViewWorld world, Guid customer, int limit, CancellationToken cancellation)
    {
        var lines = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = await world.TimelineAsync(customer, cancellation, $"?limit={limit}{(next.Length == 0 ? "" : $"&before={next}")}");
            lines.AddRange(page["entries"]!.AsArray().Select(e => e!.ToJsonString()));
            next = (string?)page["next"];
        }
        return lines;
    }
}
