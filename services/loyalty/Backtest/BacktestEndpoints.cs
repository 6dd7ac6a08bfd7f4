using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Loyalty;

/// <summary>A changed programme against the stored history, before it is switched on. The body is the programme's document.</summary>
internal static class BacktestEndpoints
{
    public static void Map(IEndpointRouteBuilder loyalty)
    {
        loyalty.MapPost("/backtests", PostAsync).RequireApiKey("operate").WithMetadata(new RequestSizeLimitAttribute(ProgrammeReader.BytesMax));
        loyalty.MapGet("/backtests", ListAsync).RequireApiKey("read");
        loyalty.MapGet("/backtests/{id:guid}", ShowAsync).RequireApiKey("read");
        loyalty.MapDelete("/backtests/{id:guid}", CancelAsync).RequireApiKey("operate");
    }

    /// <param name="request">Its body is the document.</param>
    /// <param name="id">Chosen by the caller, so that a retry starts no second one; made when absent.</param>
    /// <param name="from">From when on the document would have been in force; the beginning of the history when absent.</param>
    /// <param name="until">The last moment that counts; now when absent, and never later.</param>
    private static async Task<IResult> PostAsync(
        HttpRequest request, Guid? id, DateTimeOffset? from, DateTimeOffset? until, BusinessClock clock, SystemClock system,
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        var text = await ProgrammeEndpoints.TextAsync(request, cancellation);
        if (ProgrammeReader.TryRead(text, out var faults) is null)
            return Problem.Invalid(faults);
        var now = clock.GetUtcNow();
        var (begins, ends) = (from ?? DateTimeOffset.UnixEpoch, until ?? now);
        if (ends > now)
            return Problem.Invalid(new FieldError("until", $"This must be a moment up to {now:yyyy-MM-ddTHH:mm:ssZ}: the history ends there."));
        if (begins >= ends)
            return Problem.Invalid(new FieldError("from", "This must be before until, or else nothing happened in the period."));

        var named = id ?? Guid.CreateVersion7(system.GetUtcNow());
        if (!await BacktestTable.TryAddAsync(runtime.Database, named, text, begins, ends, now, request.HttpContext.GetApiCaller().Name, cancellation))
            return TooMany();
        var location = string.Create(CultureInfo.InvariantCulture, $"/v1/loyalty/backtests/{named:D}");
        request.HttpContext.Response.Headers.Location = location;
        var shown = await BacktestTable.FindAsync(runtime.Database, named, cancellation);
        return TypedResults.Json(shown!, LoyaltyJson.Default.BacktestShown, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<JsonHttpResult<IReadOnlyList<BacktestShown>>> ListAsync(
        [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation) =>
        TypedResults.Json(await BacktestTable.ListAsync(runtime.Database, cancellation), LoyaltyJson.Default.IReadOnlyListBacktestShown);

    private static async Task<Results<JsonHttpResult<BacktestShown>, ProblemHttpResult>> ShowAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation) =>
        await BacktestTable.FindAsync(runtime.Database, id, cancellation) is { } shown
            ? TypedResults.Json(shown, LoyaltyJson.Default.BacktestShown)
            : Problem.NotFound("There is no such backtest; the latest hundred are kept.");

    /// <summary>Ends it where it stands. One that has ended stays as it is, so a retry is safe.</summary>
    private static async Task<Results<JsonHttpResult<BacktestShown>, ProblemHttpResult>> CancelAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime runtime, CancellationToken cancellation)
    {
        await BacktestTable.CancelAsync(runtime.Database, id, cancellation);
        return await ShowAsync(id, runtime, cancellation);
    }

    private static ProblemHttpResult TooMany() => Problem.Of(
        StatusCodes.Status409Conflict, "too-many-backtests",
        $"There are {BacktestTable.WaitingMax} backtests that wait or run already. Wait for one to end, or cancel one by DELETE.");
}
