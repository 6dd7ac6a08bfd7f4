using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The body of a redemption.</summary>
/// <param name="Points">1 to 1,000,000,000.</param>
/// <param name="Reason">A code such as <c>voucher-5-gbp</c>: lower-case letters, digits and hyphens, at most 64; never personal data.</param>
/// <param name="At">When the points were spent, where a till tells it later: at most 30 days ago, 5 minutes ahead. Absent for now.</param>
/// <param name="OnConflict">
/// When the points are not there: <c>refuse</c>, also where it is absent, or <c>accept-into-clawback</c> for goods that are gone already: what
/// is missing is then owed.
/// </param>
internal sealed record RedemptionRequest(long Points, string? Reason, DateTimeOffset? At = null, string? OnConflict = null);

/// <param name="Owed">How many of the points were not there, and are owed now.</param>
internal sealed record RedemptionAnswer(RedemptionId Redemption, long Points, string Reason, long Balance, long Owed);

internal static class Endpoints
{
    public static void Map(IEndpointRouteBuilder routes)
    {
        var loyalty = routes.MapGroup("/v1/loyalty");
        loyalty.MapGet("/customers/{id:guid}", ShowAsync).RequireApiKey("read");
        loyalty.MapGet("/customers/{id:guid}/timeline", TellAsync).RequireApiKey("read");
        loyalty.MapGet("/figures", CountAsync).RequireApiKey("read");
        ProgrammeEndpoints.Map(loyalty);
        BacktestEndpoints.Map(loyalty);
        loyalty.MapPost("/customers/{id:guid}/redemptions", RedeemAsync).RequireApiKey("partner");
        RefundEndpoint.Map(loyalty);
        HoldEndpoints.Map(loyalty);
        JournalEndpoints.Map(loyalty);
        LedgerReports.Map(loyalty);
        CouponModule.Map(loyalty);
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
        Guid id, RedemptionRequest body, [FromHeader(Name = Idempotency.Header)] string? key,
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock, CancellationToken cancellation)
    {
        if (Idempotency.FaultOf(key) is { } fault)
            return Problem.Invalid(fault);
        if (body.OnConflict is not (null or RedeemPoints.Refuse or RedeemPoints.AcceptIntoClawback))
            return new ConflictPolicyUnknown().ToProblem(StatusCodes.Status400BadRequest);

        var now = clock.GetUtcNow();
        var wanted = new Redemption(
            RedeemPoints.IdFor(id, key!), body.Points, body.Reason ?? "", body.At ?? now, body.OnConflict == RedeemPoints.AcceptIntoClawback,
            Body: Idempotency.BodyOf(body.Points, body.Reason, body.At?.UtcTicks, body.OnConflict));
        var result = await runtime.ExecuteAsync(RedeemPoints.Command(id, wanted, now), cancellation);
        if (result.Refusal is { } refusal)
            return refusal.ToProblem(StatusOf(refusal));

        // Older redemptions have no hash of their request.
        var redeemed = (PointsRedeemed)result.Events[0].Event;
        if ((redeemed.Points, redeemed.Reason) != (body.Points, body.Reason) || (redeemed.Body is { } hash && hash != wanted.Body))
            return new IdempotencyKeyReused().ToProblem();
        var answer = new RedemptionAnswer(redeemed.Redemption, redeemed.Points, redeemed.Reason, redeemed.Balance, redeemed.Clawback);
        return TypedResults.Json(answer, LoyaltyJson.Default.RedemptionAnswer);
    }

    internal static int StatusOf(Refusal refusal) => refusal switch
    {
        PointsOutOfRange or ReasonNotACode or HoldTimeOutOfRange or TimeOutOfRange => StatusCodes.Status400BadRequest,
        NoLedger or RedemptionNotFound => StatusCodes.Status404NotFound,
        _ => StatusCodes.Status409Conflict,
    };
}
