using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>The body of a refund.</summary>
/// <param name="Points">1 to what is left of the redemption; absent for all of it.</param>
internal sealed record RefundRequest(long? Points);

/// <param name="Points">How many came back, as they were taken: those that have expired meanwhile are not in <paramref name="Balance"/>.</param>
internal sealed record RefundAnswer(RefundId Refund, RedemptionId Redemption, long Points, long Balance);

/// <summary>Goods that were paid with points came back.</summary>
internal static class RefundEndpoint
{
    public static void Map(RouteGroupBuilder loyalty) =>
        loyalty.MapPost("/customers/{id:guid}/redemptions/{redemption:guid}/refund", RefundAsync).RequireApiKey("partner");

    /// <summary>A repeat with the same key and body answers as the first time.</summary>
    private static async Task<Results<JsonHttpResult<RefundAnswer>, ProblemHttpResult>> RefundAsync(
        Guid id, Guid redemption, RefundRequest? body, [FromHeader(Name = Idempotency.Header)] string? key,
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, ProgrammeBook book, BusinessClock clock, CancellationToken cancellation)
    {
        if (Idempotency.FaultOf(key) is { } fault)
            return Problem.Invalid(fault);
        var wanted = new Refund(
            new(Idempotency.IdFor("refund", id, key!)), new(redemption), body?.Points, Idempotency.BodyOf(redemption, body?.Points));
        var result = await runtime.ExecuteAsync(RefundPoints.Command(id, wanted, book.Versions, clock.GetUtcNow()), cancellation);
        if (result.Refusal is { } refusal)
            return refusal.ToProblem(Endpoints.StatusOf(refusal));
        var refunded = (PointsRefunded)result.Events[0].Event;
        if (refunded.Body != wanted.Body)
            return new IdempotencyKeyReused().ToProblem();
        var balance = refunded.Balance - PickLots.ExpiredBy(refunded.Lots, refunded.At);
        return TypedResults.Json(new RefundAnswer(refunded.Refund, refunded.Redemption, refunded.Points, balance), LoyaltyJson.Default.RefundAnswer);
    }
}
