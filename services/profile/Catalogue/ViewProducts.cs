using Patron.Runtime.Hosting;

namespace Patron.Profile;

internal sealed record ProductPage(IReadOnlyList<ProductLine> Products);

/// <param name="Price">The prices that hold at the moment asked for, one a channel and currency.</param>
/// <param name="Prices">All that are known then, past and future ones too.</param>
/// <param name="Stock">Pieces by store.</param>
internal sealed record ProductView(
    string Code, int Version, DateTimeOffset? Since, IReadOnlyDictionary<string, string> Names, string Category, string Brand,
    IReadOnlyList<ProductAttribute> Attributes, IReadOnlyList<ProductPrice> Price, IReadOnlyList<ProductPrice> Prices,
    IReadOnlyDictionary<string, long> Stock);

/// <summary>Reads products: one, as it is or was; pages; by a part of a name in any language.</summary>
internal static class ViewProducts
{
    public const int PageMax = 500;
    public const int WordsCharactersMax = 100;

    public static void Map(WebApplication app)
    {
        app.MapGet("/v1/catalogue/products", ListAsync).RequireApiKey("read");
        app.MapGet("/v1/catalogue/products/{**code}", ReadAsync).RequireApiKey("read");
    }

    private static async Task<IResult> ListAsync(
        string? after, string? q, string? category, int? limit, CatalogueReads catalogue, CancellationToken cancellation)
    {
        if (limit is < 1 or > PageMax)
            return Problem.Invalid(new FieldError("limit", $"This must be from 1 to {PageMax}."));
        if (q?.Length > WordsCharactersMax)
            return Problem.Invalid(new FieldError("q", $"Ask for at most {WordsCharactersMax} characters."));
        var products = await catalogue.ProductsAsync(after, string.IsNullOrWhiteSpace(q) ? null : q.Trim(), category, limit ?? PageMax, cancellation);
        return TypedResults.Json(new ProductPage(products), ProfileJson.Default.ProductPage);
    }

    private static async Task<IResult> ReadAsync(
        string code, DateTimeOffset? asOf, CatalogueReads catalogue, BusinessClock clock, CancellationToken cancellation)
    {
        if (await catalogue.ProductAsync(code, asOf, cancellation) is not { } product)
            return Problem.NotFound(asOf is null ? "The catalogue has no product of this code." : "The catalogue had no product of this code at that moment.");
        var view = new ProductView(
            product.Code, product.Version, product.DescribedSince, product.Names, product.Category, product.Brand, product.Attributes,
            PricesInForce.At(product.Prices, asOf ?? clock.GetUtcNow()), product.Prices, product.Stock);
        return TypedResults.Json(view, ProfileJson.Default.ProductView);
    }
}
