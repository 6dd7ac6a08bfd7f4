using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>A customer as people see them by default: details masked. Null details: the key was destroyed, nobody can read them.</summary>
/// <param name="Id">Of the customer whom the one that was asked for is merged into by now.</param>
/// <param name="Merged">The customers that are merged into this one.</param>
internal sealed record CustomerView(
    Guid Id, MaskedDetails? Details, IReadOnlyList<ConsentView> Consents, int Identifiers, IReadOnlyList<Guid> Merged)
{
    public static CustomerView Of(Guid id, CustomerProfile customer, CustomerKey? key) => new(
        id, key is null ? null : MaskedDetails.Of(customer.Details, key),
        [.. customer.Consents.Select(c => new ConsentView(c.Channel, c.Purpose, c.Granted, c.Wording, c.ChangedAt, c.Version))],
        customer.Identifiers.Count, [.. customer.LinksOrNone.Nodes()]);
}

internal sealed record MaskedDetails(
    string? GivenName, string? FamilyName, string? Email, string? Phone, string? Language, string? TimeZone, string? Country)
{
    public static MaskedDetails Of(SealedDetails details, CustomerKey key)
    {
        return new MaskedDetails(
            Mask.Name(Open(details.GivenName, SealedFields.GivenName)), Mask.Name(Open(details.FamilyName, SealedFields.FamilyName)),
            Mask.Email(Open(details.Email, SealedFields.Email)), Mask.Phone(Open(details.Phone, SealedFields.Phone)),
            Open(details.Language, SealedFields.Language), Open(details.TimeZone, SealedFields.TimeZone), Open(details.Country, SealedFields.Country));

        string? Open(string? sealedText, string field) => sealedText is null ? null : key.Unseal(sealedText, field);
    }
}

internal sealed record ConsentView(string Channel, string Purpose, bool Granted, string Wording, DateTimeOffset ChangedAt, long Version);

/// <summary>Reads one customer.</summary>
internal static class ViewCustomer
{
    public static void Map(WebApplication app) =>
        app.MapGet("/v1/customers/{id:guid}", ReadAsync).RequireApiKey("read");

    private static async Task<IResult> ReadAsync(
        Guid id, [FromKeyedServices(Module.Name)] ServiceRuntime profile, CustomerVault vault, Identities identities, CancellationToken cancellation)
    {
        id = (await identities.RootsAsync([id], cancellation)).GetValueOrDefault(id, id);
        if (await profile.StateAsync(CustomerProfile.Kind, id, cancellation) is not { Registered: true } customer)
            return Problem.NotFound("There is no customer with this id.");
        if (customer.Erasure is not null)
            return new CustomerErased().ToProblem(StatusCodes.Status410Gone);
        var keys = await vault.GetAsync([id], cancellation);
        return TypedResults.Json(CustomerView.Of(id, customer, keys.GetValueOrDefault(id)), ProfileJson.Default.CustomerView);
    }
}

/// <summary>Enough to recognise, not enough to use.</summary>
internal static class Mask
{
    private const string Hidden = "***";

    /// <summary>The first character, as a reader counts them.</summary>
    public static string? Name(string? name) => name is null ? null : FirstOf(name) + Hidden;

    public static string? Email(string? email)
    {
        if (email is null)
            return null;
        var at = email.LastIndexOf('@');
        var dot = email.LastIndexOf('.');
        return $"{FirstOf(email[..at])}{Hidden}@{FirstOf(email[(at + 1)..dot])}{Hidden}{email[dot..]}";
    }

    /// <summary>The country's part and the last two digits.</summary>
    public static string? Phone(string? phone) => phone is null ? null : $"{phone[..3]}{Hidden}{phone[^2..]}";

    private static string FirstOf(string text) => text[..System.Globalization.StringInfo.GetNextTextElementLength(text)];
}
