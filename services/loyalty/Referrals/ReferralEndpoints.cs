using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <param name="Signals">What the touchpoint or profile found suspicious, as codes such as <c>shared-device</c>: the referral then waits for a person.</param>
internal sealed record JoinRequest(string? Code, IReadOnlyList<string>? Signals);

internal sealed record ReferralCodeShown(string Code);

internal sealed record ReferralMadeShown(Guid Friend, ReferralOutcome Outcome, string Reason, DateTimeOffset At);

/// <param name="CameBy">Who referred this customer; null where nobody did.</param>
internal sealed record ReferralsShown(string? Code, IReadOnlyList<ReferralMadeShown> Made, Guid? CameBy, JoiningStage? Stage);

/// <summary>Referring friends, and deciding about referrals that look wrong.</summary>
internal static class ReferralEndpoints
{
    private const int SignalsMax = 5;
    private const int CodesTriedMax = 10;

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPut("/referral-rules", DefineAsync).RequireApiKey("write");
        loyalty.MapGet("/referral-rules", async (CouponBook book, CancellationToken cancellation) => Rules(await book.RefreshAsync(cancellation)))
            .RequireApiKey("read");
        loyalty.MapPost("/customers/{id:guid}/referral-code", GiveCodeAsync).RequireAnyApiKey("write", "partner");
        loyalty.MapPost("/customers/{id:guid}/referral", JoinAsync).RequireAnyApiKey("write", "partner");
        loyalty.MapGet("/customers/{id:guid}/referrals", ShowAsync).RequireAnyApiKey("read", "partner");
        loyalty.MapGet("/referrals/held", async ([FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation) =>
            TypedResults.Json(await HeldReferrals.ReadAsync(runtime.Database, cancellation), CouponJson.Default.IReadOnlyListHeldReferral))
            .RequireApiKey("read");
        loyalty.MapPost("/referrals/{referrer:guid}/{friend:guid}/approve", ApproveAsync).RequireApiKey("write");
        loyalty.MapPost("/referrals/{referrer:guid}/{friend:guid}/reject", RejectAsync).RequireApiKey("write");
    }

    private static async Task<IResult> DefineAsync(
        ReferralRules body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context, CancellationToken cancellation)
    {
        var content = await book.RefreshAsync(cancellation);
        var errors = new List<FieldError>();
        CampaignCheck.Currency(errors, "/currency", body.Currency);
        CampaignCheck.Range(errors, "/minMinor", body.MinMinor, 0, 1_000_000_000_000);
        CampaignCheck.Range(errors, "/withinDays", body.WithinDays, 1, 366);
        CampaignCheck.Range(errors, "/rewardedMax", body.RewardedMax, 1, 1_000);
        CampaignCheck.Range(errors, "/velocityMax", body.VelocityMax, 1, 1_000);
        CampaignCheck.Range(errors, "/velocityDays", body.VelocityDays, 1, 366);
        if (body.ReferrerCampaign is null || content.Find(body.ReferrerCampaign) is null)
            errors.Add(new("/referrerCampaign", "Name a campaign that is defined: its coupon is what the referrer gets."));
        if (body.FriendCampaign is null || content.Find(body.FriendCampaign) is null)
            errors.Add(new("/friendCampaign", "Name a campaign that is defined: its coupon is what the friend gets."));
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        var (hash, by) = (BookPage.HashOf(new ReferralRulesDefined(body, 0, "")), context.GetApiCaller().Name);
        await runtime.ExecuteAsync(
            BookPage.Command("referral-rules", page => page.Content == hash ? Decision.Nothing : new ReferralRulesDefined(body, page.Version + 1, by)),
            cancellation);
        return Rules(await book.RefreshAsync(cancellation));
    }

    private static IResult Rules(BookContent content) => content.Referral is { } rules
        ? TypedResults.Json(rules, CouponJson.Default.ReferralRules)
        : Problem.NotFound("There are no rules for referrals yet.");

    /// <summary>Of a customer who has bought; always the same code.</summary>
    private static async Task<IResult> GiveCodeAsync(
        Guid id, CouponDesk desk, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock, CancellationToken cancellation)
    {
        for (var tried = 0; tried < CodesTriedMax; tried++)
        {
            if ((await desk.WalletAsync(id, cancellation))?.Codes is [var known, ..])
                return TypedResults.Json(new ReferralCodeShown(known.Code), CouponJson.Default.ReferralCodeShown);
            if ((await runtime.StateAsync(Ledger.Kind, id, cancellation))?.Tier is null)
                return new NoLedger().ToProblem(StatusCodes.Status404NotFound);
            var code = ReferralCode.For(id, tried);
            var given = new ReferralCodeGiven(code, id, clock.GetUtcNow());
            await runtime.ExecuteTogetherAsync(
                [[
                    ReferralCode.Command(code, it => it.Member is null || it.Member == id ? given : new CouponRefused("code-taken", "The code is taken.")),
                    Wallet.Command(id, (wallet, origin) => wallet.Codes.Count > 0 ? AlreadyGiven : given with { Origin = origin }),
                ]],
                cancellation);
        }

        return new CouponRefused("no-code", "No code was free. Try again.").ToProblem();
    }

    private static CouponRefused AlreadyGiven { get; } = new("code-given", "The customer has a code.");

    private static async Task<IResult> JoinAsync(
        Guid id, JoinRequest body, CouponDesk desk, CouponBook book, FailedTries tries, [FromKeyedServices(Module.Name)] ServiceRuntime runtime,
        BusinessClock clock, HttpContext context, CancellationToken cancellation)
    {
        var signals = body.Signals ?? [];
        if (signals.Count > SignalsMax || !signals.All(CampaignCheck.IsId))
            return Problem.Invalid(new FieldError("/signals", $"At most {SignalsMax} codes such as shared-device."));
        if ((await book.ReadAsync(cancellation)).Referral is null)
            return Problem.NotFound("There are no rules for referrals yet.");
        var caller = context.GetApiCaller().Name;
        if (!tries.MayTry(caller))
            return new CouponRefused("too-many-failed-tries", "Too many codes that do not exist were asked for. Wait a minute.").ToProblem(429);
        var code = (body.Code ?? "").Trim().ToUpperInvariant();
        if ((await runtime.StateAsync(ReferralCode.Kind, ReferralCode.IdOf(code), cancellation))?.Member is not { } referrer)
        {
            tries.Failed(caller);
            return Problem.NotFound("There is no such referral code.");
        }

        if (await runtime.RootAsync(referrer, cancellation) == await runtime.RootAsync(id, cancellation))
            return JudgeReferral.Self.ToProblem();
        var above = (await desk.WalletAsync(referrer, cancellation))?.Joinings is [var came, ..] ? came : null;
        var ancestors = above is null ? [] : above.Ancestors.Prepend(above.Referrer).Take(JudgeReferral.AncestorsMax).ToList();
        var joined = new FriendJoined(id, referrer, clock.GetUtcNow(), ancestors, [.. signals]);
        var results = await runtime.ExecuteTogetherAsync(
            [[
                Wallet.Kind.CommandOf(id, (wallet, stream) => JudgeReferral.Join(
                    wallet, stream, stream == Wallet.StreamOf(id) ? joined : joined with { Origin = id })),
                Ledger.Kind.Command(id, id, ledger => ledger.Tier is null ? Decision.Nothing : JudgeReferral.NotNew),
            ]],
            cancellation);
        return results[0][0].Refusal is { } refusal ? refusal.ToProblem() : TypedResults.NoContent();
    }

    private static async Task<IResult> ShowAsync(Guid id, CouponDesk desk, CancellationToken cancellation)
    {
        var wallet = await desk.WalletAsync(id, cancellation) ?? new Wallet();
        var joining = wallet.Joinings is [var came, ..] ? came : null;
        return TypedResults.Json(
            new ReferralsShown(
                wallet.Codes is [var code, ..] ? code.Code : null,
                [.. wallet.Referrals.Select(it => new ReferralMadeShown(it.Friend, it.Outcome, it.Reason, it.At))],
                joining?.Referrer, joining?.Stage),
            CouponJson.Default.ReferralsShown);
    }

    private static Task<IResult> ApproveAsync(Guid referrer, Guid friend, ReasonGiven body, HttpContext context, CancellationToken cancellation) =>
        ReviewAsync(referrer, friend, body, approve: true, context, cancellation);

    private static Task<IResult> RejectAsync(Guid referrer, Guid friend, ReasonGiven body, HttpContext context, CancellationToken cancellation) =>
        ReviewAsync(referrer, friend, body, approve: false, context, cancellation);

    /// <summary>Safe to repeat; the other decision afterwards is refused.</summary>
    private static async Task<IResult> ReviewAsync(
        Guid referrer, Guid friend, ReasonGiven body, bool approve, HttpContext context, CancellationToken cancellation)
    {
        if (!CampaignCheck.IsId(body.Reason))
            return Problem.Invalid(new FieldError("/reason", "Give a reason as a code such as looked-at: lower-case letters, digits and hyphens, at most 40."));
        var (runtime, book) = (context.RequestServices.PatronService(Module.Name), context.RequestServices.GetRequiredService<CouponBook>());
        var content = await book.RefreshAsync(cancellation);
        var (by, now) = (context.GetApiCaller().Name, context.RequestServices.GetRequiredService<BusinessClock>().GetUtcNow());
        var result = await runtime.ExecuteAsync(
            Wallet.Command(referrer, (wallet, origin) => JudgeReferral.Review(wallet, origin, referrer, friend, approve, body.Reason!, by, content, now)),
            cancellation);
        return result.Refusal is null
            ? TypedResults.NoContent()
            : result.Refusal.ToProblem(result.Refusal.Code == "referral-unknown" ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict);
    }
}
