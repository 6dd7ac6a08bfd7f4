using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Profile.V1;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>The view as of any past moment.</summary>
[TestFixture]
[CancelAfter(120_000)]
[Parallelizable(ParallelScope.All)]
internal sealed class PastViewTests
{
    [Test]
    public async Task The_view_as_of_each_moment_of_a_random_history_is_what_the_live_view_showed_then([Range(1, 4)] int seed, CancellationToken cancellation)
    {
        const int Moments = 40;
        await using var world = await ViewWorld.StartAsync(cancellation);
        Guid[] people = [await world.RegisterAsync(1, cancellation), await world.RegisterAsync(2, cancellation)];
        RandomHistory[] histories = [new(seed), new(seed + 100)];
        var random = new Random(seed);
        var shown = new List<(DateTimeOffset At, Guid Customer, string View)>();
        var (merged, version) = (false, 0);
        for (var moment = 1; moment <= Moments; moment++)
        {
            await world.Host.AdvanceToAsync(TestHost.Start.AddHours(moment * 7), cancellation);
            var now = world.Host.Clock.GetUtcNow();
            if (random.Next(8) == 0)
            {
                merged = !merged;
                await LinkAsync(world, people, merged, ++version, cancellation);
            }
            for (var i = random.Next(1, 4); i > 0; i--)
            {
                var who = random.Next(2);
                var (topic, fact) = histories[who].Next(now);
                if (topic == Topics.Profile)
                    await world.WriteOwnAsync(people[who], fact, cancellation);
                else
                    await world.WriteAsync(topic, people[who], fact);
            }
            await world.Host.DrainAsync(cancellation);
            foreach (var customer in people)
                shown.Add((now, customer, Comparable(await world.ViewAsync(customer, cancellation))));
        }

        foreach (var (at, customer, view) in shown)
            Assert.That(Comparable(await world.ViewAsync(customer, cancellation, AsOf(at))), Is.EqualTo(view), $"{customer} as of {at:O}");
        Assert.That(shown.Select(s => s.View).Distinct().Count(), Is.GreaterThan(Moments / 2));
    }

    [Test]
    public async Task What_profile_itself_learnt_later_was_not_known_then(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        await world.Host.AdvanceToAsync(TestHost.Start.AddDays(2), cancellation);
        var later = Events.Update("later", card: ViewWorld.Card(1), data: new JsonObject { ["country"] = "JP" });
        later["time"] = world.Host.Clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        using (await Events.PostAsync(world.Host.Http, later, cancellation))
            await world.Host.DrainAsync(cancellation);

        var (then, now) = (await world.ViewAsync(anna, cancellation, AsOf(TestHost.Start.AddDays(1))), await world.ViewAsync(anna, cancellation));

        Assert.That((string?)then["details"]!["country"], Is.EqualTo("HK"));
        Assert.That((string?)now["details"]!["country"], Is.EqualTo("JP"));
        Assert.That((DateTimeOffset)then["asOf"]!, Is.EqualTo(TestHost.Start.AddDays(1)));
    }

    [Test]
    public async Task Who_was_not_known_yet_and_what_is_not_past_is_said(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        await world.Host.AdvanceToAsync(TestHost.Start.AddDays(1), cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        var path = $"/v1/customers/{anna:D}";

        Assert.That(await world.RefusalAsync(path + AsOf(TestHost.Start), cancellation), Is.EqualTo((HttpStatusCode.NotFound, "not-known-then")));
        Assert.That(
            await world.RefusalAsync(path + AsOf(TestHost.Start.AddDays(9)), cancellation), Is.EqualTo((HttpStatusCode.BadRequest, "invalid-request")));
        Assert.That(
            await world.RefusalAsync($"/v1/customers/{Guid.Empty:D}{AsOf(TestHost.Start)}", cancellation), Is.EqualTo((HttpStatusCode.NotFound, "not-found")));
    }

    private static string AsOf(DateTimeOffset at) =>
        $"?asOf={Uri.EscapeDataString(at.UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture))}";

    // How far the whole partition is shown is of now only.
    private static string Comparable(JsonNode view)
    {
        view.AsObject().Remove("asOf");
        view.AsObject().Remove("freshness");
        return view.ToJsonString();
    }

    /// <summary>Merges the second into the first, or undoes it, as profile would tell.</summary>
    private static async Task LinkAsync(ViewWorld world, Guid[] people, bool merge, int version, CancellationToken cancellation)
    {
        var (first, second) = (people[0].ToString("D"), people[1].ToString("D"));
        var link = Guid.Empty.ToString("D");
        await world.AliasAsync(people[1], merge ? people[0] : null, cancellation);
        await world.WriteOwnAsync(
            people[1],
            merge ? new MergedAway { Into = first, LinkId = link, Version = version } : new SplitOff { From = first, LinkId = link, Version = version },
            cancellation);
        await world.WriteOwnAsync(
            people[0],
            merge ? new Absorbed { Customer = second, LinkId = link, Version = version } : new GaveBack { Customer = second, LinkId = link, Version = version },
            cancellation);
    }
}
