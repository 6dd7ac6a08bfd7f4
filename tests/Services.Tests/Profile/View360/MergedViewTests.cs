using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Npgsql;
using Patron.Contracts;
using Patron.Contracts.Journey.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Profile;
using CustomerErased = Patron.Contracts.Profile.V1.CustomerErased;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>Views of customers that turned out to be one person, that turned out not to be, and that are erased.</summary>
[TestFixture]
[CancelAfter(60_000)]
[Parallelizable(ParallelScope.All)]
internal sealed class MergedViewTests
{
    [Test]
    public async Task Either_id_of_a_merged_customer_answers_with_the_view_of_both(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var (a, b) = (await world.RegisterAsync(1, cancellation), await world.RegisterAsync(2, cancellation));
        var run = Guid.CreateVersion7().ToString("D");
        await world.WriteOwnAsync(a, world.Purchase(2, minor: 1000), cancellation);
        await world.WriteOwnAsync(b, world.Purchase(4, minor: 500), cancellation);
        await world.WriteAsync(Topics.Journey, a, new JourneyEntered { Journey = "welcome", InstanceId = run, Reason = "r" });
        await MergeAsync(world, a, b, 1, cancellation);
        await world.WriteAsync(Topics.Loyalty, b, new PointsEarned { Points = 40, Balance = 40 });
        await world.Host.DrainAsync(cancellation);

        var (viaA, viaB) = (await world.ViewAsync(a, cancellation), await world.ViewAsync(b, cancellation));
        var story = await world.TimelineAsync(a, cancellation);

        Assert.That(viaA.ToJsonString(), Is.EqualTo(viaB.ToJsonString()));
        Assert.Multiple(() =>
        {
            Assert.That((string?)viaA["id"], Is.EqualTo(b.ToString("D")));
            Assert.That(viaA["aliases"]!.AsArray().Select(i => (string)i!), Is.EqualTo((string[])[a.ToString("D")]));
            Assert.That((long?)viaA["purchases"]!["count"], Is.EqualTo(2));
            Assert.That((long?)viaA["purchases"]!["spend"]![0]!["minor"], Is.EqualTo(1500));
            Assert.That((long?)viaA["loyalty"]!["balance"], Is.EqualTo(40));
            Assert.That((string?)viaA["journeys"]![0]!["instance"], Is.EqualTo(run));
            Assert.That(
                story["entries"]!.AsArray().Select(e => (string)e!["customer"]!).Distinct(), Is.EquivalentTo((string[])[a.ToString("D"), b.ToString("D")]));
            Assert.That(story["entries"]!.AsArray().Select(e => (string)e!["what"]!), Does.Contain($"Was merged into customer {b:D}"));
        });
    }

    [Test]
    public async Task An_unmerge_gives_each_its_own_back_and_what_came_meanwhile_goes_by_the_identifier_used(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var (a, b) = (await world.RegisterAsync(1, cancellation), await world.RegisterAsync(2, cancellation));
        await world.WriteOwnAsync(a, world.Purchase(2, minor: 1000), cancellation);
        await world.WriteAsync(Topics.Tagging, a, new TagAdded { Tag = "a/x", Reason = "r", RuleVersion = 1 });
        await world.Host.DrainAsync(cancellation);
        var before = await world.ViewAsync(a, cancellation);

        await MergeAsync(world, a, b, 1, cancellation);
        await UnmergeAsync(world, a, b, 2, cancellation);
        await world.Host.DrainAsync(cancellation);
        Assert.That(Told(await world.ViewAsync(a, cancellation)), Is.EqualTo(Told(before)), "nothing came in between");

        await MergeAsync(world, a, b, 3, cancellation);
        await world.WriteOwnAsync(b, world.Purchase(4, minor: 300, origin: a), cancellation);
        await world.WriteOwnAsync(b, world.Purchase(6, minor: 20), cancellation);
        // Told by a producer that did not know of the merge yet.
        await world.WriteOwnAsync(a, world.Purchase(8, minor: 7), cancellation);
        await world.Host.DrainAsync(cancellation);
        Assert.That((long?)(await world.ViewAsync(a, cancellation))["purchases"]!["spend"]![0]!["minor"], Is.EqualTo(1327));

        await UnmergeAsync(world, a, b, 4, cancellation);
        await world.Host.DrainAsync(cancellation);
        Assert.That((long?)(await world.ViewAsync(a, cancellation))["purchases"]!["spend"]![0]!["minor"], Is.EqualTo(1307));
        Assert.That((long?)(await world.ViewAsync(b, cancellation))["purchases"]!["spend"]![0]!["minor"], Is.EqualTo(20));
        Assert.That((await world.ViewAsync(b, cancellation))["aliases"], Is.Null);
    }

    [Test]
    public async Task Chains_lead_to_the_last(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var (a, b, c) = (
            await world.RegisterAsync(1, cancellation), await world.RegisterAsync(2, cancellation), await world.RegisterAsync(3, cancellation));
        await MergeAsync(world, a, b, 1, cancellation);
        await MergeAsync(world, b, c, 1, cancellation);
        await world.Host.DrainAsync(cancellation);

        var view = await world.ViewAsync(a, cancellation);

        Assert.That((string?)view["id"], Is.EqualTo(c.ToString("D")));
        Assert.That(view["aliases"]!.AsArray().Select(i => (string)i!), Is.EqualTo((string[])[b.ToString("D"), a.ToString("D")]));
    }

    [Test]
    public async Task Who_is_merged_by_a_decision_is_shown_as_one_parted_again_as_two_and_erased_not_at_all(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var (one, other) = (await world.RegisterAsync(1, cancellation), await world.RegisterAsync(2, cancellation));
        await Identity.AcceptAsync(world.Host, Events.Purchase("bought-1", card: ViewWorld.Card(1)), cancellation);
        await Identity.AcceptAsync(world.Host, Events.Purchase("bought-2", card: ViewWorld.Card(2)), cancellation);
        await world.Host.DrainAsync(cancellation);

        var merge = await Identity.MergeAsync(world.Host, one, other, cancellation, despiteConflicts: true);
        var (stays, goes) = ((Guid)merge["customer"]!, (Guid)merge["merged"]!);
        Assert.That((Guid)(await world.ViewAsync(goes, cancellation))["id"]!, Is.EqualTo(stays), "from the merge on, whatever was read of it yet");
        await world.Host.DrainAsync(cancellation);
        var view = await world.ViewAsync(goes, cancellation);
        Assert.Multiple(() =>
        {
            Assert.That((long?)view["purchases"]!["count"], Is.EqualTo(2));
            Assert.That((int?)view["identifiers"], Is.EqualTo(6));
            Assert.That(view["aliases"]!.AsArray().Select(i => (Guid)i!), Is.EqualTo((Guid[])[goes]));
        });

        using (var undone = await Identity.PostAsync(world.Host, $"/v1/customers/merges/{merge["link"]}/undo", Identity.Said([]), cancellation))
            Assert.That(undone.StatusCode, Is.EqualTo(HttpStatusCode.NoContent));
        await world.Host.DrainAsync(cancellation);
        foreach (var customer in (Guid[])[one, other])
        {
            var parted = await world.ViewAsync(customer, cancellation);
            Assert.That(((Guid)parted["id"]!, (long)parted["purchases"]!["count"]!, (int)parted["identifiers"]!), Is.EqualTo((customer, 1L, 3)));
        }

        var again = await Identity.MergeAsync(world.Host, one, other, cancellation, despiteConflicts: true);
        var asked = new JsonObject { ["reason"] = "request", ["reference"] = "T-1" };
        using (var erased = await Identity.PostAsync(world.Host, $"/v1/customers/{again["merged"]}/erasure", asked, cancellation))
            Assert.That(erased.IsSuccessStatusCode, Is.True, await erased.Content.ReadAsStringAsync(cancellation));
        foreach (var path in new[] { one, other }.SelectMany(id => ((string[])["", "/timeline"]).Select(end => $"/v1/customers/{id:D}{end}")))
            Assert.That(await world.RefusalAsync(path, cancellation), Is.EqualTo((HttpStatusCode.Gone, "customer-erased")), path);
        await world.Host.DrainAsync(cancellation);
        Assert.That(await KeptAsync(world, one, other, cancellation), Is.Zero);
    }

    [Test]
    public async Task A_journey_that_ends_after_the_merge_is_over_for_both(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var (a, b) = (await world.RegisterAsync(1, cancellation), await world.RegisterAsync(2, cancellation));
        var run = Guid.CreateVersion7().ToString("D");
        await world.WriteAsync(Topics.Journey, a, new JourneyEntered { Journey = "welcome", InstanceId = run, Reason = "r" });
        await MergeAsync(world, a, b, 1, cancellation);
        await world.WriteAsync(Topics.Journey, b, new StepTaken { Journey = "welcome", InstanceId = run, Step = "settle", Reason = "r" });
        await world.Host.DrainAsync(cancellation);
        Assert.That((await world.ViewAsync(b, cancellation))["journeys"]!.AsArray().Select(j => (string)j!["step"]!), Is.EqualTo((string[])["settle"]));

        await world.WriteAsync(Topics.Journey, b, new JourneyLeft { Journey = "welcome", InstanceId = run, Outcome = "goal", Reason = "r" });
        await world.Host.DrainAsync(cancellation);
        Assert.That((await world.ViewAsync(b, cancellation))["journeys"]!.AsArray(), Is.Empty);
    }

    [Test]
    public async Task Of_an_erased_customer_nothing_is_shown_or_kept_under_any_id_and_later_facts_are_dropped(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var (a, b) = (await world.RegisterAsync(1, cancellation), await world.RegisterAsync(2, cancellation));
        await world.WriteOwnAsync(a, world.Purchase(2), cancellation);
        await MergeAsync(world, a, b, 1, cancellation);
        await world.WriteAsync(Topics.Tagging, b, new TagAdded { Tag = "a/x", Reason = "r", RuleVersion = 1 });
        await world.WriteOwnAsync(b, new CustomerErased { Aliases = { a.ToString("D") } }, cancellation);
        await world.Host.DrainAsync(cancellation);
        await world.WriteAsync(Topics.Tagging, b, new TagAdded { Tag = "a/y", Reason = "r", RuleVersion = 1 });
        await world.WriteAsync(Topics.Tagging, a, new TagAdded { Tag = "a/y", Reason = "r", RuleVersion = 1 });
        await world.Host.DrainAsync(cancellation);

        string[] ends = ["", "/timeline", "?asOf=2024-01-10T09:00:00Z"];
        foreach (var path in new[] { a, b }.SelectMany(id => ends.Select(end => $"/v1/customers/{id:D}{end}")))
            Assert.That(await world.RefusalAsync(path, cancellation), Is.EqualTo((HttpStatusCode.Gone, "customer-erased")), path);
        using var found = await world.PostAsync("/v1/customers/lookup/view", new JsonObject { ["card"] = ViewWorld.Card(1) }, "read", cancellation);
        Assert.That(found.StatusCode, Is.EqualTo(HttpStatusCode.Gone));
        Assert.That(await KeptAsync(world, a, b, cancellation), Is.Zero);
    }

    /// <summary>Lines of their story, and summaries that say more than that they were erased.</summary>
    private static async Task<long> KeptAsync(ViewWorld world, Guid one, Guid other, CancellationToken cancellation)
    {
        await using var count = world.Host.Service("profile").Database.CreateCommand(
            """
            select (select count(*) from customer360_story where customer = any($1))
              + (select count(*) from customer360 where customer = any($1) and (not erased or summary <> $2))
            """);
        count.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [one, other] });
        count.Parameters.Add(new NpgsqlParameter<string> { TypedValue = CustomerProjection.Write(CustomerSummary.None with { Erased = true }) });
        return (long)(await count.ExecuteScalarAsync(cancellation))!;
    }

    private static string Told(JsonNode view)
    {
        view.AsObject().Remove("freshness");
        return view.ToJsonString();
    }

    private static async Task MergeAsync(ViewWorld world, Guid a, Guid b, long version, CancellationToken cancellation)
    {
        var link = Guid.CreateVersion7().ToString("D");
        await world.AliasAsync(a, b, cancellation);
        await world.WriteOwnAsync(a, new MergedAway { Into = b.ToString("D"), LinkId = link, Version = version }, cancellation);
        await world.WriteOwnAsync(b, new Absorbed { Customer = a.ToString("D"), LinkId = link, Version = version }, cancellation);
    }

    private static async Task UnmergeAsync(ViewWorld world, Guid a, Guid b, long version, CancellationToken cancellation)
    {
        var link = Guid.CreateVersion7().ToString("D");
        await world.AliasAsync(a, null, cancellation);
        await world.WriteOwnAsync(a, new SplitOff { From = b.ToString("D"), LinkId = link, Version = version }, cancellation);
        await world.WriteOwnAsync(b, new GaveBack { Customer = a.ToString("D"), LinkId = link, Version = version }, cancellation);
    }
}
