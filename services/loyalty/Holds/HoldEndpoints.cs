using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The body of a reservation.</summary>
/// <param name="Points">1 to 1,000,000,000.</param>
/// <param name="Reason">A code, as in <see cref="RedemptionRequest"/>.</param>
/// <param name="Seconds">How long the points stay reserved: 30 to 86,400, otherwise 900.</param>
internal sealed record HoldRequest(long Points, string? Reason, int? Seconds);

/// <param name="Balance">All points of the customer, reserved ones too; <paramref name="Available"/> those that can still be spent.</param>
internal sealed record HoldAnswer(HoldId Hold, long Points, string Reason, DateTimeOffset Until, long Balance, long Available);

/// <param name="Points">How many of the reserved points are spent; the rest is free again. Absent for all of them.</param>
internal sealed record ConfirmRequest(long? Points);

/// <param name="Points">How many went back to their lots; what has expired meanwhile is gone from <paramref name="Balance"/>.</param>
internal sealed record ReleaseAnswer(HoldId Hold, long Points, long Balance);

/// <summary>
/// Reserve, then confirm or cancel: for tills, shops and marketplaces that want to be sure of the points before they hand the goods over. A hold
/// that is neither confirmed nor cancelled ends by itself.
/// </summary>
internal static class HoldEndpoints
{
    public static void Map(RouteGroupBuilder loyalty)
    {
        var holds = loyalty.MapGroup("/customers/{id:guid}/holds");
        holds.MapPost("", ReserveAsync).RequireApiKey("partner");
        holds.MapGet("/{hold:guid}", ShowAsync).RequireApiKey("read");
        holds.MapPost("/{hold:guid}/confirm", ConfirmAsync).RequireApiKey("partner");
        holds.MapPost("/{hold:guid}/cancel", CancelAsync).RequireApiKey("partner");
    }

    /// <summary>A repeat with the same key and body answers as the first time.</summary>
    private static async Task<Results<JsonHttpResult<HoldAnswer>, ProblemHttpResult>> ReserveAsync(
        Guid id, HoldRequest body, [FromHeader(Name = Idempotency.Header)] string? key, [FromKeyedServices(Module.Name)] ServiceRuntime runtime,
        BusinessClock clock, CancellationToken cancellation)
    {
        if (Idempotency.FaultOf(key) is { } fault)
            return Problem.Invalid(fault);
        var wanted = new Reservation(
            ReservePoints.IdFor(id, key!), body.Points, body.Reason ?? "", body.Seconds ?? ReservePoints.SecondsUsual,
            Body: Idempotency.BodyOf(body.Points, body.Reason, body.Seconds));
        var result = await runtime.ExecuteAsync(ReservePoints.Command(id, wanted, clock.GetUtcNow()), cancellation);
        if (result.Refusal is { } refusal)
            return refusal.ToProblem(Endpoints.StatusOf(refusal));
        var reserved = (PointsReserved)result.Events[0].Event;
        if (reserved.Body != wanted.Body)
            return new IdempotencyKeyReused().ToProblem();
        var answer = new HoldAnswer(reserved.Hold, reserved.Points, reserved.Reason, reserved.Until, reserved.Balance, reserved.Available);
        return TypedResults.Json(answer, LoyaltyJson.Default.HoldAnswer);
    }

    /// <summary>The hold is its own idempotency key: a repeat with the same body answers as the first time.</summary>
    private static async Task<Results<JsonHttpResult<RedemptionAnswer>, ProblemHttpResult>> ConfirmAsync(
        Guid id, Guid hold, ConfirmRequest? body, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock,
        CancellationToken cancellation)
    {
        var result = await runtime.ExecuteAsync(ConfirmHold.Command(id, new(hold), body?.Points, clock.GetUtcNow()), cancellation);
        if (result.Refusal is { } refusal)
            return await ExplainAsync(refusal, runtime, id, hold, cancellation);
        var redeemed = (PointsRedeemed)result.Events[0].Event;
        if (redeemed.Body != ConfirmHold.BodyOf(body?.Points))
            return new IdempotencyKeyReused().ToProblem();
        return TypedResults.Json(
            new RedemptionAnswer(redeemed.Redemption, redeemed.Points, redeemed.Reason, redeemed.Balance, 0), LoyaltyJson.Default.RedemptionAnswer);
    }

    /// <inheritdoc cref="ConfirmAsync"/>
    private static async Task<Results<JsonHttpResult<ReleaseAnswer>, ProblemHttpResult>> CancelAsync(
        Guid id, Guid hold, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, BusinessClock clock, CancellationToken cancellation)
    {
        var result = await runtime.ExecuteAsync(ReleaseHold.Cancel(id, new(hold), clock.GetUtcNow()), cancellation);
        if (result.Refusal is { } refusal)
            return await ExplainAsync(refusal, runtime, id, hold, cancellation);
        var released = (HoldReleased)result.Events[0].Event;
        var balance = released.Balance - PickLots.ExpiredBy(released.Lots, released.At);
        return TypedResults.Json(new ReleaseAnswer(released.Hold, released.Points, balance), LoyaltyJson.Default.ReleaseAnswer);
    }

    private static async Task<Results<JsonHttpResult<HoldShown>, ProblemHttpResult>> ShowAsync(
        Guid id, Guid hold, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation) =>
        HoldShown.Of(new(hold), await runtime.ReadCustomerAsync(id, cancellation)) is { } shown
            ? TypedResults.Json(shown, LoyaltyJson.Default.HoldShown)
            : NoSuchHold();

    private static async Task<ProblemHttpResult> ExplainAsync(
        Refusal refusal, ServiceRuntime runtime, Guid id, Guid hold, CancellationToken cancellation) =>
        refusal is HoldNotOpen && HoldShown.Of(new(hold), await runtime.ReadCustomerAsync(id, cancellation)) is null
            ? NoSuchHold()
            : refusal.ToProblem(Endpoints.StatusOf(refusal));

    private static ProblemHttpResult NoSuchHold() => Problem.NotFound("The customer has no hold with this id; use the one that the reservation answered.");
}
