using Microsoft.Extensions.DependencyInjection.Extensions;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Profile: who a customer is, what they agreed to, and the door through which touchpoints tell what happened.</summary>
public static class Module
{
    internal const string Name = "profile";

    public static void AddProfile(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<ProfileSettings>("Profile");
        var vault = builder.AddSettings<VaultSettings>("Vault");
        builder.AddPatronService(Name, _ => Definition(new Birthdays(settings.BrandZone)));
        builder.AddConsent();

        var services = builder.Services;
        builder.AddPrivacy(vault);
        services.AddSingleton(_ => vault.OpenIdentifierHash());
        services.AddSingleton(s => new CustomerVault(
            s.PatronService(Name).Database, s.GetRequiredService<IKeyWrapping>(),
            new BoundedCache<Guid, CustomerKey>(settings.KeysMax, settings.KeysLifetime, s.GetRequiredService<SystemClock>())));
        services.AddSingleton(s => new Identities(
            s.PatronService(Name), s.GetRequiredService<MatchingRules>(),
            new BoundedCache<IdentifierHash, Owner>(settings.KnownIdentifiersMax, settings.KnownIdentifiersLifetime, s.GetRequiredService<SystemClock>()),
            new BoundedCache<Pair, ConflictCause?>(settings.KnownIdentifiersMax, settings.KnownIdentifiersLifetime, s.GetRequiredService<SystemClock>()),
            s.GetRequiredService<BusinessClock>()));
        services.AddSingleton(_ => MatchingRules.Load(settings.MatchingRulesFile));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Merges>(s, s.PatronService(Name)));
        services.AddSingleton(s => new QuarantineStore(
            s.PatronService(Name).Database, s.GetRequiredService<IKeyWrapping>(), settings, s.GetRequiredService<BusinessClock>()));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<Ingestion>(s, s.PatronService(Name)));
        services.AddSingleton<ToldIdentifiers>();
        services.AddCatalogue();
        services.AddCustomerViews(builder.AddSettings<ClientelingSettings>("Clienteling"), vault);
        services.AddSingleton<IngestReader>();
        services.AddSingleton<RecordReader>();
        AddCollect(builder);
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ForgetTaken>(s, s.PatronService(Name).Database));
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<ImportStore>(s, s.PatronService(Name).Database));
        services.AddSingleton<ImportUpload>();
        services.AddHostedService(s => ActivatorUtilities.CreateInstance<IngestLog>(s, s.PatronService(Name)));

        // Services that run in this process take keys from the table itself instead of asking over HTTP.
        services.RemoveAll<ICustomerKeys>();
        services.AddSingleton<ICustomerKeys>(s => s.GetRequiredService<CustomerVault>());
    }

    public static void MapProfile(this WebApplication app)
    {
        PostEvents.Map(app, app.Services.GetRequiredService<ProfileSettings>());
        app.MapCustomerViews();
        LookUpCustomer.Map(app);
        MergeEndpoints.Map(app);
        ConflictEndpoints.Map(app);
        Story.Map(app);
        Figures.Map(app);
        QuarantineEndpoints.Map(app);
        RegisterEventType.Map(app);
        ReadEventTypes.Map(app);
        PostSegment.Map(app);
        HandOutKeys.Map(app);
        app.MapPrivacy();
        app.MapConsent();
        CatalogueModule.Map(app);
        PostImport.Map(app);
        ExportCustomers.Map(app);
        ExportPurchases.Map(app);
        app.MapOperations(Name);
    }

    private static ServiceDefinition Definition(Birthdays birthdays) => new()
    {
        Name = Name,
        Events = CustomerProfile.Events,
        Streams = [CustomerProfile.Kind, Product.Kind, Store.Kind],
        Views = [new Figures(), new CatalogueTables(), new ErasureRows(), new LinkTables(), new ConflictTables()],
        CustomerTables = [.. PrivacyModule.Tables, .. CustomerViews.Tables],
        SealedPlaces = SealedInEvents.Places,
        Publications = Published.Publications,
        Projections = [CustomerProjection.Projection],
        Timers = recorded => ExpireConsent.TimersOf(recorded).Concat(birthdays.TimersOf(recorded)),
        OnDue = timer => Birthdays.Knows(timer) ? [birthdays.OnDue(timer)] : ExpireConsent.OnDue(timer),
        Migrations =
        [
            Migration.Embedded("profile.sql"), Migration.Embedded("consent.sql"), Migration.Embedded("catalogue.sql"),
            Migration.Embedded("collect.sql"), Migration.Embedded("collect-event-types.sql"), Migration.Embedded("import.sql"),
            PrivacyModule.Migration, Migration.Embedded("identity.sql"), Migration.Embedded("view360.sql"), Migration.Embedded("clienteling.sql"),
            Migration.Embedded("identity-covering.sql"), Migration.Embedded("wechat-event-types.sql"),
        ],
    };

    private static void AddCollect(WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<CollectSettings>("Collect");
        var services = builder.Services;
        services.AddSingleton(new SchemaReader(settings.PatternWithin));
        services.AddSingleton(s => new EventTypeStore(s.PatronService(Name).Database));
        services.AddSingleton<EventTypeRegistry>();
        services.AddSingleton<SegmentOrders>();
        services.AddSingleton<SegmentReader>();
        services.AddSingleton<QuarantineReader>();
        services.AddSingleton(s => ActivatorUtilities.CreateInstance<SegmentCollector>(s, s.PatronService(Name)));
    }
}
