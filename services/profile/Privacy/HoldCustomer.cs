using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>A law (a dispute, a tax audit) keeps a customer's data for now: an erasure is refused meanwhile. Both calls are safe to repeat.</summary>
internal static class HoldCustomer
{
    public static void Map(WebApplication app)
    {
        app.MapPost("/v1/customers/{id:guid}/hold", (Guid id, PrivacyRequest request, HttpContext context, IServiceProvider services,
            CancellationToken cancellation) => RunAsync(id, request, context, services, Place, cancellation)).RequireApiKey(PersonalDataEndpoints.Scope);
        app.MapPost("/v1/customers/{id:guid}/hold/lift", (Guid id, PrivacyRequest request, HttpContext context, IServiceProvider services,
            CancellationToken cancellation) => RunAsync(id, request, context, services, Lift, cancellation)).RequireApiKey(PersonalDataEndpoints.Scope);
    }

    public static Decision Place(Guid id, CustomerProfile customer, PrivacyRequest request, string by) =>
        customer.Erasure is not null ? new CustomerErased()
        : !customer.Registered ? new NoSuchCustomer(id)
        : customer.Hold == request.Reference ? Decision.Nothing
        : new HoldPlaced(request.Reason!, request.Reference!, by);

    public static Decision Lift(Guid id, CustomerProfile customer, PrivacyRequest request, string by) =>
        customer.Erasure is not null ? new CustomerErased()
        : !customer.Registered ? new NoSuchCustomer(id)
        : customer.Hold is null ? Decision.Nothing
        : new HoldLifted(request.Reason!, request.Reference!, by);

    private static async Task<IResult> RunAsync(
        Guid id, PrivacyRequest request, HttpContext context, IServiceProvider services,
        Func<Guid, CustomerProfile, PrivacyRequest, string, Decision> decide, CancellationToken cancellation)
    {
        if (request.Faults() is { Count: > 0 } faults)
            return Problem.Invalid(faults);
        var by = context.GetApiCaller().Name;
        var result = await services.PatronService(Module.Name).ExecuteAsync(
            CustomerProfile.Kind.Command(id, id, customer => decide(id, customer, request, by)), cancellation);
        return result.Refusal switch
        {
            null => TypedResults.NoContent(),
            CustomerErased erased => erased.ToProblem(StatusCodes.Status410Gone),
            NoSuchCustomer unknown => unknown.ToProblem(StatusCodes.Status404NotFound),
            var refusal => refusal.ToProblem(),
        };
    }
}
