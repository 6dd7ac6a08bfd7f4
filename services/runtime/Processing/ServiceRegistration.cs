using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace Patron.Runtime.Processing;

/// <summary>Adds a service to a host: alone in its process, or with others in one.</summary>
public static class ServiceRegistration
{
    /// <summary>
    /// Registers a service by its definition. Settings: <c>Services:{name}:Database</c>, else <c>Database</c>, for the connection;
    /// <c>Lanes</c> writer lanes; <c>Log:*</c> chooses the event log's adapter.
    /// </summary>
    public static void AddPatronService(this WebApplicationBuilder builder, string name, Func<IServiceProvider, ServiceDefinition> define) =>
        throw new NotImplementedException();

    /// <summary>The running service of this name.</summary>
    public static ServiceRuntime PatronService(this IServiceProvider services, string name) =>
        services.GetRequiredKeyedService<ServiceRuntime>(name);
}
