using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Patron.Runtime.Grpc;

public static class GrpcEndpoints
{
    /// <summary>
    /// Answers the methods of the services over HTTP/2, with or without TLS; the host's endpoint must speak HTTP/2 (cleartext ones HTTP/2
    /// only). A method that a service does not have, or has no handler for, answers UNIMPLEMENTED; a service that is not mapped answers HTTP
    /// 404, which clients read as UNIMPLEMENTED. A request that is not gRPC answers 415, gRPC over HTTP/1.1 426.
    /// </summary>
    /// <returns>All endpoints together, for conventions such as the host name or port they belong to.</returns>
    public static IEndpointConventionBuilder MapGrpc(this IEndpointRouteBuilder app, GrpcServerOptions options, params GrpcService[] services)
    {
        var log = app.ServiceProvider.GetRequiredService<ILoggerFactory>().CreateLogger("Patron.Runtime.Grpc");
        var draining = app.ServiceProvider.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        var dispatcher = new GrpcDispatcher(options, log, draining);
        var group = app.MapGroup("");
        foreach (var service in services)
        {
            foreach (var method in service.Descriptor.Methods)
            {
                var binding = service.Bind(method);
                group.MapPost($"/{binding.Method}", (RequestDelegate)(http => dispatcher.RunAsync(http, binding))).WithDisplayName($"gRPC {binding.Method}");
            }

            group.MapPost($"/{service.Descriptor.FullName}/{{method}}", (RequestDelegate)(http => dispatcher.RunAsync(http, binding: null)))
                .WithDisplayName($"gRPC {service.Descriptor.FullName}, unknown method");
        }

        return group;
    }
}
