using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>Other services ask for customers' keys, to open what the compacted topic carries under seal.</summary>
internal static class HandOutKeys
{
    public static void Map(WebApplication app) =>
        app.MapPost(ProfileKeys.Path, HandOutAsync).RequireApiKey("keys");

    private static async Task<IResult> HandOutAsync(KeysWanted wanted, CustomerVault vault, CancellationToken cancellation)
    {
        if (wanted.Customers is null || wanted.Customers.Count > ProfileKeys.CustomersMax)
            return Problem.Invalid(new FieldError("/customers", $"Name at most {ProfileKeys.CustomersMax} customers."));
        var keys = await vault.GetAsync(wanted.Customers, cancellation);
        var texts = keys.ToDictionary(k => k.Key, k => Convert.ToBase64String(k.Value.Export()));
        return TypedResults.Json(new KeysHandedOut(texts), KeysJson.Default.KeysHandedOut);
    }
}
