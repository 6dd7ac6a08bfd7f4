using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Patron.Channels.Email;
using Patron.Channels.Sms;
using Patron.Channels.WeChat;
using Patron.Gateway;
using Patron.Journey;
using Patron.Loyalty;
using Patron.Profile;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Segmentation;
using Patron.Tagging;

namespace Patron.Tool.Run;

/// <summary>Every service in one process on one port: for a developer, a demonstration, a small brand.</summary>
internal static class AllInOne
{
    private static readonly string[] Peers = ["Profile", "Tagging", "Loyalty", "Segmentation", "Journey", "Email", "Sms", "WeChat"];
    private static readonly string[] Scopes = ["ingest", "read", "keys", "operate", "partner", "write", "privacy", "clienteling"];

    /// <summary>A host that is built and not started. Settings from the environment (<c>PATRON_…</c>) win over what is set here.</summary>
    /// <param name="settings">Such as <c>Database</c> and <c>Http:Port</c>.</param>
    public static WebApplication Build(IReadOnlyDictionary<string, string> settings, Secrets secrets, BusinessTimeState time)
    {
        var all = new Dictionary<string, string>
        {
            ["Vault:MasterKey"] = secrets.MasterKey,
            ["Coupons:MasterKey"] = secrets.MasterKey,
            ["Segmentation:SnapshotKey"] = secrets.MasterKey,
            ["Links:Current"] = "local",
            ["Links:Keys:local"] = secrets.LinkKey,
            ["Api:Keys:local:Hash"] = ApiKey.HashOf(secrets.ApiKey),
            ["Peers:ApiKey"] = secrets.ApiKey,
            ["Email:RecipientKey"] = secrets.RecipientKey,
            ["Email:BaseAddress"] = $"http://127.0.0.1:{settings["Http:Port"]}",
            ["Email:PagesAddress"] = $"http://127.0.0.1:{settings["Http:Port"]}",
            ["Consent:BaseAddress"] = $"http://127.0.0.1:{settings["Http:Port"]}",
            ["Log:Notify"] = "false",
            ["Runtime:Lanes"] = "1",
            ["Profile:Currencies:0"] = "GBP",
            ["Logging:LogLevel:Default"] = "Warning",
        };
        foreach (var (index, scope) in Scopes.Index())
            all[$"Api:Keys:local:Scopes:{index}"] = scope;
        foreach (var peer in Peers)
            all[$"Peers:{peer}"] = $"http://127.0.0.1:{settings["Http:Port"]}";
        foreach (var (name, value) in settings)
            all[name] = value;

        var builder = PatronHost.CreateBuilder([.. all.Where(s => !IsInEnvironment(s.Key)).Select(s => $"--{s.Key}={s.Value}")], "patron");
        builder.Services.AddSingleton(services => new BusinessClock(services.GetRequiredService<SystemClock>(), time));
        builder.AddProfile();
        builder.AddTagging();
        builder.AddLoyalty();
        builder.AddSegmentation();
        builder.AddJourney();
        builder.AddEmail();
        builder.AddSms();
        builder.AddWeChat();
        builder.AddGateway();

        var app = builder.Build();
        app.MapPatronDefaults();
        app.MapProfile();
        app.MapTagging();
        app.MapLoyalty();
        app.MapSegmentation();
        app.MapJourney();
        app.MapEmail();
        app.MapSms();
        app.MapWeChat();
        app.MapGateway();
        return app;
    }

    public static Uri AddressOf(WebApplication app) =>
        new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public static BusinessTimeDriver DriverOf(WebApplication app) =>
        new(app.Services.GetRequiredService<BusinessClock>(), [.. app.Services.GetServices<ServiceRuntime>()]);

    private static bool IsInEnvironment(string setting) =>
        Environment.GetEnvironmentVariable("PATRON_" + setting.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant()) is not null;
}
