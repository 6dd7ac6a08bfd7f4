using Microsoft.AspNetCore.Http.HttpResults;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>The catalogue's part of the service: products, stores, and what purchases are enriched with.</summary>
internal static class CatalogueModule
{
    /// <summary>Who may change the catalogue.</summary>
    public const string WriteScope = "write";

    public static void AddCatalogue(this IServiceCollection services)
    {
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<CatalogueIndex>(s, s.PatronService(Module.Name)));
        services.AddHostedService(s => s.GetRequiredService<CatalogueIndex>());
        services.AddSingleton<Enrichment>();
        services.AddSingleton<Consumed>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<PartsTaken>(s, s.PatronService(Module.Name)));
        services.AddSingleton(s => new CatalogueReads(s.PatronService(Module.Name)));
    }

    public static void Map(WebApplication app)
    {
        PutCatalogue.Map(app, app.Services.GetRequiredService<ProfileSettings>());
        ViewProducts.Map(app);
        ViewStores.Map(app);
        PriceDifferences.Map(app);
    }

    public static ProblemHttpResult MayNotWrite() => Problem.Of(
        StatusCodes.Status403Forbidden, "scope-missing", $"Events of products and stores need an API key with the scope '{WriteScope}'.");
}
