using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Patron.Runtime.Hosting;

/// <summary>A step that brings a schema or a log up to date; it must be safe to repeat and to run in several processes at once.</summary>
internal sealed record MigrationStep(string Name, Func<IServiceProvider, CancellationToken, Task> RunAsync);

/// <summary>Migrations run with <c>--migrate</c>, which starts nothing else and exits.</summary>
public static partial class MigrationSteps
{
    /// <summary>Adds a step; steps run in the order of registration.</summary>
    public static IServiceCollection AddMigration(
        this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, Task> run) =>
        services.AddSingleton(new MigrationStep(name, run));

    /// <summary>Runs every step; the first that fails ends it, and a repetition goes on from there.</summary>
    public static async Task MigrateAsync(this IServiceProvider services, CancellationToken cancellation)
    {
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(MigrationSteps));
        foreach (var migration in services.GetServices<MigrationStep>())
        {
            LogStart(log, migration.Name);
            await migration.RunAsync(services, cancellation);
        }
        LogEnd(log);
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Migrating {Name}")]
    private static partial void LogStart(ILogger log, string name);

    [LoggerMessage(Level = LogLevel.Information, Message = "All migrations are done")]
    private static partial void LogEnd(ILogger log);
}
