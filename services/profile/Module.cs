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
        builder.AddPatronService(Name, static _ => Definition());

        var services = builder.Services;
        services.AddSingleton(_ => vault.OpenMasterKeys());
        services.AddSingleton(s => vault.OpenIdentifierHash(s.GetRequiredService<MasterKeys>()));
        services.AddSingleton(s => new CustomerVault(
            s.PatronService(Name).Database, s.GetRequiredService<MasterKeys>(),
            new BoundedCache<Guid, CustomerKey>(settings.KeysMax, settings.KeysLifetime, s.GetRequiredService<SystemClock>())));
        services.AddSingleton(s => new Identities(
            s.PatronService(Name).Database,
            new BoundedCache<IdentifierHash, Guid>(settings.KnownIdentifiersMax, settings.KnownIdentifiersLifetime, s.GetRequiredService<SystemClock>()),
            s.GetRequiredService<BusinessClock>()));
        services.AddSingleton(s => new QuarantineStore(
            s.PatronService(Name).Database, s.GetRequiredService<MasterKeys>(), settings, s.GetRequiredService<BusinessClock>()));
        services.AddSingleton(s => new Ingestion(s.PatronService(Name), s.GetRequiredService<Identities>(), s.GetRequiredService<CustomerVault>()));
        services.AddCustomerViews(builder.AddSettings<ClientelingSettings>("Clienteling"));
        services.AddSingleton<IngestReader>();
        services.AddSingleton<RecordReader>();
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
        Story.Map(app);
        Figures.Map(app);
        QuarantineEndpoints.Map(app);
        HandOutKeys.Map(app);
        app.MapOperations(Name);
    }

    internal static ServiceDefinition Definition() => new()
    {
        Name = Name,
        Events = CustomerProfile.Events,
        Streams = [CustomerProfile.Kind],
        Views = [new Figures()],
        Publications = Published.Publications,
        Projections = [CustomerProjection.Projection],
        Migrations = [Migration.Embedded("profile.sql"), Migration.Embedded("view360.sql"), Migration.Embedded("clienteling.sql")],
    };
}
