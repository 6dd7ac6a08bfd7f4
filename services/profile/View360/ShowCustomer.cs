using System.Text.Json;
using System.Text.Json.Serialization;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Shows everything that is known of a customer, now or at a moment of the past.</summary>
internal static class ShowCustomer
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/customers/{id:guid}", async (
            Guid id, DateTimeOffset? asOf, CustomerReading customers, PastReading past, Advisers advisers, BusinessClock clock, HttpContext context,
            CancellationToken cancellation) => asOf is { } at
                ? await ShowPastAsync(id, at, customers, past, clock, context, cancellation)
                : await ShowAsync(await customers.FindAsync(new Wanted(id), audit: null, cancellation), advisers, clock, context, cancellation))
            .RequireApiKey("read");
        // Identifiers come in the body and not in the address, because addresses are logged.
        app.MapPost("/v1/customers/lookup/view", async (
            CustomerWanted wanted, ToldIdentifiers identifiers, CustomerReading customers, Advisers advisers, BusinessClock clock, HttpContext context,
            CancellationToken cancellation) => LookUpCustomer.HashOf(wanted, identifiers, out var identifier) is { } refusal
                ? refusal
                : await ShowAsync(
                    await customers.FindAsync(new Wanted(null, identifier), audit: null, cancellation), advisers, clock, context, cancellation))
            .RequireApiKey("read");
    }

    public static IResult NotFound() => Problem.NotFound("There is no such customer.");

    /// <summary>For good: what is left of an erased customer is that they were erased.</summary>
    public static IResult Erased() => new CustomerErased().ToProblem(StatusCodes.Status410Gone);

    public static IResult NotReady() =>
        Problem.Of(StatusCodes.Status503ServiceUnavailable, "view-not-ready", "This view is being built for the first time; ask again in a moment.");

    private static async Task<IResult> ShowAsync(
        CustomerRead? read, Advisers advisers, BusinessClock clock, HttpContext context, CancellationToken cancellation)
    {
        if (read is null)
            return NotFound();
        if (read.IsErased)
            return Erased();
        var view = ViewOf.Of(read, await advisers.OfAsync(read.Id, cancellation), clock.GetUtcNow());
        return TypedResults.Json(Visibility.Cut(view, Visibility.ReaderOf(context)), ViewJson.Default.CustomerView);
    }

    private static async Task<IResult> ShowPastAsync(
        Guid id, DateTimeOffset at, CustomerReading customers, PastReading past, BusinessClock clock, HttpContext context, CancellationToken cancellation)
    {
        if (at > clock.GetUtcNow())
            return Problem.Invalid(new FieldError("asOf", "This moment lies in the future of business time; leave it out for now."));
        if (await customers.FindAsync(new Wanted(id), audit: null, cancellation) is not { } now)
            return NotFound();
        if (now.IsErased)
            return Erased();
        if (now.Freshness is null)
            return NotReady();
        if (await past.AsOfAsync(id, at, cancellation) is not { } then)
            return Problem.Of(StatusCodes.Status404NotFound, "not-known-then", "Nobody was known by this id at that moment; they became known later.");

        // What other contexts are asked for they know of now, so it is no part of the past.
        var view = ViewOf.Of(then, new Advice(), at) with { AsOf = at };
        return TypedResults.Json(Visibility.Cut(view, Visibility.ReaderOf(context)), ViewJson.Default.CustomerView);
    }
}

/// <summary>Source-generated JSON of what is shown of customers.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CustomerView))]
[JsonSerializable(typeof(TimelinePage))]
[JsonSerializable(typeof(TillWanted))]
[JsonSerializable(typeof(IReadOnlyList<LookupKept>))]
internal sealed partial class ViewJson : JsonSerializerContext;
