using Microsoft.Extensions.DependencyInjection.Extensions;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Channels.WeChat;

/// <summary>The channel of WeChat messages: takes up journeys' requests and hands them to a provider.</summary>
public static class Module
{
    internal const string Name = "wechat";

    public static void AddWeChat(this WebApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<IWeChatProvider, NoProvider>();
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
        app.MapOperations(Name);
    }
}
