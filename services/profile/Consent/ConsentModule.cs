using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// What attributes, consents and customers' own pages need. The door of a channel is asked at <c>Peers:{channel}</c> with the API key
/// <c>Peers:ApiKey</c> of the scope <c>write</c>.
/// </summary>
internal static class ConsentModule
{
    public static void AddConsent(this WebApplicationBuilder builder)
    {
        var settings = builder.AddSettings<ConsentSettings>("Consent");
        var services = builder.Services;
        services.AddSingleton(s => new AttributeRegistry(s.PatronService(Module.Name).Database));
        services.AddSingleton(s => new WordingBook(s.PatronService(Module.Name).Database));
        services.AddHostedService<Registries>();
        services.AddSingleton<CustomerPages>();

        var reachable = new HashSet<string>();
        services.AddHttpClient();
        foreach (var channel in settings.Doors)
        {
            if (builder.Configuration[$"Peers:{channel}"] is not { } address)
                continue;
            var apiKey = builder.Configuration["Peers:ApiKey"] ?? "";
            reachable.Add(channel);
            services.AddHttpClient(ConsentDoors.ClientOf(channel), client =>
            {
                client.BaseAddress = new Uri(address);
                client.Timeout = settings.DoorAnswersWithin;
                client.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
            });
        }

        services.AddSingleton(s => new ConsentDoors(
            s.GetRequiredService<IHttpClientFactory>(), settings.Doors, reachable, s.GetRequiredService<ILogger<ConsentDoors>>()));
    }

    public static void MapConsent(this WebApplication app)
    {
        DeclareAttribute.Map(app);
        RegisterWording.Map(app);
        ViewAttributes.Map(app);
        ViewConsents.Map(app);
        // Without a key for links nobody can have one, and there are no pages.
        if (app.Services.GetRequiredService<LinkKeySettings>().Current.Length == 0)
            return;
        PreferencePage.Map(app);
        OptInPage.Map(app);
        MakePreferencesLink.Map(app);
    }
}
