using System.Globalization;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.HttpResults;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Exactly one of them. In the body and not in the address, because addresses are logged.</summary>
/// <param name="Qr">What a reader read from the customer's code.</param>
internal sealed record TillWanted(string? Phone, string? Card, string? Email, string? Qr);

/// <summary>A shop assistant finds the customer in front of them, and sees what an assistant may see. Every lookup is kept.</summary>
internal static class LookUpAtTill
{
    public static void Map(WebApplication app) =>
        app.MapPost("/v1/clienteling/lookup", LookUpAsync).RequireApiKey("clienteling");

    private static async Task<IResult> LookUpAsync(
        TillWanted wanted, ToldIdentifiers identifiers, CustomerCodes codes, CustomerReading customers, Advisers advisers, LookupLimits limits,
        BusinessClock business, SystemClock system, HttpContext context, CancellationToken cancellation)
    {
        var caller = context.GetApiCaller().Name;
        if (!limits.MayLookUp(caller))
            return TooMany(context);
        if (WhoIs(wanted, identifiers, codes, system.GetUtcNow(), out var who, out var way) is { } refusal)
        {
            // A code that was made up is as good as a number that was tried.
            limits.Missed(caller);
            return refusal;
        }

        // The audit says the machine's time: it is about people who look, not about the shop's simulated days.
        var read = await customers.FindAsync(who, new LookupAudit(system.GetUtcNow(), caller, way), cancellation);
        if (read is null)
        {
            limits.Missed(caller);
            return Problem.NotFound("Nobody is known by this.");
        }
        if (read.IsErased)
            return ShowCustomer.Erased();
        var view = ViewOf.Of(read, await advisers.OfAsync(read.Id, cancellation), business.GetUtcNow());
        return TypedResults.Json(Visibility.Cut(view, Visibility.AssistantOf(context)), ViewJson.Default.CustomerView);
    }

    private static IResult? WhoIs(
        TillWanted wanted, ToldIdentifiers identifiers, CustomerCodes codes, DateTimeOffset now, out Wanted who, out string way)
    {
        who = default;
        way = wanted.Qr is not null ? "qr" : wanted.Card is not null ? "card" : wanted.Phone is not null ? "phone" : "email";
        if (new[] { wanted.Phone, wanted.Card, wanted.Email, wanted.Qr }.Count(w => w is not null) != 1)
            return Problem.Invalid(new FieldError("", "Give exactly one of phone, card, email and qr."));
        if (wanted.Qr is not null)
        {
            who = new Wanted(codes.Read(wanted.Qr, now, out var whyNot));
            return whyNot switch
            {
                null => null,
                "expired" => Problem.Of(StatusCodes.Status410Gone, "code-expired", "This code was valid for some minutes, which are over: show a new one."),
                _ => Problem.Invalid(new FieldError("/qr", "This is not a customer's code of this brand.")),
            };
        }

        var refusal = LookUpCustomer.HashOf(
            new CustomerWanted(wanted.Card, null, null, wanted.Phone, wanted.Email), identifiers, out var identifier);
        who = new Wanted(null, identifier);
        return refusal;
    }

    private static ProblemHttpResult TooMany(HttpContext context)
    {
        context.Response.Headers.RetryAfter = LookupLimits.Window.TotalSeconds.ToString(CultureInfo.InvariantCulture);
        return Problem.Of(
            StatusCodes.Status429TooManyRequests, "too-many-lookups", "This key has looked up, or failed to find, too many customers; wait a minute.");
    }
}

/// <summary>How often each caller may look somebody up. Of one instance, in memory: a limit on abuse, not an account.</summary>
internal sealed class LookupLimits(ClientelingSettings settings) : IDisposable
{
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly PartitionedRateLimiter<string> lookups = PerCaller(settings.LookupsPerMinuteMax);
    private readonly PartitionedRateLimiter<string> misses = PerCaller(settings.MissesPerMinuteMax);

    /// <summary>Counts a lookup; false when there were too many, or too many that found nobody.</summary>
    public bool MayLookUp(string caller)
    {
        // Nothing is taken here: only those that find nobody count against this limit.
        using var unspent = misses.AttemptAcquire(caller, 0);
        using var lookup = lookups.AttemptAcquire(caller);
        return unspent.IsAcquired && lookup.IsAcquired;
    }

    public void Missed(string caller) => misses.AttemptAcquire(caller).Dispose();

    public void Dispose()
    {
        lookups.Dispose();
        misses.Dispose();
    }

    private static PartitionedRateLimiter<string> PerCaller(int perMinuteMax) => PartitionedRateLimiter.Create<string, string>(
        caller => RateLimitPartition.GetSlidingWindowLimiter(caller, _ => new SlidingWindowRateLimiterOptions
        {
            PermitLimit = perMinuteMax,
            Window = Window,
            SegmentsPerWindow = 6,
            QueueLimit = 0,
        }));
}
