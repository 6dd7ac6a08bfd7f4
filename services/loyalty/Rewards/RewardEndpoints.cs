using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <param name="Left">Pieces that can still be claimed; null for no bound. By store where it has a stock by store.</param>
internal sealed record RewardShown(Reward Reward, int Version, bool Ended, long? Left, IReadOnlyDictionary<string, long>? LeftByStore);

/// <param name="Why">Why this customer cannot claim it now; null where they can.</param>
internal sealed record RewardForCustomer(string Reward, IReadOnlyDictionary<string, string> Names, RewardKind Kind, long CostPoints, WhyNot? Why);

/// <summary>The catalogue of rewards.</summary>
internal static class RewardEndpoints
{
    private const long PiecesMax = 100_000_000;
    private const int StoresMax = 1_000;

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPut("/rewards/{id}", DefineAsync).RequireApiKey("write");
        loyalty.MapGet("/rewards", ListAsync).RequireApiKey("read");
        loyalty.MapPost("/rewards/{id}/end", EndAsync).RequireApiKey("write");
        loyalty.MapGet("/customers/{id:guid}/rewards", ForCustomerAsync).RequireAnyApiKey("read", "partner");
    }

    /// <summary>What is defined again as it is changes nothing. A larger or smaller stock counts what was claimed so far.</summary>
    private static async Task<IResult> DefineAsync(
        string id, Reward body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context, CancellationToken cancellation)
    {
        var reward = body with { Id = id };
        var content = await book.RefreshAsync(cancellation);
        if (Check(reward, content) is { Count: > 0 } errors)
            return Problem.Invalid(errors);
        var shards = content.Rewards.TryGetValue(id, out var known) ? known.Shards : Stock.ShardsFor(reward.Stock ?? 0);
        var (hash, by) = (BookPage.HashOf(new RewardDefined(reward, 0, shards, "")), context.GetApiCaller().Name);
        await runtime.ExecuteAsync(
            BookPage.Command($"reward/{id}", page => page.Content == hash && !page.Ended
                ? Decision.Nothing
                : new RewardDefined(reward, page.Version + 1, shards, by)),
            cancellation);
        return await ShownAsync(runtime, await book.RefreshAsync(cancellation), [id], one: true, cancellation);
    }

    private static async Task<IResult> ListAsync(
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, CancellationToken cancellation)
    {
        var content = await book.RefreshAsync(cancellation);
        return await ShownAsync(runtime, content, [.. content.Rewards.Keys.Order(StringComparer.Ordinal)], one: false, cancellation);
    }

    private static async Task<IResult> EndAsync(
        string id, ReasonGiven body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context,
        CancellationToken cancellation)
    {
        if (!CampaignCheck.IsId(body.Reason))
            return Problem.Invalid(new FieldError("/reason", "Give a reason as a code such as sold-out."));
        if (!(await book.RefreshAsync(cancellation)).Rewards.ContainsKey(id))
            return Problem.NotFound("There is no reward with this name.");
        var by = context.GetApiCaller().Name;
        await runtime.ExecuteAsync(
            BookPage.Command($"reward/{id}", page => page.Ended ? Decision.Nothing : new RewardEnded(id, body.Reason!, by)), cancellation);
        return await ShownAsync(runtime, await book.RefreshAsync(cancellation), [id], one: true, cancellation);
    }

    private static async Task<IResult> ForCustomerAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, CouponDesk desk, BusinessClock clock, CancellationToken cancellation)
    {
        var (content, now) = (await book.ReadAsync(cancellation), clock.GetUtcNow());
        var ledger = await runtime.StateAsync(Ledger.Kind, id, cancellation);
        var wallet = await desk.WalletAsync(id, cancellation) ?? new Wallet();
        var left = await LeftAsync(runtime, [.. content.Rewards.Values], cancellation);
        return TypedResults.Json<IReadOnlyList<RewardForCustomer>>(
            [.. content.Rewards.Values.Where(it => !it.Ended).OrderBy(it => it.Reward.CostPoints).ThenBy(it => it.Reward.Id).Select(it =>
                new RewardForCustomer(it.Reward.Id, it.Reward.Names, it.Reward.Kind, it.Reward.CostPoints, WhyNot(it, content, ledger, wallet, left, now)))],
            CouponJson.Default.IReadOnlyListRewardForCustomer);
    }

    private static WhyNot? WhyNot(
        KnownReward found, BookContent content, Ledger? ledger, Wallet wallet, IReadOnlyDictionary<(string Reward, string Store), long> left,
        DateTimeOffset now)
    {
        var reward = found.Reward;
        Refusal? refusal = ClaimReward.WhyNot(found, content, reward.StockByStore?.Keys.FirstOrDefault(), now)
            ?? (reward.Tiers is { Count: > 0 } tiers && !tiers.Contains(ledger?.Tier, StringComparer.Ordinal)
                ? new CouponRefused("other-tier", $"The reward is for the tiers {string.Join(", ", tiers)}.")
                : reward.PerMemberMax > 0 && wallet.ClaimsOf(reward.Id) >= reward.PerMemberMax
                    ? new CouponRefused("claim-limit", $"One customer may claim the reward {reward.PerMemberMax} times, and this one has.")
                    : left.Any(it => it.Key.Reward == reward.Id) && left.Where(it => it.Key.Reward == reward.Id).All(it => it.Value == 0)
                        ? CouponRefused.NoneLeft
                        : (ledger?.Spendable(now) ?? 0) < reward.CostPoints
                            ? new NotEnoughPoints(ledger?.Spendable(now) ?? 0, reward.CostPoints)
                            : null);
        return refusal is null ? null : new(refusal.Code, refusal.Detail);
    }

    private static async Task<IResult> ShownAsync(
        ServiceRuntime runtime, BookContent content, IReadOnlyList<string> ids, bool one, CancellationToken cancellation)
    {
        var found = ids.Select(id => content.Rewards[id]).ToList();
        var left = await LeftAsync(runtime, found, cancellation);
        var shown = found.ConvertAll(it => new RewardShown(
            it.Reward, it.Version, it.Ended, left.TryGetValue((it.Reward.Id, ""), out var pieces) ? pieces : null,
            it.Reward.StockByStore?.Keys.ToDictionary(store => store, store => left[(it.Reward.Id, store)])));
        return one
            ? TypedResults.Json(shown[0], CouponJson.Default.RewardShown)
            : TypedResults.Json<IReadOnlyList<RewardShown>>(shown, CouponJson.Default.IReadOnlyListRewardShown);
    }

    /// <summary>By reward and store, where the store is empty for a stock for all; nothing for rewards without a bound.</summary>
    private static async Task<IReadOnlyDictionary<(string Reward, string Store), long>> LeftAsync(
        ServiceRuntime runtime, IReadOnlyList<KnownReward> rewards, CancellationToken cancellation)
    {
        var stocks = rewards
            .SelectMany(it => (it.Reward.StockByStore?.Keys ?? [""]).Select(store => (it.Reward.Id, Store: store, Stock: ClaimReward.StockOf(it, store))))
            .Where(it => it.Stock.Total is not null).ToList();
        var states = await runtime.StatesAsync(
            Stock.Kind, [.. stocks.SelectMany(it => Enumerable.Range(0, it.Stock.Shards).Select(shard => Stock.IdOf(it.Stock.Name, shard)))], cancellation);
        return stocks.ToDictionary(it => (it.Id, it.Store), it => Math.Max(0, it.Stock.Total!.Value - Enumerable.Range(0, it.Stock.Shards)
            .Sum(shard => states.GetValueOrDefault(Stock.IdOf(it.Stock.Name, shard))?.Taken ?? 0)));
    }

    private static List<FieldError> Check(Reward reward, BookContent content)
    {
        var errors = new List<FieldError>();
        CampaignCheck.Id(errors, "/id", reward.Id);
        CampaignCheck.Names(errors, reward.Names);
        CampaignCheck.Range(errors, "/costPoints", reward.CostPoints, 0, RedeemPoints.PointsMax);
        CampaignCheck.Range(errors, "/stock", reward.Stock ?? 0, 0, PiecesMax);
        CampaignCheck.Range(errors, "/perMemberMax", reward.PerMemberMax, 0, 1_000);
        if (reward.Campaign is null || content.Find(reward.Campaign) is null)
            errors.Add(new("/campaign", "Name a campaign that is defined: its coupon is what the customer gets."));
        if (reward.From >= reward.Until)
            errors.Add(new("/until", "This must be later than from."));
        if (reward.StockByStore?.Count > StoresMax || reward.StockByStore?.Values.Any(pieces => pieces is < 0 or > PiecesMax) == true)
            errors.Add(new("/stockByStore", $"At most {StoresMax} stores, each with 0 to {PiecesMax} pieces."));
        return errors;
    }
}
