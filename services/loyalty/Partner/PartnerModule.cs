using Patron.Runtime.Grpc;
using Patron.Runtime.Hosting;

namespace Patron.Loyalty;

/// <summary>The partners' door: gRPC, with API keys of the scope <c>partner</c>.</summary>
internal static class PartnerModule
{
    private const string DefaultProfile = "http://profile:8080";
    private static readonly TimeSpan ProfileAnswersWithin = TimeSpan.FromSeconds(10);

    /// <summary>Members are looked up at <c>Peers:Profile</c>, with the API key <c>Peers:ApiKey</c> of the scope <c>read</c>.</summary>
    public static void AddPartners(this WebApplicationBuilder builder)
    {
        if (!Uri.TryCreate(builder.Configuration["Peers:Profile"] ?? DefaultProfile, UriKind.Absolute, out var address))
            throw new StartRefusedException(["Peers:Profile must be a base address such as http://profile:8080."]);
        var apiKey = builder.Configuration["Peers:ApiKey"] ?? "";
        builder.Services.AddHttpClient(FindMember.Client, client =>
        {
            client.BaseAddress = address;
            client.Timeout = ProfileAnswersWithin;
            client.DefaultRequestHeaders.Add("X-Api-Key", apiKey);
        });
        builder.AddSettings<PartnerSettings>("Partners");
        builder.Services.AddSingleton<PartnerQuotas>();
    }

    public static void MapPartners(this WebApplication app)
    {
        GrpcService[] services = [PartnerService.Create(app.Services), GetBalance.Create()];
        var health = new GrpcHealth();
        foreach (var service in services)
            health.Set(service.Descriptor.FullName, serving: true);
        var reflection = GrpcReflection.Describe([.. services.Select(service => service.Descriptor)]).Guard(PartnerService.CheckAsync);
        app.MapGrpc(
                new GrpcServerOptions { Clock = app.Services.GetRequiredService<SystemClock>() }, [.. services, reflection, health.Service])
            .AllowPublic("The services' guards check the API key, so that a refusal is a gRPC status; health tells nothing but that it serves.");
    }
}
