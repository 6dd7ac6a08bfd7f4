using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>What is shown of customers, to people and to tills.</summary>
internal static class CustomerViews
{
    public static void AddCustomerViews(this IServiceCollection services, ClientelingSettings clienteling)
    {
        services.AddSingleton(s => new CustomerReading(s.PatronService(Module.Name), s.GetRequiredService<CustomerVault>()));
        services.AddSingleton(s => new PastReading(s.PatronService(Module.Name), s.GetRequiredService<CustomerVault>()));
        services.AddSingleton<Advisers>();
        services.AddSingleton<LookupLimits>();
        services.AddSingleton(s => new CustomerCodes(s.GetRequiredService<MasterKeys>().Derive("patron customer codes"), clienteling.CodeLifetime));
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
