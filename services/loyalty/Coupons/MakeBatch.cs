using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <param name="Count">1 to 16,777,216.</param>
/// <param name="Until">Never later than the campaign's own end counts.</param>
internal sealed record BatchRequest(int Count, DateTimeOffset? From, DateTimeOffset? Until);

internal sealed record BatchShown(
    int Number, string Campaign, int Version, int Count, DateTimeOffset? From, DateTimeOffset? Until, bool Running, bool Voided);

/// <summary>Makes single-use codes: one event, however many there are.</summary>
internal sealed class MakeBatch([FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book)
{
    private const int TriesMax = 20;

    public static CouponRefused NoKey { get; } = new("no-coupon-key", "This deployment has no key for codes: set Coupons:MasterKey or Coupons:MasterKeyFile.");

    public static void Map(RouteGroupBuilder loyalty)
    {
        loyalty.MapPost("/campaigns/{id}/batches", AnswerAsync).RequireApiKey("write");
        loyalty.MapGet("/batches/{number:int}", ShowAsync).RequireApiKey("read");
        loyalty.MapPost("/batches/{number:int}/void", VoidAsync).RequireApiKey("write");
    }

    /// <param name="key">Makes a repeat answer the batch of the first try.</param>
    public async Task<(BatchMade? Made, Refusal? Refusal)> MakeAsync(
        string campaign, int version, BatchRequest wanted, bool running, Guid? key, string hash, string by, CancellationToken cancellation)
    {
        if (!book.HasKey)
            return (null, NoKey);
        await OpenSpaceAsync(cancellation);
        for (var tried = 0; tried < TriesMax; tried++)
        {
            var known = await book.RefreshAsync(cancellation);
            var number = known.Batches.Count == 0 ? 0 : known.Batches.Keys.Max() + 1;
            if (number > CodeSpace.BatchMax)
                return (null, new CouponRefused("no-batches-left", $"There are {CodeSpace.BatchMax + 1} batches, which is the most."));
            var made = new BatchMade(number, campaign, version, wanted.Count, wanted.From, wanted.Until, book.NewKey(number), running, hash, by);
            var command = BookPage.Command($"batch/{number}", page => page.Version > 0 ? new NumberTaken(number) : made) with { IdempotencyKey = key };
            var result = await runtime.ExecuteAsync(command, cancellation);
            if (result.Refusal is null)
            {
                await book.RefreshAsync(cancellation);
                return ((BatchMade)result.Events[0].Event, null);
            }
        }

        return (null, new NumberTaken(CodeSpace.BatchMax));
    }

    private async Task OpenSpaceAsync(CancellationToken cancellation)
    {
        if ((await book.ReadAsync(cancellation)).SpaceKey is not null)
            return;
        var opened = new CodeSpaceOpened(book.NewSpaceKey());
        await runtime.ExecuteAsync(BookPage.Command("code-space", page => page.Version > 0 ? Decision.Nothing : opened), cancellation);
    }

    private static async Task<IResult> AnswerAsync(
        string id, BatchRequest body, [FromHeader(Name = Idempotency.Header)] string? key, MakeBatch making, CouponBook book, HttpContext context,
        CancellationToken cancellation)
    {
        var errors = new List<FieldError>();
        CampaignCheck.Range(errors, "/count", body.Count, 1, CodeSpace.SerialsMax);
        if (body.From >= body.Until)
            errors.Add(new("/until", "This must be later than from."));
        if (Idempotency.FaultOf(key) is { } fault)
            errors.Add(fault);
        if (errors.Count > 0)
            return Problem.Invalid(errors);
        if ((await book.RefreshAsync(cancellation)).Find(id) is not { } campaign)
            return Problem.NotFound("There is no campaign with this name.");
        var by = context.GetApiCaller().Name;
        var hash = Ids.Fingerprint($"{id} {body}");
        var (made, refusal) = await making.MakeAsync(
            id, campaign.Version, body, running: false, Ids.Of("batch-request", $"{by}/{key}"), hash, by, cancellation);
        if (refusal is not null)
            return refusal.ToProblem(refusal == NoKey ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status409Conflict);
        return made!.Hash == hash
            ? Shown(await book.RefreshAsync(cancellation), made.Number)
            : new IdempotencyKeyReused().ToProblem();
    }

    private static async Task<IResult> ShowAsync(int number, CouponBook book, CancellationToken cancellation) =>
        Shown(await book.RefreshAsync(cancellation), number);

    /// <summary>No code of it can be used any more; what was used stays used. Safe to repeat.</summary>
    private static async Task<IResult> VoidAsync(
        int number, ReasonGiven body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CouponBook book, HttpContext context,
        CancellationToken cancellation)
    {
        if (!CampaignCheck.IsId(body.Reason))
            return Problem.Invalid(new FieldError("/reason", "Give a reason as a code such as lost-in-the-mail."));
        if (!(await book.RefreshAsync(cancellation)).Batches.ContainsKey(number))
            return Problem.NotFound("There is no batch with this number.");
        var by = context.GetApiCaller().Name;
        await runtime.ExecuteAsync(
            BookPage.Command($"batch/{number}", page => page.Ended ? Decision.Nothing : new BatchVoided(number, body.Reason!, by)), cancellation);
        return Shown(await book.RefreshAsync(cancellation), number);
    }

    private static IResult Shown(BookContent content, int number) => content.Batches.TryGetValue(number, out var batch)
        ? TypedResults.Json(
            new BatchShown(
                number, batch.Made.Campaign, batch.Made.Version, batch.Made.Count, batch.From, batch.Until, batch.Made.Running, batch.Voided),
            CouponJson.Default.BatchShown)
        : Problem.NotFound("There is no batch with this number.");
}
