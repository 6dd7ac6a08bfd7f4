using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Exactly one identifier; a shop's number goes with its source. In the body and not in the address, because addresses are logged.</summary>
internal sealed record CustomerWanted(string? Card, string? ShopId, string? Source, string? Phone, string? Email);

internal sealed record CustomerFound(Guid Customer);

/// <summary>Somebody who has an identifier asks whose it is.</summary>
internal static class LookUpCustomer
{
    public static void Map(WebApplication app) =>
        app.MapPost("/v1/customers/lookup", LookUpAsync).RequireApiKey("read");

    private static async Task<IResult> LookUpAsync(CustomerWanted wanted, KeyedHash hash, Identities identities, CancellationToken cancellation)
    {
        if (HashOf(wanted, hash, out var identifier) is { } refusal)
            return refusal;
        return await identities.FindAsync(identifier, cancellation) is { } customer
            ? TypedResults.Json(new CustomerFound(customer), ProfileJson.Default.CustomerFound)
            : Problem.NotFound("Nobody is known by this identifier.");
    }

    /// <summary>The identifier's hash, or why what is wanted names none.</summary>
    public static IResult? HashOf(CustomerWanted wanted, KeyedHash hash, out IdentifierHash identifier)
    {
        identifier = default;
        if (new[] { wanted.Card, wanted.ShopId, wanted.Phone, wanted.Email }.Count(i => i is not null) != 1)
            return Problem.Invalid(new FieldError("", "Give exactly one of card, shopId (with source), phone and email."));
        if (HashOf(wanted, hash) is not { } found)
            return Problem.Invalid(new FieldError($"/{FieldOf(wanted)}", "This is not an identifier of that kind; a shop's number also needs its source."));
        identifier = found;
        return null;
    }

    private static IdentifierHash? HashOf(CustomerWanted wanted, KeyedHash hash)
    {
        if (wanted.ShopId is not null)
            return Normal.ShopId(wanted.ShopId) is { } shopId && !string.IsNullOrEmpty(wanted.Source) ? hash.OfShopId(wanted.Source, shopId) : null;
        if (wanted.Card is not null)
            return Normal.Card(wanted.Card) is { } card ? hash.Of(IdentifierKind.Card, card) : null;
        if (wanted.Phone is not null)
            return Normal.Phone(wanted.Phone) is { } phone ? hash.Of(IdentifierKind.Phone, phone) : null;
        return Normal.Email(wanted.Email!) is { } email ? hash.Of(IdentifierKind.Email, email) : null;
    }

    private static string FieldOf(CustomerWanted wanted) =>
        wanted.Card is not null ? "card" : wanted.ShopId is not null ? "shopId" : wanted.Phone is not null ? "phone" : "email";
}
