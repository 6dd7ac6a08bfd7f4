using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A campaign as it is shown, with the version that new codes get.</summary>
internal sealed record CampaignShown(Campaign Campaign, int Version, bool Stopped);

/// <summary>Why something is withdrawn or taken up again, as a code such as <c>price-error</c>.</summary>
internal sealed record ReasonGiven(string? Reason);

/// <param name="TotalMax">The most uses; 0 for no bound.</param>
internal sealed record PublicCodeRequest(long TotalMax, DateTimeOffset? From, DateTimeOffset? Until);

/// <summary>Defining campaigns and public codes. What is defined again as it is changes nothing, so a retry is safe.</summary>
internal static class CampaignEndpoints
{
    private const long TotalMax = 1_000_000_000;
    private const int PublicCodeCharsMin = 3;
    private const int PublicCodeCharsMax = 15;

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPut("/campaigns/{id}", DefineAsync).RequireApiKey("write");
        loyalty.MapGet("/campaigns", ListAsync).RequireApiKey("read");
        loyalty.MapGet("/campaigns/{id}", ShowAsync).RequireApiKey("read");
        loyalty.MapPost("/campaigns/{id}/stop", (string id, ReasonGiven body, HttpContext context, CancellationToken cancellation) =>
            TurnAsync(id, body, stop: true, context, cancellation)).RequireApiKey("write");
        loyalty.MapPost("/campaigns/{id}/resume", (string id, ReasonGiven body, HttpContext context, CancellationToken cancellation) =>
            TurnAsync(id, body, stop: false, context, cancellation)).RequireApiKey("write");
        loyalty.MapPut("/campaigns/{id}/codes/{code}", DefineCodeAsync).RequireApiKey("write");
        loyalty.MapDelete("/campaigns/{id}/codes/{code}", EndCodeAsync).RequireApiKey("write");
    }

    /// <summary>Codes that exist keep the version that they were made with.</summary>
    private static async Task<IResult> DefineAsync(
        string id, Campaign body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context,
        CancellationToken cancellation)
    {
        var campaign = body with
        {
            Id = id,
            Goods = body.Goods is { } goods ? new(goods.Products ?? [], goods.Categories ?? [], goods.Brands ?? [], goods.ExceptProducts ?? []) : Goods.All,
            Conditions = body.Conditions ?? Conditions.None,
            Stacking = body.Stacking ?? CouponStacking.Free,
            ReservedMinutes = body.ReservedMinutes == 0 ? Campaign.ReservedMinutesDefault : body.ReservedMinutes,
        };
        if (CampaignCheck.Of(campaign) is { Count: > 0 } errors)
            return Problem.Invalid(errors);
        var content = BookPage.HashOf(new CampaignDefined(campaign, 0, ""));
        var by = context.GetApiCaller().Name;
        await runtime.ExecuteAsync(
            BookPage.Command($"campaign/{id}", page => page.Content == content ? Decision.Nothing : new CampaignDefined(campaign, page.Version + 1, by)),
            cancellation);
        return Shown(await book.RefreshAsync(cancellation), id);
    }

    private static async Task<IResult> ShowAsync(string id, CouponBook book, CancellationToken cancellation) =>
        Shown(await book.RefreshAsync(cancellation), id);

    private static async Task<JsonHttpResult<IReadOnlyList<CampaignShown>>> ListAsync(CouponBook book, CancellationToken cancellation)
    {
        var content = await book.RefreshAsync(cancellation);
        return TypedResults.Json<IReadOnlyList<CampaignShown>>(
            [.. content.Latest.OrderBy(it => it.Key, StringComparer.Ordinal).Select(it =>
                new CampaignShown(content.Version(it.Key, it.Value), it.Value, content.Stopped.Contains(it.Key)))],
            CouponJson.Default.IReadOnlyListCampaignShown);
    }

    private static async Task<IResult> TurnAsync(string id, ReasonGiven body, bool stop, HttpContext context, CancellationToken cancellation)
    {
        if (!CampaignCheck.IsId(body.Reason))
            return Problem.Invalid(new FieldError("/reason", "Give a reason as a code such as price-error: small letters, digits and hyphens, at most 40."));
        var (runtime, book) = (context.RequestServices.PatronService(Module.Name), context.RequestServices.GetRequiredService<CouponBook>());
        if ((await book.RefreshAsync(cancellation)).Find(id) is null)
            return NotFound();
        var by = context.GetApiCaller().Name;
        await runtime.ExecuteAsync(
            BookPage.Command($"campaign/{id}", page => page.Ended == stop ? Decision.Nothing
                : stop ? new CampaignStopped(id, body.Reason!, by) : new CampaignResumed(id, body.Reason!, by)),
            cancellation);
        return Shown(await book.RefreshAsync(cancellation), id);
    }

    /// <summary>A code for many: 3 to 15 letters and digits; small letters are the same. It may be moved to the campaign's newest version.</summary>
    private static async Task<IResult> DefineCodeAsync(
        string id, string code, PublicCodeRequest body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context,
        CancellationToken cancellation)
    {
        code = code.ToUpperInvariant();
        var errors = new List<FieldError>();
        CampaignCheck.Range(errors, "/totalMax", body.TotalMax, 0, TotalMax);
        if (body.From >= body.Until)
            errors.Add(new("/until", "This must be later than from."));
        if (code.Length is < PublicCodeCharsMin or > PublicCodeCharsMax || !code.All(char.IsAsciiLetterOrDigit))
            errors.Add(new("code", $"The code must have {PublicCodeCharsMin} to {PublicCodeCharsMax} letters and digits."));
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        var known = await book.RefreshAsync(cancellation);
        if (known.Find(id) is not { } campaign)
            return NotFound();
        if (known.PublicCodes.TryGetValue(code, out var before) && before.Campaign.Id != id)
            return new CouponRefused("code-taken", $"The code belongs to the campaign {before.Campaign.Id}.").ToProblem();

        // How uses are counted stays what it was, or those so far would be forgotten.
        var shards = before is { Defined.TotalMax: > 0 } ? before.Defined.Shards : Stock.ShardsFor(body.TotalMax);
        var by = context.GetApiCaller().Name;
        var defined = new PublicCodeDefined(code, id, campaign.Version, body.TotalMax, shards, body.From, body.Until, by);
        await runtime.ExecuteAsync(
            BookPage.Command($"public-code/{code}", page => !page.Ended && before?.Defined == defined ? Decision.Nothing : defined), cancellation);
        await book.RefreshAsync(cancellation);
        return TypedResults.Json(defined, CouponJson.Default.PublicCodeDefined);
    }

    private static async Task<IResult> EndCodeAsync(
        string id, string code, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context, CancellationToken cancellation)
    {
        code = code.ToUpperInvariant();
        if (!(await book.RefreshAsync(cancellation)).PublicCodes.TryGetValue(code, out var known) || known.Campaign.Id != id)
            return NotFound();
        var by = context.GetApiCaller().Name;
        await runtime.ExecuteAsync(
            BookPage.Command($"public-code/{code}", page => page.Ended ? Decision.Nothing : new PublicCodeEnded(code, "ended", by)), cancellation);
        await book.RefreshAsync(cancellation);
        return TypedResults.NoContent();
    }

    private static IResult Shown(BookContent content, string id) => content.Find(id) is { } found
        ? TypedResults.Json(new CampaignShown(found.Campaign, found.Version, content.Stopped.Contains(id)), CouponJson.Default.CampaignShown)
        : NotFound();

    private static ProblemHttpResult NotFound() => Problem.NotFound("There is no campaign, or no code of it, with this name.");
}
