using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>What is shown of customers, to people and to tills.</summary>
internal static class CustomerViews
{
    public static IReadOnlyList<CustomerTable> Tables { get; } =
    [
        .. CustomerProjection.CustomerTables,
        new CustomerTable("clienteling_lookups") { KeptBecause = "it is the record of who looked; of the person it has an id alone" },
    ];

    public static void AddCustomerViews(this IServiceCollection services, ClientelingSettings clienteling, VaultSettings vault)
    {
        services.AddSingleton(s => new CustomerReading(s.PatronService(Module.Name), s.GetRequiredService<CustomerVault>()));
        services.AddSingleton(s => new PastReading(s.PatronService(Module.Name), s.GetRequiredService<CustomerVault>()));
        services.AddSingleton<Advisers>();
        services.AddSingleton<LookupLimits>();
        services.AddSingleton(_ => new CustomerCodes(vault.OpenCodeKey(), clienteling.CodeLifetime));
    }

    public static void MapCustomerViews(this WebApplication app)
    {
        ShowCustomer.Map(app);
        ShowTimeline.Map(app);
        LookUpAtTill.Map(app);
        ShowCustomerCode.Map(app);
        ShowLookups.Map(app);
    }
}
