using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A coupon as its customer sees it.</summary>
/// <param name="State"><c>issued</c>, <c>viewed</c>, <c>reserved</c>, <c>redeemed</c>, <c>expired</c> or <c>voided</c>.</param>
/// <param name="Code">Null until it was looked at.</param>
internal sealed record CouponShown(
    Guid Coupon, string Campaign, IReadOnlyDictionary<string, string> Names, CouponBenefit Benefit, string State, string? Code, DateTimeOffset? From,
    DateTimeOffset? Until, string Source);

/// <param name="Campaign">Whose newest version the coupon gets.</param>
/// <param name="Source">Why, as a code such as <c>journey-welcome</c>.</param>
internal sealed record IssueRequest(string? Campaign, string? Source);

/// <summary>Customers' coupons: issuing, showing, withdrawing.</summary>
internal static class WalletEndpoints
{
    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPost("/customers/{id:guid}/coupons", IssueAsync).RequireAnyApiKey("write", "partner");
        loyalty.MapGet("/customers/{id:guid}/coupons", ListAsync).RequireAnyApiKey("read", "partner");
        loyalty.MapPost("/customers/{id:guid}/coupons/{coupon:guid}/view", ViewAsync).RequireAnyApiKey("read", "partner");
        loyalty.MapPost("/customers/{id:guid}/coupons/{coupon:guid}/void", VoidAsync).RequireApiKey("write");
    }

    /// <summary>A repeat with the same key answers the same coupon.</summary>
    private static async Task<IResult> IssueAsync(
        Guid id, IssueRequest body, [FromHeader(Name = Idempotency.Header)] string? key, [FromKeyedServices(Module.Name)] ServiceRuntime runtime,
        CouponBook book, BusinessClock clock, HttpContext context, CancellationToken cancellation)
    {
        var errors = new List<FieldError>();
        CampaignCheck.Id(errors, "/campaign", body.Campaign);
        CampaignCheck.Id(errors, "/source", body.Source);
        if (Idempotency.FaultOf(key) is { } error)
            errors.Add(error);
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        var content = await book.RefreshAsync(cancellation);
        if (content.Find(body.Campaign!) is not var (campaign, version))
            return Problem.NotFound("There is no campaign with this name.");
        if (content.Stopped.Contains(campaign.Id))
            return CouponRefused.Stopped.ToProblem();
        var hash = Ids.Fingerprint($"{id} {body}");
        var coupon = Ids.Of("issue", $"{context.GetApiCaller().Name}/{key}");
        var result = await runtime.ExecuteAsync(
            IssueCoupon.Command(id, coupon, campaign, version, body.Source!, hash, clock.GetUtcNow()), cancellation);
        if (result.Refusal is not null)
            return result.Refusal.ToProblem();
        if (result.Events is not [{ Event: CouponIssued issued }, ..] || issued.Hash != hash)
            return new IdempotencyKeyReused().ToProblem();
        return TypedResults.Json(
            Shown(CouponLife.Of(issued), content, book, clock.GetUtcNow()), CouponJson.Default.CouponShown, statusCode: StatusCodes.Status201Created);
    }

    /// <summary>Those that can be used, then the last ones that cannot.</summary>
    private static async Task<IResult> ListAsync(Guid id, CouponDesk desk, CouponBook book, BusinessClock clock, CancellationToken cancellation)
    {
        var (content, now) = (await book.ReadAsync(cancellation), clock.GetUtcNow());
        var wallet = await desk.WalletAsync(id, cancellation);
        return TypedResults.Json<IReadOnlyList<CouponShown>>(
            wallet is null ? [] : [.. wallet.Coupons.Concat(wallet.Ended.Reverse()).Select(life => Shown(life, content, book, now))],
            CouponJson.Default.IReadOnlyListCouponShown);
    }

    /// <summary>The customer looks at the coupon: it gets its code, which stays the same. Safe to repeat.</summary>
    private static async Task<IResult> ViewAsync(
        Guid id, Guid coupon, CouponDesk desk, RunningCodes codes, CouponBook book, [FromKeyedServices(Module.Name)] ServiceRuntime runtime,
        BusinessClock clock, CancellationToken cancellation)
    {
        var (found, refusal) = await desk.FindAsync(id, coupon, cancellation);
        if (found is null)
            return refusal!.ToProblem(StatusCodes.Status404NotFound);
        var now = clock.GetUtcNow();
        if (found.Life is { ViewedAt: null, IsLive: true })
        {
            var (number, noCode) = await codes.NextAsync(found.Campaign.Id, found.Version, cancellation);
            if (noCode is not null)
                return noCode.ToProblem(TillEndpoints.StatusOf(noCode));
            var code = CouponLife.Fresh(Coupon.IdOf(number), found.Campaign.Id, found.Version, null, null);
            await runtime.ExecuteTogetherAsync(
                [[
                    Wallet.Command(id, (wallet, _) => wallet.Find(coupon) is { ViewedAt: null, IsLive: true } life
                        ? new CouponViewed(coupon, life.Campaign, now, number.Batch, number.Serial)
                        : CouponRefused.Unknown),
                    Coupon.Command(code, _ => new CodeBound(code.Id, id, coupon, now)),
                ]],
                cancellation);
            (found, refusal) = await desk.FindAsync(id, coupon, cancellation);
            if (found is null)
                return refusal!.ToProblem(StatusCodes.Status404NotFound);
        }

        return TypedResults.Json(Shown(found.Life, await book.RefreshAsync(cancellation), book, now), CouponJson.Default.CouponShown);
    }

    private static async Task<IResult> VoidAsync(
        Guid id, Guid coupon, ReasonGiven body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock, HttpContext context,
        CancellationToken cancellation)
    {
        if (!CampaignCheck.IsId(body.Reason))
            return Problem.Invalid(new FieldError("/reason", "Give a reason as a code such as issued-by-mistake."));
        var (by, now) = (context.GetApiCaller().Name, clock.GetUtcNow());
        var result = await runtime.ExecuteAsync(
            Wallet.Command(id, (wallet, _) => wallet.Find(coupon) is { } life ? UseCoupon.Void(life, body.Reason!, by, now) : CouponRefused.Unknown),
            cancellation);
        return result.Refusal is null ? TypedResults.NoContent() : result.Refusal.ToProblem(TillEndpoints.StatusOf(result.Refusal));
    }

    private static CouponShown Shown(CouponLife life, BookContent content, CouponBook book, DateTimeOffset now)
    {
        var campaign = content.Version(life.Campaign, life.Version);
        var code = life.ViewedAt is null || !content.Batches.TryGetValue(life.Batch, out var batch)
            ? null
            : book.Space(content)?.Write(new(life.Batch, life.Serial), book.KeyOf(batch));
        return new(life.Id, life.Campaign, campaign.Names, campaign.Benefit, StateOf(life, now), code, life.From, life.Until, life.Source);
    }

    private static string StateOf(CouponLife life, DateTimeOffset now) => life.Stage switch
    {
        CouponStage.Redeemed => "redeemed",
        CouponStage.Voided => "voided",
        CouponStage.Expired => "expired",
        _ when life.IsHeld(now) => "reserved",
        _ when life.Until <= now => "expired",
        _ => life.ViewedAt is null ? "issued" : "viewed",
    };
}
