using System.Net;
using System.Text.Json.Nodes;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Contracts.Channels.V1;
using Patron.Contracts.Journey.V1;
using Patron.Contracts.Loyalty.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Contracts.Tagging.V1;
using Patron.Profile;
using Patron.Runtime.Projections;
using Patron.Testing;

namespace Patron.Services.Tests.Profile.View360;

/// <summary>What all contexts know of a customer, in one answer.</summary>
[TestFixture]
[CancelAfter(60_000)]
[Parallelizable(ParallelScope.All)]
internal sealed class CustomerViewTests
{
    [Test]
    public async Task A_customer_is_shown_with_what_every_context_says_of_them(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        await TellAllAsync(world, anna, cancellation);

        var view = await world.ViewAsync(anna, cancellation);

        Assert.Multiple(() =>
        {
            Assert.That((string?)view["id"], Is.EqualTo(anna.ToString("D")));
            Assert.That((string?)view["details"]!["email"], Is.EqualTo("p***@e***.com"));
            Assert.That((int?)view["identifiers"], Is.EqualTo(3));
            Assert.That((string?)view["consents"]![0]!["wording"], Is.EqualTo("signup-2024"));
            Assert.That((long?)view["loyalty"]!["balance"], Is.EqualTo(90));
            Assert.That((string?)view["loyalty"]!["tier"], Is.EqualTo("silver"));
            Assert.That(view["loyalty"]!["expiringSoon"]!.AsArray().Select(l => (long)l!["points"]!), Is.EqualTo((long[])[20]));
            Assert.That((string?)view["tags"]![0]!["why"], Is.EqualTo("two purchases"));
            Assert.That(view["segments"]!.AsArray().Select(s => (string)s!["segment"]!), Is.EqualTo((string[])["active"]));
            Assert.That((long?)view["purchases"]!["count"], Is.EqualTo(2));
            Assert.That((long?)view["purchases"]!["returns"], Is.EqualTo(1));
            Assert.That(view["purchases"]!["spend"]!.ToJsonString(), Is.EqualTo(
                """[{"channel":"eshop","currency":"HKD","documents":2,"minor":500},{"channel":"pos","currency":"HKD","documents":1,"minor":2000}]"""));
            Assert.That((string?)view["purchases"]!["latest"]![0]!["lines"]![0]!["product"], Is.EqualTo("P3"));
            Assert.That((string?)view["journeys"]![0]!["step"], Is.EqualTo("settle"));
            Assert.That(
                view["messages"]!["latest"]!.AsArray().Select(m => (string?)m!["template"] ?? (string)m["why"]!),
                Is.EquivalentTo((string[])["welcome", "none"]));
            Assert.That((long?)view["messages"]!["suppressed"], Is.EqualTo(1));
            Assert.That(view["freshness"]!.AsObject(), Has.Count.EqualTo(8));
            Assert.That((long)view["freshness"]![Topics.Loyalty]!, Is.EqualTo(4));
            Assert.That(view["insight"], Is.Null);
        });
    }

    [Test]
    public async Task Coupons_are_shown_while_they_can_be_used_and_told_in_the_story(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        var (coupon, now) = (Guid.Empty.ToString("D"), world.Host.Clock.GetUtcNow());
        var issued = new CouponIssued { CouponId = coupon, Campaign = "spring", ValidUntil = now.AddDays(2).ToTimestamp(), Source = "reward/mug" };
        await world.WriteAsync(Topics.Loyalty, anna, issued);
        await world.WriteAsync(Topics.Loyalty, anna, new CouponViewed { CouponId = coupon, Campaign = "spring" });
        await world.Host.DrainAsync(cancellation);

        var shown = (await world.ViewAsync(anna, cancellation))["loyalty"]!["coupons"]!.AsArray().Single()!;
        Assert.That(((string?)shown["campaign"], (bool?)shown["viewed"]), Is.EqualTo(("spring", true)));
        Assert.That(await LinesAsync(world, anna, cancellation), Does.Contain("Got a coupon of spring").And.Contains("Looked at a coupon of spring"));

        await world.Host.AdvanceToAsync(now.AddDays(3), cancellation);
        Assert.That((await world.ViewAsync(anna, cancellation))["loyalty"]!["coupons"]!.AsArray(), Is.Empty);
    }

    [Test]
    public async Task The_whole_view_is_found_by_any_identifier(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        await world.RegisterAsync(2, cancellation);
        await TellAllAsync(world, anna, cancellation);
        var byId = await world.ViewAsync(anna, cancellation);

        foreach (var (kind, value) in new[] { ("card", "card 000001"), ("phone", "+852 9000 0001"), ("email", "Person1@Example.com") })
        {
            using var answer = await world.PostAsync("/v1/customers/lookup/view", new JsonObject { [kind] = value }, "read", cancellation);
            Assert.That((await answer.JsonAsync(cancellation)).ToJsonString(), Is.EqualTo(byId.ToJsonString()), kind);
        }

        using var nobody = await world.PostAsync("/v1/customers/lookup/view", new JsonObject { ["phone"] = ViewWorld.Phone(77) }, "read", cancellation);
        Assert.That(nobody.StatusCode, Is.EqualTo(HttpStatusCode.NotFound));
        using var two = await world.PostAsync(
            "/v1/customers/lookup/view", new JsonObject { ["phone"] = ViewWorld.Phone(1), ["card"] = ViewWorld.Card(1) }, "read", cancellation);
        Assert.That(two.StatusCode, Is.EqualTo(HttpStatusCode.BadRequest));
    }

    [Test]
    public async Task A_view_built_anew_shows_the_same(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        await TellAllAsync(world, anna, cancellation);
        var (view, story) = (await world.ViewAsync(anna, cancellation), await world.TimelineAsync(anna, cancellation));

        using (await world.Host.Http.PostAsync(new Uri("/v1/profile/projections/customer360/rebuild", UriKind.Relative), null, cancellation))
            await world.Host.DrainAsync(cancellation);

        Assert.That(
            await world.Host.Service("profile").GenerationsAsync(CustomerProjection.Name, cancellation),
            Has.One.EqualTo(new Generation(2, 1, GenerationState.Live)));
        Assert.That((await world.ViewAsync(anna, cancellation)).ToJsonString(), Is.EqualTo(view.ToJsonString()));
        Assert.That((await world.TimelineAsync(anna, cancellation)).ToJsonString(), Is.EqualTo(story.ToJsonString()));
    }

    [Test]
    public async Task What_is_published_twice_counts_once(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var facts = new FactWriter();
        var anna = await world.RegisterAsync(1, cancellation);
        await facts.WriteAsync(world.Host, Topics.Email, anna, new MessageSent { SendId = Guid.Empty.ToString("D"), Channel = "email", Template = "welcome" });
        await facts.RepeatAsync(world.Host, Topics.Email);
        await world.Host.DrainAsync(cancellation);

        Assert.That((long?)(await world.ViewAsync(anna, cancellation))["messages"]!["sent"], Is.EqualTo(1));
        Assert.That((await LinesAsync(world, anna, cancellation)).Count(l => l.StartsWith("Was sent", StringComparison.Ordinal)), Is.EqualTo(1));
    }

    [Test]
    public async Task What_other_contexts_are_asked_for_is_part_of_the_answer_and_who_is_late_is_left_out(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(
            cancellation, builder => builder.Services.AddSingleton<ICustomerAdvice, Prompt>().AddSingleton<ICustomerAdvice, Late>());
        var anna = await world.RegisterAsync(1, cancellation);

        var view = await world.ViewAsync(anna, cancellation);

        Assert.That((string?)view["insight"]!["rfm"], Is.EqualTo("champions"));
        Assert.That((string?)view["preferences"]!["shoe size"], Is.EqualTo("39"));
        Assert.That(view["offers"], Is.Null);
    }

    [Test]
    public async Task While_the_view_is_built_for_the_first_time_profiles_own_part_is_answered(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var anna = await world.RegisterAsync(1, cancellation);
        await using (var nothing = world.Host.Service("profile").Database.CreateCommand("drop view customer360, customer360_story"))
            await nothing.ExecuteNonQueryAsync(cancellation);

        var view = await world.ViewAsync(anna, cancellation);
        Assert.That((string?)view["details"]!["country"], Is.EqualTo("HK"));
        Assert.That(view["freshness"], Is.Null);
        var path = $"/v1/customers/{anna:D}";
        foreach (var later in new[] { "/timeline", "?asOf=2024-01-10T09:00:00Z" })
            Assert.That(await world.RefusalAsync(path + later, cancellation), Is.EqualTo((HttpStatusCode.ServiceUnavailable, "view-not-ready")));
        using var found = await world.PostAsync("/v1/clienteling/lookup", new JsonObject { ["phone"] = ViewWorld.Phone(1) }, "clienteling", cancellation);
        Assert.That(found.StatusCode, Is.EqualTo(HttpStatusCode.OK));
        using var kept = await world.Host.Http.GetAsync(new Uri($"/v1/clienteling/lookups?customer={anna:D}", UriKind.Relative), cancellation);
        Assert.That((await kept.JsonAsync(cancellation)).AsArray(), Has.Count.EqualTo(1));
    }

    [Test]
    public async Task Nobody_is_shown_who_is_not_known(CancellationToken cancellation)
    {
        await using var world = await ViewWorld.StartAsync(cancellation);
        var stranger = Guid.CreateVersion7(TestHost.Start);
        await world.WriteAsync(Topics.Tagging, stranger, new TagAdded { Tag = "a/b", Reason = "r", RuleVersion = 1 });
        await world.Host.DrainAsync(cancellation);

        Assert.That((await world.RefusalAsync($"/v1/customers/{stranger:D}", cancellation)).Status, Is.EqualTo(HttpStatusCode.NotFound));
        Assert.That((await world.RefusalAsync($"/v1/customers/{stranger:D}/timeline", cancellation)).Status, Is.EqualTo(HttpStatusCode.NotFound));
    }

    private static async Task<IReadOnlyList<string>> LinesAsync(ViewWorld world, Guid customer, CancellationToken cancellation) =>
        [.. (await world.TimelineAsync(customer, cancellation))["entries"]!.AsArray().Select(e => (string)e!["what"]!)];

    private static async Task TellAllAsync(ViewWorld world, Guid customer, CancellationToken cancellation)
    {
        var now = world.Host.Clock.GetUtcNow();
        var (run, send) = (Guid.CreateVersion7(now).ToString("D"), Guid.CreateVersion7(now).ToString("D"));
        await world.WriteAsync(Topics.Loyalty, customer, new PointsEarned { Points = 50, Balance = 50, ExpiresAt = now.AddDays(30).ToTimestamp() });
        await world.WriteAsync(Topics.Loyalty, customer, new PointsEarned { Points = 70, Balance = 120, ExpiresAt = now.AddDays(365).ToTimestamp() });
        await world.WriteAsync(Topics.Loyalty, customer, new PointsReversed { Points = 30, Balance = 90 });
        await world.WriteAsync(Topics.Loyalty, customer, new TierChanged { From = "member", To = "silver", Reason = "spend" });
        await world.WriteAsync(Topics.Tagging, customer, new TagAdded { Tag = "consumption/frequency/repeat", Reason = "two purchases", RuleVersion = 3 });
        await world.WriteAsync(Topics.Segmentation, customer, new SegmentEntered { Segment = "new", Reason = "bought", EvaluatedAt = now.ToTimestamp() });
        await world.WriteAsync(Topics.Segmentation, customer, new SegmentLeft { Segment = "new", Reason = "second purchase" });
        await world.WriteAsync(Topics.Segmentation, customer, new SegmentEntered { Segment = "active", Reason = "bought", EvaluatedAt = now.ToTimestamp() });
        await world.WriteAsync(Topics.Journey, customer, new JourneyEntered { Journey = "welcome", InstanceId = run, Reason = "first purchase" });
        await world.WriteAsync(Topics.Journey, customer, new StepTaken { Journey = "welcome", InstanceId = run, Step = "settle", Reason = "waits 1 day" });
        await world.WriteAsync(Topics.Email, customer, new MessageSent { SendId = send, Channel = "email", Template = "welcome" });
        var other = Guid.Empty.ToString("D");
        await world.WriteAsync(Topics.Sms, customer, new MessageSuppressed { SendId = other, Channel = "sms", Code = "no-consent", Reason = "none" });
        await world.WriteOwnAsync(customer, world.Purchase(1, minor: 1500, at: now.AddDays(-3)), cancellation);
        await world.Host.DrainAsync(cancellation);
        await world.WriteOwnAsync(customer, world.Purchase(2, minor: 2000, at: now.AddDays(-2)), cancellation);
        await world.WriteOwnAsync(customer, world.Purchase(3, minor: -1000, at: now.AddDays(-1)), cancellation);
        await world.Host.DrainAsync(cancellation);
    }

    private sealed class Prompt : ICustomerAdvice
    {
        public ValueTask<Advice> OfAsync(Guid customer, CancellationToken cancellation) => ValueTask.FromResult(new Advice(
            new Insight("champions", "active", null, null, TestHost.Start), new Dictionary<string, string> { ["shoe size"] = "39" }));
    }

    private sealed class Late : ICustomerAdvice
    {
        public async ValueTask<Advice> OfAsync(Guid customer, CancellationToken cancellation)
        {
            await Task.Delay(Timeout.Infinite, cancellation);
            return new Advice(Offers: [new Offer("X", "never", null)]);
        }
    }
}
