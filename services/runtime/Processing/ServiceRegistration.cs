using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>Adds a service to a host: alone in its process, or with others in one.</summary>
public static class ServiceRegistration
{
    /// <summary>
    /// Registers a service by its definition. Settings: <c>Services:{name}:Database</c>, else <c>Database</c>, for the connection; the
    /// section <c>Runtime</c>; the section <c>Log</c> chooses the event log's adapter.
    /// </summary>
    public static void AddPatronService(this WebApplicationBuilder builder, string name, Func<IServiceProvider, ServiceDefinition> define)
    {
        var settings = builder.AddSettings<RuntimeSettings>("Runtime");
        builder.AddEventLog(settings);
        var connection = builder.Configuration[$"Services:{name}:Database"] ?? builder.Configuration["Database"]
            ?? throw new StartRefusedException([$"No database is set for {name}: set Services:{name}:Database or Database to a PostgreSQL connection string."]);
        builder.Services.AddKeyedSingleton(name, (services, _) => new ServiceRuntime(
            define(services),
            new ServiceDatabase(connection, name),
            services.GetRequiredService<IEventLog>(),
            settings,
            services.GetRequiredService<BusinessClock>(),
            services.GetRequiredService<ILoggerFactory>()));
        builder.Services.AddSingleton(services => services.PatronService(name));
        builder.Services.AddSingleton<IBusinessWork>(services => services.PatronService(name));
        builder.Services.AddSingleton<IHostedService>(services => new RuntimeHost(services.PatronService(name)));
        builder.Services.AddMigration(name, (services, cancellation) => services.PatronService(name).MigrateAsync(cancellation));
        builder.Services.AddRestored(name, (services, cancellation) => services.PatronService(name).DeclareRestoredAsync(cancellation));
        builder.Services.AddHealthProbe($"{name}.processing", HealthKind.Ready, TimeSpan.FromSeconds(2), (services, _) =>
            ValueTask.FromResult(services.PatronService(name).Troubles is [var first, ..] ? first : null));
        builder.Services.AddHealthProbe($"{name}.database", HealthKind.Ready, TimeSpan.FromSeconds(2), (services, cancellation) =>
            AnswersAsync(services.PatronService(name).Database, cancellation));
    }

    /// <summary>The running service of this name.</summary>
    public static ServiceRuntime PatronService(this IServiceProvider services, string name) =>
        services.GetRequiredKeyedService<ServiceRuntime>(name);

    private static async ValueTask<string?> AnswersAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        try
        {
            await using var command = database.CreateCommand("select 1");
            await command.ExecuteScalarAsync(cancellation);
            return null;
        }
        catch (NpgsqlException fault)
        {
            return $"The database does not answer ({fault.SqlState ?? "no connection"}).";
        }
    }

    private sealed class RuntimeHost(ServiceRuntime runtime) : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => runtime.StartAsync(cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => runtime.StopAsync(cancellationToken);
    }
}
