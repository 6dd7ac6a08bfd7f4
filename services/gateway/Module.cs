using Patron.Runtime.Hosting;

namespace Patron.Gateway;

/// <summary>The one door of people and their browsers: reads every service's own model, owns none.</summary>
public static class Module
{
    private static readonly TimeSpan AnswerWithin = TimeSpan.FromSeconds(5);

    public static void AddGateway(this WebApplicationBuilder builder)
    {
        builder.AddSettings<PeerSettings>("Peers");
        builder.Services.AddHttpClient(Peers.Client, client => client.Timeout = AnswerWithin);
        builder.Services.AddSingleton<Peers>();
    }

    public static void MapGateway(this WebApplication app)
    {
        ShowFigures.Map(app);
        ShowCustomer.Map(app);
    }
}
