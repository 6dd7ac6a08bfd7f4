using Patron.Runtime.Hosting;

namespace Patron.Profile;

internal sealed record StorePage(IReadOnlyList<StoreView> Stores);

/// <summary>Reads stores: one, as it is or was, and pages.</summary>
internal static class ViewStores
{
    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/catalogue/stores", ListAsync).RequireApiKey("read");
        app.MapGet("/v1/catalogue/stores/{**code}", ReadAsync).RequireApiKey("read");
    }

    private static async Task<IResult> ListAsync(string? after, int? limit, CatalogueReads catalogue, CancellationToken cancellation)
    {
        if (limit is < 1 or > ViewProducts.PageMax)
            return Problem.Invalid(new FieldError("limit", $"This must be from 1 to {ViewProducts.PageMax}."));
        return TypedResults.Json(
            new StorePage(await catalogue.StoresAsync(after, limit ?? ViewProducts.PageMax, cancellation)), ProfileJson.Default.StorePage);
    }

    private static async Task<IResult> ReadAsync(string code, DateTimeOffset? asOf, CatalogueReads catalogue, CancellationToken cancellation)
    {
        if (await catalogue.StoreAsync(code, asOf, cancellation) is not { Since: { } since } store)
            return Problem.NotFound(asOf is null ? "The catalogue has no store of this code." : "The catalogue had no store of this code at that moment.");
        return TypedResults.Json(StoreView.Of(store.Code, since, store.Version, store.Description), ProfileJson.Default.StoreView);
    }
}
