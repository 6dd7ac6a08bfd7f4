using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Services.Tests.Privacy;
using Patron.Services.Tests.Profile;
using Patron.Testing;

namespace Patron.Services.Tests.Merges;

/// <summary>Every service in one host, profile too: what a person's decision in profile does to points, tags, segments and journeys.</summary>
[CancelAfter(120_000)]
internal sealed class WholePersonTests
{
    private static readonly string[] Shown =
        ["/v1/loyalty/customers/{0}", "/v1/tagging/customers/{0}/tags", "/v1/segmentation/customers/{0}", "/v1/customers/{0}/consents"];

    [Test]
    public async Task What_profile_merges_and_parts_is_one_customer_and_two_again_everywhere(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var host = await WholeHost.StartAsync(database, cancellation);
        var anna = await Anna.LiveAsync(host, cancellation);
        var anne = await host.TellAsync(Events.Update("anne", "ANNE0001", "anne@cust.example"), cancellation);
        await host.TellAsync(Events.Purchase("anne-1", "ANNE0001", currency: "GBP"), cancellation);
        await host.Host.DrainAsync(cancellation);
        var (pointsOfAnna, pointsOfAnne) = (await PointsAsync(host, anna, cancellation), await PointsAsync(host, anne, cancellation));
        var before = (await ShownAsync(host, anna, cancellation), await ShownAsync(host, anne, cancellation));

        var link = await MergeAsync(host, anna, anne, cancellation);
        await host.Host.DrainAsync(cancellation);
        var merged = (await PointsAsync(host, anna, cancellation), await PointsAsync(host, anne, cancellation));

        using (var undone = await host.PostAsync($"/v1/customers/merges/{link}/undo", new { reason = "two people", who = "Mei" }, cancellation))
            Assert.That(undone.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        await host.Host.DrainAsync(cancellation);

        Assert.That(pointsOfAnne, Is.GreaterThan(0));
        Assert.That(merged, Is.EqualTo((pointsOfAnna + pointsOfAnne, pointsOfAnna + pointsOfAnne)), "whichever id is asked");
        Assert.That((await ShownAsync(host, anna, cancellation), await ShownAsync(host, anne, cancellation)), Is.EqualTo(before));
    }

    [Test]
    public async Task What_the_merged_customer_buys_meanwhile_goes_back_with_them(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var host = await WholeHost.StartAsync(database, cancellation);
        var anna = await host.TellAsync(Anna.Update(), cancellation);
        // Who was met first stays.
        await host.Host.AdvanceToAsync(host.Host.Clock.GetUtcNow().AddMinutes(1), cancellation);
        var anne = await host.TellAsync(Events.Update("anne", "ANNE0001", "anne@cust.example"), cancellation);
        await host.TellAsync(Events.Purchase("anna-1", Anna.Card, currency: "GBP"), cancellation);
        await host.TellAsync(Events.Purchase("anne-1", "ANNE0001", currency: "GBP"), cancellation);
        await host.Host.DrainAsync(cancellation);
        var points = await PointsAsync(host, anne, cancellation);
        var link = await MergeAsync(host, anna, anne, cancellation);
        Assert.That(await host.TellAsync(Events.Purchase("anne-2", "ANNE0001", currency: "GBP"), cancellation), Is.EqualTo(anna));
        await host.Host.DrainAsync(cancellation);
        var merged = await PointsAsync(host, anna, cancellation);
        using (var undone = await host.PostAsync($"/v1/customers/merges/{link}/undo", new { reason = "two people", who = "Mei" }, cancellation))
            Assert.That(undone.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        await host.Host.DrainAsync(cancellation);

        Assert.That(merged, Is.EqualTo(3 * points));
        Assert.That(await PointsAsync(host, anna, cancellation), Is.EqualTo(points));
        Assert.That(await PointsAsync(host, anne, cancellation), Is.EqualTo(2 * points));
    }

    private static async Task<Guid> MergeAsync(WholeHost host, Guid stays, Guid goes, CancellationToken cancellation)
    {
        using var merged = await host.PostAsync(
            "/v1/customers/merges", new { customers = (Guid[])[stays, goes], reason = "one person", who = "Mei", despiteConflicts = true }, cancellation);
        Assert.That(merged.StatusCode, Is.EqualTo(HttpStatusCode.OK), await merged.Content.ReadAsStringAsync(cancellation));
        var answer = await merged.JsonAsync(cancellation);
        Assert.That((Guid)answer["customer"]!, Is.EqualTo(stays));
        return (Guid)answer["link"]!;
    }

    private static async Task<long> PointsAsync(WholeHost host, Guid customer, CancellationToken cancellation) =>
        (long)(await host.ReadAsync($"/v1/loyalty/customers/{customer}", cancellation))["balance"]!;

    private static async Task<string> ShownAsync(WholeHost host, Guid customer, CancellationToken cancellation)
    {
        var texts = new List<string>();
        foreach (var path in Shown)
        {
            var shown = await host.ReadAsync(string.Format(System.Globalization.CultureInfo.InvariantCulture, path, customer), cancellation);
            if (shown is JsonObject { } told && told.ContainsKey("tags"))
                People.WithoutMoments(told);
            if (shown is JsonObject { } all && all.Remove("evaluatedAt"))
            {
                foreach (var segment in all["segments"]!.AsArray())
                    segment!.AsObject().Remove("since");
            }

            texts.Add(shown.ToJsonString());
        }

        return string.Join('\n', texts);
    }
}
