using Microsoft.Extensions.DependencyInjection.Extensions;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Channels.WeChat;

/// <summary>
/// The channel of WeChat messages: takes up journeys' requests and hands them to a provider, and takes what followers do.
/// </summary>
public static class Module
{
    internal const string Name = "wechat";

    public static void AddWeChat(this WebApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<IWeChatProvider, NoProvider>();
        builder.AddSettings<WeChatSettings>("WeChat");
        builder.Services.AddSingleton<FollowerCallback>();
        var (address, apiKey) = (new Uri(builder.Configuration["Peers:Profile"] ?? "http://profile:8080"), builder.Configuration["Peers:ApiKey"] ?? "");
        builder.Services.AddHttpClient(FollowerCallback.Client, client =>
        {
            client.BaseAddress = address;
            client.Timeout = FollowerCallback.ProfileAnswersWithin;
            client.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        });
        builder.AddPatronService(Name, services => new ServiceDefinition
        {
            Name = Name,
            Events = Send.Events,
            Streams = [Send.Kind],
            Views = [new FigureCounts(Story.Count)],
            Subscriptions = [Consumed.Journey(services.GetRequiredService<IWeChatProvider>()), Consumed.Profile],
            Publications = [Published.Publication],
            Migrations = [FigureCounts.Migration],
        });
    }

    public static void MapWeChat(this WebApplication app)
    {
        Story.Map(app);
        FollowerCallback.Map(app);
        app.MapOperations(Name);
    }
}
