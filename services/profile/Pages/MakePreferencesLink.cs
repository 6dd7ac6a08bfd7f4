using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Who has it is the customer: it goes to them alone, and into no log.</summary>
internal sealed record PreferencesLink(Uri Link);

/// <summary>A till, an app or the customers' service asks for a customer's own link, to hand it to them.</summary>
internal static class MakePreferencesLink
{
    public static void Map(WebApplication app) =>
        app.MapPost("/v1/customers/{id:guid}/preferences-link", MakeAsync).RequireApiKey("write");

    private static async Task<IResult> MakeAsync(
        Guid id, CustomerLinks links, ConsentSettings settings, BusinessClock clock, [FromKeyedServices(Module.Name)] ServiceRuntime profile,
        Identities identities, CancellationToken cancellation)
    {
        var root = (await identities.RootsAsync([id], cancellation)).GetValueOrDefault(id, id);
        if (await profile.StateAsync(CustomerProfile.Kind, root, cancellation) is not { Registered: true } customer)
            return Problem.NotFound("There is no customer with this id.");
        if (customer.Erasure is not null)
            return new CustomerErased().ToProblem(StatusCodes.Status410Gone);
        var link = new Uri($"{settings.BaseAddress.TrimEnd('/')}{links.Preferences(id, clock.GetUtcNow())}");
        return TypedResults.Json(new PreferencesLink(link), ConsentJson.Default.PreferencesLink);
    }
}
