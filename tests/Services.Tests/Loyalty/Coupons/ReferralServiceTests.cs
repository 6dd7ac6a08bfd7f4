using System.Net;
using System.Text.Json.Nodes;
using NUnit.Framework;
using Patron.Contracts.Profile.V1;
using Patron.Testing;
using static Patron.Services.Tests.Loyalty.Coupons.CouponPlace;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>Referring friends: both sides are rewarded, and what looks like abuse is refused or waits for a person.</summary>
[Parallelizable(ParallelScope.All)]
internal sealed class ReferralServiceTests
{
    private int receipts;

    [Test]
    [CancelAfter(60_000)]
    public async Task A_friend_who_joins_and_buys_brings_both_a_coupon_once(CancellationToken cancellation)
    {
        await using var place = await RuledAsync(cancellation);
        var (anna, ben) = (NewCustomer(), NewCustomer());
        await BuyAsync(place, anna, 1_000, cancellation);
        var code = await CodeAsync(place, anna, cancellation);
        Assert.That(await CodeAsync(place, anna, cancellation), Is.EqualTo(code));
        await JoinAsync(place, ben, code.ToLowerInvariant(), HttpStatusCode.NoContent, cancellation);
        await JoinAsync(place, ben, code, HttpStatusCode.NoContent, cancellation);

        await BuyAsync(place, ben, 499, cancellation);
        Assert.That(await place.WalletAsync(ben, cancellation), Is.Empty, "the purchase is too small");
        await BuyAsync(place, ben, 500, cancellation);
        await BuyAsync(place, ben, 5_000, cancellation);
        Assert.That(await place.WalletAsync(anna, cancellation), Is.EqualTo(new[] { ("issued", "thanks") }));
        Assert.That(await place.WalletAsync(ben, cancellation), Is.EqualTo(new[] { ("issued", "welcome") }));
        var annas = await ReferralsAsync(place, anna, cancellation);
        Assert.That(annas["made"]!.AsArray().Select(it => ((Guid)it!["friend"]!, (string)it["outcome"]!)), Is.EqualTo(new[] { (ben, "rewarded") }));
        Assert.That((Guid)(await ReferralsAsync(place, ben, cancellation))["cameBy"]!, Is.EqualTo(anna));
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Who_is_not_new_refers_themselves_or_came_already_is_refused(CancellationToken cancellation)
    {
        await using var place = await RuledAsync(cancellation);
        var (anna, ben, carl) = (NewCustomer(), NewCustomer(), NewCustomer());
        await BuyAsync(place, anna, 1_000, cancellation);
        await BuyAsync(place, ben, 1_000, cancellation);
        var (annas, bens) = (await CodeAsync(place, anna, cancellation), await CodeAsync(place, ben, cancellation));
        await place.SendAsync(HttpMethod.Post, $"/v1/loyalty/customers/{carl}/referral-code", null, HttpStatusCode.NotFound, cancellation);

        Assert.That(CodeOf(await JoinAsync(place, anna, annas, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("self-referral"));
        Assert.That(CodeOf(await JoinAsync(place, ben, annas, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("not-new"));
        await JoinAsync(place, carl, annas, HttpStatusCode.NoContent, cancellation);
        Assert.That(CodeOf(await JoinAsync(place, carl, bens, HttpStatusCode.Conflict, cancellation)), Is.EqualTo("already-referred"));
        await JoinAsync(place, NewCustomer(), "NOTACODE22", HttpStatusCode.NotFound, cancellation);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task A_referral_with_a_signal_waits_for_a_person_who_approves_or_rejects_it(CancellationToken cancellation)
    {
        await using var place = await RuledAsync(cancellation);
        var (anna, ben, carl) = (NewCustomer(), NewCustomer(), NewCustomer());
        await BuyAsync(place, anna, 1_000, cancellation);
        var code = await CodeAsync(place, anna, cancellation);
        foreach (var friend in new[] { ben, carl })
        {
            await JoinAsync(place, friend, code, HttpStatusCode.NoContent, cancellation, "shared-device");
            await BuyAsync(place, friend, 1_000, cancellation);
        }

        Assert.That(await place.WalletAsync(anna, cancellation), Is.Empty);
        Assert.That(
            (await HeldAsync(place, cancellation)).Select(it => (it.Friend, it.Reason)),
            Is.EquivalentTo(new[] { (ben, "shared-device"), (carl, "shared-device") }));
        await DecideAsync(place, anna, ben, "approve", HttpStatusCode.NoContent, cancellation);
        await DecideAsync(place, anna, ben, "approve", HttpStatusCode.NoContent, cancellation);
        await DecideAsync(place, anna, ben, "reject", HttpStatusCode.Conflict, cancellation);
        await DecideAsync(place, anna, carl, "reject", HttpStatusCode.NoContent, cancellation);
        await DecideAsync(place, anna, NewCustomer(), "reject", HttpStatusCode.NotFound, cancellation);
        await place.Host.DrainAsync(cancellation);
        Assert.That(await HeldAsync(place, cancellation), Is.Empty);
        Assert.That(await place.WalletAsync(anna, cancellation), Is.EqualTo(new[] { ("issued", "thanks") }));
        Assert.That(await place.WalletAsync(ben, cancellation), Is.EqualTo(new[] { ("issued", "welcome") }));
        Assert.That(await place.WalletAsync(carl, cancellation), Is.Empty);
    }

    [Test]
    [CancelAfter(60_000)]
    public async Task Too_many_friends_in_a_short_time_wait_and_beyond_the_cap_nothing_is_given(CancellationToken cancellation)
    {
        await using var place = await RuledAsync(cancellation, velocityMax: 2, rewardedMax: 3);
        var anna = NewCustomer();
        await BuyAsync(place, anna, 1_000, cancellation);
        var code = await CodeAsync(place, anna, cancellation);
        var friends = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            friends.Add(NewCustomer());
            await JoinAsync(place, friends[i], code, HttpStatusCode.NoContent, cancellation);
            await BuyAsync(place, friends[i], 1_000, cancellation);
            if (i == 2)
                await DecideAsync(place, anna, friends[i], "approve", HttpStatusCode.NoContent, cancellation);
        }

        await place.Host.DrainAsync(cancellation);
        var made = (await ReferralsAsync(place, anna, cancellation))["made"]!.AsArray().Select(it => ((string)it!["outcome"]!, (string)it["reason"]!));
        Assert.That(made, Is.EqualTo(new[]
        {
            ("rewarded", "qualified"), ("rewarded", "qualified"), ("rewarded", "looked-at"), ("rejected", "cap"), ("rejected", "cap"),
        }));
        Assert.That(await place.WalletAsync(anna, cancellation), Has.Count.EqualTo(3));
    }

    [Test]
    [CancelAfter(90_000)]
    public async Task A_friend_who_turns_out_to_be_the_referrer_or_one_before_them_is_held_also_over_three(CancellationToken cancellation)
    {
        await using var place = await RuledAsync(cancellation);
        var (anna, ben, carl) = (NewCustomer(), NewCustomer(), NewCustomer());
        await BuyAsync(place, anna, 1_000, cancellation);
        await JoinAsync(place, ben, await CodeAsync(place, anna, cancellation), HttpStatusCode.NoContent, cancellation);
        await BuyAsync(place, ben, 1_000, cancellation);
        await JoinAsync(place, carl, await CodeAsync(place, ben, cancellation), HttpStatusCode.NoContent, cancellation);
        await BuyAsync(place, carl, 1_000, cancellation);

        // A new record comes by Carl's code, and before it buys it is found to be Anna; another one comes by Anna's own.
        var (again, self) = (NewCustomer(), NewCustomer());
        await JoinAsync(place, again, await CodeAsync(place, carl, cancellation), HttpStatusCode.NoContent, cancellation);
        await JoinAsync(place, self, await CodeAsync(place, anna, cancellation), HttpStatusCode.NoContent, cancellation);
        await MergeAsync(place, again, anna, cancellation);
        await MergeAsync(place, self, anna, cancellation);
        await BuyAsync(place, anna, 1_000, cancellation);
        await BuyAsync(place, anna, 1_000, cancellation);
        Assert.That(
            (await HeldAsync(place, cancellation)).Select(it => (it.Friend, it.Reason)),
            Is.EquivalentTo(new[] { (again, "referral-circle"), (self, "self-referral") }));
        Assert.That((await place.WalletAsync(carl, cancellation)).Select(it => it.Campaign), Is.EqualTo(new[] { "welcome" }));
    }

    private static async Task<CouponPlace> RuledAsync(CancellationToken cancellation, int velocityMax = 5, int rewardedMax = 20)
    {
        var place = await StartAsync(cancellation);
        await place.DefineAsync("thanks", TenPercent(), cancellation);
        await place.DefineAsync("welcome", TenPercent(), cancellation);
        await place.SendAsync(
            HttpMethod.Put, "/v1/loyalty/referral-rules", new
            {
                referrerCampaign = "thanks",
                friendCampaign = "welcome",
                minMinor = 500,
                currency = "GBP",
                withinDays = 30,
                rewardedMax,
                velocityMax,
                velocityDays = 7,
            }, HttpStatusCode.OK, cancellation);
        return place;
    }

    private Task BuyAsync(CouponPlace place, Guid customer, long minor, CancellationToken cancellation) =>
        RewardServiceTests.BuyAsync(place, customer, Interlocked.Increment(ref receipts), minor, cancellation);

    private static async Task<string> CodeAsync(CouponPlace place, Guid customer, CancellationToken cancellation) =>
        (string)(await place.SendAsync(HttpMethod.Post, $"/v1/loyalty/customers/{customer}/referral-code", null, HttpStatusCode.OK, cancellation))["code"]!;

    private static Task<JsonNode> JoinAsync(
        CouponPlace place, Guid friend, string code, HttpStatusCode expected, CancellationToken cancellation, params string[] signals) =>
        place.SendAsync(HttpMethod.Post, $"/v1/loyalty/customers/{friend}/referral", new { code, signals }, expected, cancellation);

    private static Task<JsonNode> ReferralsAsync(CouponPlace place, Guid customer, CancellationToken cancellation) =>
        place.GetAsync($"/v1/loyalty/customers/{customer}/referrals", cancellation);

    private static async Task<IReadOnlyList<(Guid Friend, string Reason)>> HeldAsync(CouponPlace place, CancellationToken cancellation) =>
        [.. (await place.GetAsync("/v1/loyalty/referrals/held", cancellation)).AsArray().Select(it => ((Guid)it!["friend"]!, (string)it["reason"]!))];

    private static Task<JsonNode> DecideAsync(
        CouponPlace place, Guid referrer, Guid friend, string decision, HttpStatusCode expected, CancellationToken cancellation) =>
        place.SendAsync(HttpMethod.Post, $"/v1/loyalty/referrals/{referrer}/{friend}/{decision}", new { reason = "looked-at" }, expected, cancellation);

    private static async Task MergeAsync(CouponPlace place, Guid customer, Guid into, CancellationToken cancellation)
    {
        var fact = new MergedAway { Into = into.ToString("D"), LinkId = Guid.CreateVersion7(TestHost.Start).ToString("D"), Version = 1 };
        await place.Host.PublishAsync(ProfileTopic, "profile", customer, fact, cancellation);
        await place.Host.DrainAsync(cancellation);
    }
}
