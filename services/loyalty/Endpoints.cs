using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The body of a redemption.</summary>
/// <param name="Points">1 to 1,000,000,000.</param>
/// <param name="Reason">A code such as <c>voucher-5-gbp</c>: lower-case letters, digits and hyphens, at most 64; never personal data.</param>
internal sealed record RedemptionRequest(long Points, string? Reason);

internal sealed record RedemptionAnswer(RedemptionId Redemption, long Points, string Reason, long Balance);

internal static class Endpoints
{
    private const int KeyCharsMax = 128;

    public static void Map(IEndpointRouteBuilder routes)
    {
        var loyalty = routes.MapGroup("/v1/loyalty");
        loyalty.MapGet("/customers/{id:guid}", ShowAsync).RequireApiKey("read");
        loyalty.MapGet("/customers/{id:guid}/timeline", TellAsync).RequireApiKey("read");
        loyalty.MapGet("/figures", CountAsync).RequireApiKey("read");
        ProgrammeEndpoints.Map(loyalty);
        BacktestEndpoints.Map(loyalty);
        loyalty.MapPost("/customers/{id:guid}/redemptions", RedeemAsync).RequireApiKey("partner");
    }

    private static async Task<Results<JsonHttpResult<CustomerLedger>, ProblemHttpResult>> ShowAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, ProgrammeBook book, BusinessClock clock, CancellationToken cancellation)
    {
        id = await runtime.RootAsync(id, cancellation);
        var ledger = await runtime.StateAsync(Ledger.Kind, id, cancellation);
        return ledger?.Tier is null
            ? new NoLedger().ToProblem(StatusCodes.Status404NotFound)
            : TypedResults.Json(CustomerLedger.Of(id, ledger, book.Versions.At(clock.GetUtcNow()), clock.GetUtcNow()), LoyaltyJson.Default.CustomerLedger);
    }

    private static async Task<JsonHttpResult<IReadOnlyList<TimelineEntry>>> TellAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation) =>
        TypedResults.Json(Timeline.Of(await runtime.ReadCustomerAsync(id, cancellation)), StoryJson.Default.IReadOnlyListTimelineEntry);

    private static async Task<JsonHttpResult<IReadOnlyList<Figure>>> CountAsync(
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation) =>
        TypedResults.Json(await Figures.ReadAsync(runtime.Database, cancellation), StoryJson.Default.IReadOnlyListFigure);

    /// <summary>A repeat with the same key and body answers as the first time, so a till may retry as often as it likes.</summary>
    private static async Task<Results<JsonHttpResult<RedemptionAnswer>, ProblemHttpResult>> RedeemAsync(
        Guid id, RedemptionRequest body, [FromHeader(Name = "Idempotency-Key")] string? key,
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock, CancellationToken cancellation)
    {
        if (key is not { Length: >= 1 and <= KeyCharsMax })
        {
            return Problem.Invalid(new FieldError(
                "Idempotency-Key", $"Send this header with 1 to {KeyCharsMax} characters, new for every redemption and the same for a retry."));
        }

        var command = RedeemPoints.Command(id, RedeemPoints.IdFor(id, key), body.Points, body.Reason ?? "", clock.GetUtcNow());
        var result = await runtime.ExecuteAsync(command, cancellation);
        if (result.Refusal is { } refusal)
            return refusal.ToProblem(StatusOf(refusal));

        var redeemed = (PointsRedeemed)result.Events[0].Event;
        if ((redeemed.Points, redeemed.Reason) != (body.Points, body.Reason))
            return new IdempotencyKeyReused().ToProblem();
        var answer = new RedemptionAnswer(redeemed.Redemption, redeemed.Points, redeemed.Reason, redeemed.Balance);
        return TypedResults.Json(answer, LoyaltyJson.Default.RedemptionAnswer);
    }

    private static int StatusOf(Refusal refusal) => refusal switch
    {
        PointsOutOfRange or ReasonNotACode => StatusCodes.Status400BadRequest,
        NoLedger => StatusCodes.Status404NotFound,
        _ => StatusCodes.Status409Conflict,
    };
}
