using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <param name="Store">Where it is fetched, where the reward has a stock by store.</param>
internal sealed record ClaimRequest(string? Reward, string? Store);

internal sealed record ClaimAnswer(Guid Claim, string Reward, long Points, Guid Coupon);

/// <summary>
/// Points become a coupon: the piece leaves the stock, the points leave the ledger and the coupon enters the wallet in one transaction, or none
/// of it happens.
/// </summary>
internal sealed class ClaimReward([FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, BusinessClock clock)
{
    public static void Map(RouteGroupBuilder loyalty) => loyalty.MapPost("/customers/{id:guid}/claims", AnswerAsync).RequireAnyApiKey("partner", "write");

    /// <param name="request">Makes a repeat answer what the first did.</param>
    public async Task<(RewardClaimed? Claimed, Refusal? Refusal)> ClaimAsync(
        Guid customer, string reward, string? store, string request, string hash, CancellationToken cancellation)
    {
        var content = await book.RefreshAsync(cancellation);
        if (!content.Rewards.TryGetValue(reward, out var found) || content.Find(found.Reward.Campaign) is not var (campaign, version))
            return (null, new CouponRefused("reward-unknown", "There is no such reward."));
        var now = clock.GetUtcNow();
        if (WhyNot(found, content, store, now) is { } refusal)
            return (null, refusal);
        var claim = Ids.Of("claim", request);
        var (stock, total, shards) = StockOf(found, store);
        var first = (int)((uint)customer.GetHashCode() % (uint)shards);
        for (var tried = 0; ; tried++)
        {
            var shard = (first + tried) % shards;
            List<Command> unit =
            [
                Wallet.Command(customer, (wallet, origin) => Decide(wallet, origin, claim, found, store, campaign, version, hash, now)) with
                {
                    IdempotencyKey = claim,
                },
                Spend(customer, claim, found.Reward, now),
            ];
            if (total is { } pieces)
            {
                var part = Stock.PartOf(pieces, shard, shards);
                var key = Ids.Of("claim-stock", request);
                unit.Add(Stock.Command(stock, shard, it => it.Take(stock, shard, part, claim, now, until: null)) with { IdempotencyKey = key });
            }

            var result = (await runtime.ExecuteTogetherAsync([unit], cancellation))[0][0];
            if (result.Refusal is null)
                return result.Events[0].Event is RewardClaimed claimed && claimed.Hash == hash ? (claimed, null) : (null, new IdempotencyKeyReused());
            if (result.Refusal != CouponRefused.NoneLeft || tried + 1 >= shards)
                return (null, result.Refusal);
        }
    }

    public static (string Name, long? Total, int Shards) StockOf(KnownReward found, string? store) =>
        found.Reward.StockByStore is { Count: > 0 } byStore
            ? ($"reward/{found.Reward.Id}/{store}", byStore.GetValueOrDefault(store ?? ""), 1)
            : ($"reward/{found.Reward.Id}", found.Reward.Stock, found.Shards);

    public static Refusal? WhyNot(KnownReward found, BookContent content, string? store, DateTimeOffset now)
    {
        var reward = found.Reward;
        if (found.Ended || reward.Until <= now)
            return new CouponRefused("reward-over", "The reward can no longer be claimed.");
        if (reward.From > now)
            return new CouponRefused("reward-not-yet", $"The reward can be claimed from {reward.From:u} on.");
        if (content.Stopped.Contains(reward.Campaign))
            return CouponRefused.Stopped;
        return reward.StockByStore is { Count: > 0 } byStore && (store is null || !byStore.ContainsKey(store))
            ? new CouponRefused("store-needed", $"Name one of its stores: {string.Join(", ", byStore.Keys.Order(StringComparer.Ordinal).Take(20))}.")
            : null;
    }

    private static Decision Decide(
        Wallet wallet, Guid? origin, Guid claim, KnownReward found, string? store, Campaign campaign, int version, string hash, DateTimeOffset now)
    {
        var reward = found.Reward;
        if (reward.PerMemberMax > 0 && wallet.ClaimsOf(reward.Id) >= reward.PerMemberMax)
            return new CouponRefused("claim-limit", $"One customer may claim the reward {reward.PerMemberMax} times, and this one has.");
        var coupon = Ids.Of("claimed-coupon", claim.ToString("N"));
        var issued = IssueCoupon.Decide(wallet, origin, coupon, campaign, version, $"reward/{reward.Id}", hash: "", now);
        return issued.Refusal is { } refusal
            ? new([], refusal)
            : Decision.Of([
                new RewardClaimed(claim, reward.Id, found.Version, reward.CostPoints, store, coupon, now, hash, reward.PerMemberMax > 0, origin),
                .. issued.Events,
            ]);
    }

    private static Command Spend(Guid customer, Guid claim, Reward reward, DateTimeOffset now)
    {
        var redemption = new RedemptionId(Ids.Of("claim-points", claim.ToString("N")));
        return Ledger.Kind.Command(customer, customer, ledger =>
        {
            if (reward.Tiers is { Count: > 0 } tiers && (ledger.Tier is null || !tiers.Contains(ledger.Tier, StringComparer.Ordinal)))
                return new CouponRefused("other-tier", $"The reward is for the tiers {string.Join(", ", tiers)}.");
            return reward.CostPoints == 0 ? Decision.Nothing : RedeemPoints.Decide(ledger, redemption, reward.CostPoints, $"reward-{reward.Id}", now);
        }) with { IdempotencyKey = redemption.Value };
    }

    private static async Task<IResult> AnswerAsync(
        Guid id, ClaimRequest body, [FromHeader(Name = Idempotency.Header)] string? key, ClaimReward claims, HttpContext context,
        CancellationToken cancellation)
    {
        var errors = new List<FieldError>();
        CampaignCheck.Id(errors, "/reward", body.Reward);
        if (Idempotency.FaultOf(key) is { } error)
            errors.Add(error);
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        var (claimed, refusal) = await claims.ClaimAsync(
            id, body.Reward!, body.Store, $"{context.GetApiCaller().Name}/{key}", Ids.Fingerprint($"{id} {body}"), cancellation);
        return refusal is null
            ? TypedResults.Json(
                new ClaimAnswer(claimed!.Claim, claimed.Reward, claimed.Points, claimed.Coupon), CouponJson.Default.ClaimAnswer,
                statusCode: StatusCodes.Status201Created)
            : refusal.ToProblem(StatusOf(refusal));
    }

    private static int StatusOf(Refusal refusal) => refusal.Code switch
    {
        "reward-unknown" or "no-ledger" => StatusCodes.Status404NotFound,
        "store-needed" => StatusCodes.Status400BadRequest,
        _ => StatusCodes.Status409Conflict,
    };
}
