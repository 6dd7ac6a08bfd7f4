using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Testing;
using static Patron.Services.Tests.Loyalty.Coupons.CouponPlace;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Coupons over HTTP, over a real PostgreSQL.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class CouponServiceTests
{
    [Test]
    [CancelAfter(60_000)]
    public async Task A_batch_is_one_event_and_each_of_its_codes_is_used_once(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        var codes = await place.CodesAsync("spring", 5_000, cancellation);
        Assert.That(codes.Distinct().Count(), Is.EqualTo(5_000));

        var (code, other) = (codes[17], codes[4_999]);
        var check = await CheckAsync(place, code, cancellation);
        var benefit = check["benefit"]!;
        Assert.That(((bool)check["usable"]!, (string)benefit["kind"]!, (int)benefit["basisPoints"]!), Is.EqualTo((true, "percentage", 1_000)));
        await place.RedeemAsync(new { code = code.ToLowerInvariant(), store = "london-1" }, HttpStatusCode.OK, cancellation);
        Assert.That(CodeOf(await place.RedeemAsync(new { code }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-used"));
        Assert.That((string)(await CheckAsync(place, code, cancellation))["why"]!["code"]!, Is.EqualTo("coupon-used"));
        await place.RedeemAsync(new { code = other }, HttpStatusCode.OK, cancellation);

        // Nobody known used them, so nobody is told.
        Assert.That(await place.FactsAsync(cancellation), Is.Empty);
        var figures = await place.GetAsync("/v1/loyalty/campaigns/spring/figures", cancellation);
        Assert.That(((long)figures["made"]!, (long)figures["redeemed"]!), Is.EqualTo((5_000L, 2L)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_retry_of_a_batch_answers_the_same_batch_and_another_body_is_refused(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        const string path = "/v1/loyalty/campaigns/spring/batches";
        var first = await place.SendAsync(HttpMethod.Post, path, new { count = 10 }, HttpStatusCode.OK, cancellation, "k");
        var again = await place.SendAsync(HttpMethod.Post, path, new { count = 10 }, HttpStatusCode.OK, cancellation, "k");
        Assert.That(again.ToJsonString(), Is.EqualTo(first.ToJsonString()));
        var reused = await place.SendAsync(HttpMethod.Post, path, new { count = 11 }, HttpStatusCode.Conflict, cancellation, "k");
        Assert.That(CodeOf(reused), Is.EqualTo("idempotency-key-reused"));
        await place.SendAsync(HttpMethod.Post, path, new { count = 0 }, HttpStatusCode.BadRequest, cancellation);
        await place.SendAsync(HttpMethod.Post, "/v1/loyalty/campaigns/none/batches", new { count = 1 }, HttpStatusCode.NotFound, cancellation);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_reservation_is_confirmed_given_up_or_lapses(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        var codes = await place.CodesAsync("spring", 3, cancellation);

        var held = await place.HoldAsync(new { code = codes[0] }, cancellation);
        Assert.That(CodeOf(await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-reserved"));
        await place.ConfirmAsync(held, HttpStatusCode.OK, cancellation, "confirm-1");
        await place.ConfirmAsync(held, HttpStatusCode.OK, cancellation, "confirm-1");
        Assert.That(CodeOf(await place.ConfirmAsync(held, HttpStatusCode.Conflict, cancellation, "confirm-2")), Is.EqualTo("coupon-used"));
        Assert.That(CodeOf(await place.ReleaseAsync(held, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-used"));

        var given = await place.HoldAsync(new { code = codes[1] }, cancellation);
        await place.ReleaseAsync(given, HttpStatusCode.NoContent, cancellation);
        await place.ReleaseAsync(given, HttpStatusCode.NoContent, cancellation);
        Assert.That(CodeOf(await place.ConfirmAsync(given, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("reservation-over"));
        var next = await place.HoldAsync(new { code = codes[1] }, cancellation);
        Assert.That(CodeOf(await place.ConfirmAsync(given, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("reservation-over"));
        await place.ConfirmAsync(next, HttpStatusCode.OK, cancellation);

        var lapsing = await place.HoldAsync(new { code = codes[2] }, cancellation);
        await place.Host.AdvanceToAsync(TestHost.Start.AddMinutes(16), cancellation);
        Assert.That(CodeOf(await place.ConfirmAsync(lapsing, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("reservation-over"));
        await place.RedeemAsync(new { code = codes[2] }, HttpStatusCode.OK, cancellation);
        var figures = await place.GetAsync("/v1/loyalty/campaigns/spring/figures", cancellation);
        Assert.That(((long)figures["reserved"]!, (long)figures["redeemed"]!), Is.EqualTo((4L, 3L)));
        Assert.That((long)figures["discountMinor"]!["GBP"]!, Is.EqualTo(500));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task The_same_key_answers_the_same_and_with_another_body_is_refused(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        var codes = await place.CodesAsync("spring", 2, cancellation);
        var first = await place.ReserveAsync(new { code = codes[0] }, HttpStatusCode.Created, cancellation, "k");
        var again = await place.ReserveAsync(new { code = codes[0] }, HttpStatusCode.Created, cancellation, "k");
        Assert.That(again.ToJsonString(), Is.EqualTo(first.ToJsonString()));
        var reused = await place.ReserveAsync(new { code = codes[1] }, HttpStatusCode.Conflict, cancellation, "k");
        Assert.That(CodeOf(reused), Is.EqualTo("idempotency-key-reused"));
        Assert.That(
            CodeOf(await place.ReserveAsync(new { code = codes[0], store = "x" }, HttpStatusCode.Conflict, cancellation, "k")),
            Is.EqualTo("idempotency-key-reused"));
        await place.RedeemAsync(new { code = codes[1] }, HttpStatusCode.OK, cancellation, "k");
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_customers_coupon_is_issued_viewed_and_used_and_others_hear_of_it(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("welcome", TenPercent(validDays: 30), cancellation);
        var (anna, ben) = (NewCustomer(), NewCustomer());
        var coupon = await place.IssueAsync(anna, "welcome", cancellation);
        Assert.That((await place.WalletAsync(anna, cancellation)).Single().State, Is.EqualTo("issued"));

        var code = await place.ViewAsync(anna, coupon, cancellation);
        Assert.That(await place.ViewAsync(anna, coupon, cancellation), Is.EqualTo(code));
        Assert.That((await place.WalletAsync(anna, cancellation)).Single().State, Is.EqualTo("viewed"));
        Assert.That(CodeOf(await place.RedeemAsync(new { code, customer = ben }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-of-another"));
        var held = await place.HoldAsync(new { code }, cancellation);
        Assert.That((await place.WalletAsync(anna, cancellation)).Single().State, Is.EqualTo("reserved"));
        Assert.That(
            CodeOf(await place.RedeemAsync(new { customer = anna, coupon }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-reserved"));
        await place.ConfirmAsync(held, HttpStatusCode.OK, cancellation);
        Assert.That((await place.WalletAsync(anna, cancellation)).Single().State, Is.EqualTo("redeemed"));
        Assert.That(CodeOf(await place.RedeemAsync(new { customer = anna, coupon }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-used"));

        Assert.That(await place.FactsAsync(cancellation), Is.EqualTo(new[] { ("CouponIssued", anna), ("CouponViewed", anna), ("CouponRedeemed", anna) }));
        var story = (await place.GetAsync($"/v1/loyalty/customers/{anna}/timeline", cancellation)).AsArray();
        Assert.That(story.Select(entry => (string)entry!["what"]!), Does.Contain("Used a coupon of welcome"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_coupon_expires_by_its_timer_but_not_while_a_till_holds_it(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("day", TenPercent(validDays: 1), cancellation);
        var (anna, ben) = (NewCustomer(), NewCustomer());
        await place.IssueAsync(anna, "day", cancellation);
        var late = await place.IssueAsync(ben, "day", cancellation);
        await place.Host.AdvanceToAsync(TestHost.Start.AddDays(1).AddMinutes(-5), cancellation);
        var held = await place.HoldAsync(new { customer = ben, coupon = late }, cancellation);
        await place.Host.AdvanceToAsync(TestHost.Start.AddDays(1).AddMinutes(1), cancellation);
        Assert.That((await place.WalletAsync(anna, cancellation)).Single().State, Is.EqualTo("expired"));
        await place.ConfirmAsync(held, HttpStatusCode.OK, cancellation);
        Assert.That((await place.WalletAsync(ben, cancellation)).Single().State, Is.EqualTo("redeemed"));
        Assert.That(await place.FactsAsync(cancellation), Does.Contain(("CouponExpired", anna)).And.Not.Contains(("CouponExpired", ben)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_public_code_has_a_total_and_a_limit_for_each_customer(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("poster", TenPercent(perMember: 1), cancellation);
        await place.SendAsync(HttpMethod.Put, "/v1/loyalty/campaigns/poster/codes/Summer24", new { totalMax = 3 }, HttpStatusCode.OK, cancellation);
        var (anna, ben) = (NewCustomer(), NewCustomer());
        Assert.That(CodeOf(await place.RedeemAsync(new { code = "SUMMER24" }, HttpStatusCode.BadRequest, cancellation)), Is.EqualTo("customer-needed"));
        var held = await place.HoldAsync(new { code = "summer24", customer = anna }, cancellation);
        Assert.That(
            CodeOf(await place.RedeemAsync(new { code = "SUMMER24", customer = anna }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("customer-limit"));
        await place.ReleaseAsync(held, HttpStatusCode.NoContent, cancellation);
        foreach (var customer in new[] { anna, ben, NewCustomer() })
            await place.RedeemAsync(new { code = "SUMMER24", customer }, HttpStatusCode.OK, cancellation);
        Assert.That(
            CodeOf(await place.RedeemAsync(new { code = "SUMMER24", customer = NewCustomer() }, HttpStatusCode.Conflict, cancellation)),
            Is.EqualTo("none-left"));
        Assert.That((await place.FactsAsync(cancellation)).Count(fact => fact.Type == "CouponRedeemed"), Is.EqualTo(3));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Late_uses_follow_the_policy_of_their_campaign(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("strict", TenPercent(), cancellation);
        await place.DefineAsync("kind", TenPercent(late: "honour"), cancellation);
        var strict = await place.CodesAsync("strict", 2, cancellation);
        var kind = await place.CodesAsync("kind", 1, cancellation);
        await place.RedeemAsync(new { code = strict[0] }, HttpStatusCode.OK, cancellation);
        await place.RedeemAsync(new { code = kind[0] }, HttpStatusCode.OK, cancellation);
        var at = TestHost.Start.AddHours(-2);
        object[] queue =
        [
            new { key = "1", at, code = strict[0] }, new { key = "2", at, code = strict[1] }, new { key = "3", at, code = kind[0], store = "london-1" },
        ];
        foreach (var _ in Enumerable.Range(0, 2))
        {
            var answers = (await place.SendAsync(HttpMethod.Post, "/v1/loyalty/coupons/redemptions/late", queue, HttpStatusCode.OK, cancellation)).AsArray();
            Assert.That(answers.Select(it => (string)it!["outcome"]!), Is.EqualTo(new[] { "refused", "accepted", "over" }));
            Assert.That((string)answers[0]!["why"]!["code"]!, Is.EqualTo("coupon-used"));
        }

        var over = (await place.GetAsync("/v1/loyalty/coupons/over-redemptions", cancellation)).AsArray();
        Assert.That(over.Select(it => ((string)it!["campaign"]!, (string?)it["store"])), Is.EqualTo(new[] { ("kind", "london-1") }));
        object[] wrong = [new { key = "4", at = TestHost.Start.AddDays(-91), code = strict[1] }];
        await place.SendAsync(HttpMethod.Post, "/v1/loyalty/coupons/redemptions/late", wrong, HttpStatusCode.BadRequest, cancellation);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Who_guesses_codes_has_to_wait(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        var codes = await place.CodesAsync("spring", 1, cancellation);
        for (var i = 0; i < 20; i++)
            await place.RedeemAsync(new { code = $"GUESS{i}" }, HttpStatusCode.NotFound, cancellation);
        var refused = await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.TooManyRequests, cancellation);
        Assert.That(CodeOf(refused), Is.EqualTo("too-many-failed-tries"));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_stopped_campaign_and_a_withdrawn_batch_or_coupon_cannot_be_used(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        var codes = await place.CodesAsync("spring", 2, cancellation);
        await place.SendAsync(HttpMethod.Post, "/v1/loyalty/campaigns/spring/stop", new { reason = "price-error" }, HttpStatusCode.OK, cancellation);
        Assert.That(CodeOf(await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("campaign-stopped"));
        await place.SendAsync(HttpMethod.Post, "/v1/loyalty/campaigns/spring/resume", new { reason = "corrected" }, HttpStatusCode.OK, cancellation);
        await place.RedeemAsync(new { code = codes[0] }, HttpStatusCode.OK, cancellation);
        await place.SendAsync(HttpMethod.Post, "/v1/loyalty/batches/0/void", new { reason = "lost" }, HttpStatusCode.OK, cancellation);
        Assert.That(CodeOf(await place.RedeemAsync(new { code = codes[1] }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-void"));

        var anna = NewCustomer();
        var coupon = await place.IssueAsync(anna, "spring", cancellation);
        await place.SendAsync(
            HttpMethod.Post, $"/v1/loyalty/customers/{anna}/coupons/{coupon}/void", new { reason = "mistake" }, HttpStatusCode.NoContent, cancellation);
        Assert.That(CodeOf(await place.RedeemAsync(new { customer = anna, coupon }, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("coupon-void"));
        Assert.That(await place.FactsAsync(cancellation), Does.Contain(("CouponVoided", anna)));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_code_keeps_what_its_campaign_said_when_it_was_made(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        await place.DefineAsync("spring", TenPercent(), cancellation);
        var before = await place.CodesAsync("spring", 1, cancellation);
        await place.DefineAsync("spring", new { names = new { en = "More" }, benefit = new { kind = "percentage", basisPoints = 2_000 } }, cancellation);
        var after = await place.CodesAsync("spring", 1, cancellation);
        Assert.That((int)(await CheckAsync(place, before[0], cancellation))["benefit"]!["basisPoints"]!, Is.EqualTo(1_000));
        Assert.That((int)(await CheckAsync(place, after[0], cancellation))["benefit"]!["basisPoints"]!, Is.EqualTo(2_000));
        Assert.That((int)(await place.GetAsync("/v1/loyalty/campaigns/spring", cancellation))["version"]!, Is.EqualTo(2));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Wrong_definitions_say_which_field_is_wrong(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        var problem = await place.SendAsync(
            HttpMethod.Put, "/v1/loyalty/campaigns/bad",
            new { names = new { fr = "Dix" }, benefit = new { kind = "amount-off", amountMinor = 0 }, conditions = new { weekdays = new[] { 9 } } },
            HttpStatusCode.BadRequest, cancellation);
        Assert.That(
            problem["errors"]!.AsArray().Select(it => (string)it!["pointer"]!),
            Is.EquivalentTo(new[] { "/names", "/benefit/amountMinor", "/benefit/currency", "/conditions/weekdays", "/conditions/zone" }));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_coupon_of_one_channel_is_refused_in_another_and_stays_to_be_used(CancellationToken cancellation)
    {
        await using var place = await StartAsync(cancellation);
        var benefit = new { kind = "percentage", basisPoints = 1_000 };
        await place.DefineAsync(
            "web", new { names = new { en = "Web" }, benefit, conditions = new { channels = new[] { "eshop" }, stores = new[] { "tw" } } }, cancellation);
        var code = (await place.CodesAsync("web", 1, cancellation))[0];
        var inShop = await place.RedeemAsync(new { code, channel = "pos", store = "tw" }, HttpStatusCode.Conflict, cancellation);
        var unsaid = await place.ReserveAsync(new { code, channel = "eshop" }, HttpStatusCode.Conflict, cancellation);
        Assert.That((CouponPlace.CodeOf(inShop), CouponPlace.CodeOf(unsaid)), Is.EqualTo(("other-channel", "other-store")));

        await place.RedeemAsync(new { code, channel = "eshop", store = "tw" }, HttpStatusCode.OK, cancellation, "order-1");
        await place.RedeemAsync(new { code, channel = "eshop", store = "tw" }, HttpStatusCode.OK, cancellation, "order-1");
    }

    private static Task<JsonNode> CheckAsync(CouponPlace place, string code, CancellationToken cancellation) =>
        place.SendAsync(HttpMethod.Post, "/v1/loyalty/coupons/check", new { code }, HttpStatusCode.OK, cancellation);
}
