using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>Exactly one identifier, as an event would tell it. In the body and not in the address, because addresses are logged.</summary>
/// <param name="Source">The touchpoint within which a shop's number means something.</param>
/// <param name="Country">Where a phone number without a plus sign was written; without it the source's, or the service's own.</param>
internal sealed record CustomerWanted(
    string? Card, string? ShopId, string? Source, string? Phone, string? Email, string? Country = null, string? UnionId = null, string? OpenId = null,
    string? Account = null, string? PartnerId = null, string? Partner = null, string? Device = null);

internal sealed record CustomerFound(Guid Customer);

/// <summary>Somebody who has an identifier asks whose it is.</summary>
internal static class LookUpCustomer
{
    public static void Map(WebApplication app) =>
        app.MapPost("/v1/customers/lookup", LookUpAsync).RequireApiKey("read");

    private static async Task<IResult> LookUpAsync(
        CustomerWanted wanted, ToldIdentifiers identifiers, Identities identities, CancellationToken cancellation)
    {
        if (HashOf(wanted, identifiers, out var identifier) is { } refusal)
            return refusal;
        return await identities.FindAsync(identifier, cancellation) is { } customer
            ? TypedResults.Json(new CustomerFound(customer), ProfileJson.Default.CustomerFound)
            : Problem.NotFound("Nobody is known by this identifier.");
    }

    /// <summary>The identifier's hash, or why what is wanted names none.</summary>
    public static IResult? HashOf(CustomerWanted wanted, ToldIdentifiers identifiers, out IdentifierHash identifier)
    {
        identifier = default;
        string?[] all = [wanted.Card, wanted.ShopId, wanted.Phone, wanted.Email, wanted.UnionId, wanted.OpenId, wanted.PartnerId, wanted.Device];
        if (all.Count(i => i is not null) != 1)
        {
            return Problem.Invalid(new FieldError(
                "", "Give exactly one of card, shopId (with source), phone, email, unionId, openId (with account), partnerId (with partner) and device."));
        }
        if (wanted.ShopId is not null && string.IsNullOrEmpty(wanted.Source))
            return Problem.Invalid(new FieldError("/source", "A shop's number means something only with its source."));

        var errors = new FieldErrors();
        if (identifiers.Read(Named(wanted), wanted.Source ?? "", "", "", errors) is not [var named])
            return Problem.Invalid(errors.Count > 0 ? errors.Found : [new FieldError("", "This identifier is empty.")]);
        identifier = named.Hash;
        return null;
    }

    private static Contracts.Ingest.V1.Identifiers Named(CustomerWanted wanted) => new()
    {
        LoyaltyCard = wanted.Card ?? "",
        ShopCustomerId = wanted.ShopId ?? "",
        Phone = wanted.Phone ?? "",
        Email = wanted.Email ?? "",
        Country = wanted.Country ?? "",
        WechatUnionid = wanted.UnionId ?? "",
        WechatOpenid = wanted.OpenId ?? "",
        WechatAccount = wanted.Account ?? "",
        PartnerId = wanted.PartnerId ?? "",
        Partner = wanted.Partner ?? "",
        AnonymousId = wanted.Device ?? "",
    };
}
