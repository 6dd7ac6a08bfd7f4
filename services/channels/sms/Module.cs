using Microsoft.Extensions.DependencyInjection.Extensions;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;

namespace Patron.Channels.Sms;

/// <summary>The channel of text messages: takes up journeys' requests and hands them to a provider.</summary>
public static class Module
{
    internal const string Name = "sms";

    public static void AddSms(this WebApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton<ISmsProvider, NoProvider>();
        builder.AddPatronService(Name, services => new ServiceDefinition
        {
            Name = Name,
            Events = Send.Events,
            Streams = [Send.Kind],
            Views = [new FigureCounts(Story.Count)],
            Subscriptions = [Consumed.Journey(services.GetRequiredService<ISmsProvider>()), Consumed.Profile],
            Publications = [Published.Publication],
            Migrations = [FigureCounts.Migration],
        });
    }

    public static void MapSms(this WebApplication app)
    {
        Story.Map(app);
        app.MapOperations(Name);
    }
}
