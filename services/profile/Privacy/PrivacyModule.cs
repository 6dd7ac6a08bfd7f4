using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>What a person may ask for: everything that is kept, and that nothing is.</summary>
internal static class PrivacyModule
{
    public static Migration Migration { get; } = Migration.Embedded("privacy.sql");

    public static IReadOnlyList<CustomerTable> Tables { get; } =
    [
        new CustomerTable("identifiers"),
        new CustomerTable("merges") { KeptBecause = "ids of customers alone, by which a link or an old id still finds that they were erased" },
        new CustomerTable("erasures") { KeptBecause = "it is the receipt; it says nothing of the person" },
    ];

    public static void AddPrivacy(this WebApplicationBuilder builder, VaultSettings vault)
    {
        var settings = builder.AddSettings<PrivacySettings>("Privacy");
        var services = builder.Services;
        services.AddHttpClient(TransitSettings.Client, vault.Transit.Apply);
        services.AddSingleton(s => vault.OpenWrapping(
            () => s.GetRequiredService<IHttpClientFactory>().CreateClient(TransitSettings.Client), s.GetRequiredService<SystemClock>()));
        services.AddSingleton(s => new RewrapKeys(Profile(s).Database, s.GetRequiredService<IKeyWrapping>()));
        services.AddSingleton(s => new QuarantineSearch(Profile(s).Database, s.GetRequiredService<IKeyWrapping>()));
        services.AddSingleton(s => new ImportSearch(Profile(s).Database, s.GetRequiredService<IKeyWrapping>()));
        services.AddSingleton(s => new Erasures(Profile(s).Database));
        services.AddSingleton(s => settings.RegisterDatabase.Length == 0
            ? new ErasedRegister(Profile(s).Database, apart: false)
            : new ErasedRegister(NpgsqlDataSource.Create(settings.RegisterDatabase), apart: true));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<LocalErasure>(s, Profile(s)));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ErasureWork>(s, Profile(s)));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ExportCustomer>(s, Profile(s)));
        services.AddHostedService(s => s.GetRequiredService<ErasureWork>());
        AddPeers(builder, settings);
    }

    public static void MapPrivacy(this WebApplication app)
    {
        ExportCustomer.Map(app);
        EraseCustomer.Map(app);
        HoldCustomer.Map(app);
        ErasureReceipts.Map(app);
        RewrapKeys.Map(app);
    }

    private static ServiceRuntime Profile(IServiceProvider services) => services.PatronService(Module.Name);

    private static void AddPeers(WebApplicationBuilder builder, PrivacySettings settings)
    {
        var apiKey = settings.ApiKey.Length > 0 ? settings.ApiKey : builder.Configuration["Peers:ApiKey"] ?? "";
        builder.Services.AddHttpClient(PeerServices.Client, client =>
        {
            client.Timeout = settings.AnswerWithin;
            client.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        });
        var addresses = settings.ServiceNames.ToDictionary(name => name, name => new Uri(builder.Configuration[$"Peers:{name}"] ?? $"http://{name}:8080"));
        builder.Services.AddSingleton(s => new PeerServices(s.GetRequiredService<IHttpClientFactory>(), addresses));
    }
}
