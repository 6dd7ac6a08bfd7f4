using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

internal sealed record LegalHold(string Reference) : Refusal
{
    public override string Code => "legal-hold";

    public override string Detail => $"A law keeps this customer's data for now (hold {Reference}). Lift the hold, then ask again.";
}

/// <summary>
/// A person asks to be forgotten. The event closes the customer at once; what follows is done by <see cref="ErasureWork"/>, whatever crashes.
/// </summary>
internal static class EraseCustomer
{
    public static void Map(WebApplication app) =>
        app.MapPost("/v1/customers/{id:guid}/erasure", EraseAsync).RequireApiKey(PersonalDataEndpoints.Scope);

    /// <summary>Asked again, it answers the erasure that was asked for before.</summary>
    public static Decision Decide(Guid id, CustomerProfile customer, Erased erased)
    {
        if (customer.Erasure is not null)
            return Decision.Nothing;
        // Somebody who was merged or parted since the request was looked up is not erased in part.
        if (!customer.LinksOrNone.Nodes().ToHashSet().SetEquals(erased.Aliases) || customer.LinksOrNone.MergedInto is not null)
            return new MergeOvertaken();
        if (customer.Hold is { } hold)
            return new LegalHold(hold);
        return customer.Registered ? erased : new NoSuchCustomer(id);
    }

    private static async Task<IResult> EraseAsync(
        Guid id, PrivacyRequest request, HttpContext context, [FromKeyedServices(Module.Name)] ServiceRuntime profile, Identities identities,
        ErasureWork work, BusinessClock clock, CancellationToken cancellation)
    {
        if (request.Faults() is { Count: > 0 } faults)
            return Problem.Invalid(faults);
        var person = await Person.OfAsync(id, profile, identities, cancellation);
        foreach (var alias in person.Aliases)
        {
            if (await profile.StateAsync(CustomerProfile.Kind, alias, cancellation) is { Erasure: null, Hold: { } hold })
                return new LegalHold(hold).ToProblem();
        }

        var erased = new Erased(
            Guid.CreateVersion7(clock.GetUtcNow()), person.Aliases, request.Reason!, request.Reference!, context.GetApiCaller().Name);
        var result = await profile.ExecuteAsync(
            CustomerProfile.Kind.Command(person.Root, person.Root, customer => Decide(person.Root, customer, erased)), cancellation);
        if (result.Refusal is { } refusal)
            return refusal.ToProblem(refusal is NoSuchCustomer ? StatusCodes.Status404NotFound : StatusCodes.Status409Conflict);
        work.Look();
        var erasure = (await profile.StateAsync(CustomerProfile.Kind, person.Root, cancellation))!.Erasure!.Value;
        return await ErasureReceipts.AnswerAsync(profile.Database, work, erasure, StatusCodes.Status202Accepted, cancellation);
    }
}
