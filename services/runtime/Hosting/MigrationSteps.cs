using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Patron.Runtime.Hosting;

/// <summary>A step that brings a schema or a log up to date; it must be safe to repeat and to run in several processes at once.</summary>
internal sealed record MigrationStep(string Name, Func<IServiceProvider, CancellationToken, Task> RunAsync);

/// <summary>A step that tells a service that its store was restored from a backup.</summary>
internal sealed record RestoredStep(string Name, Func<IServiceProvider, CancellationToken, Task> RunAsync);

/// <summary>Migrations run with <c>--migrate</c>, and what follows a restore with <c>--restored</c>; both start nothing else and exit.</summary>
public static partial class MigrationSteps
{
    /// <summary>Adds a step; steps run in the order of registration.</summary>
    public static IServiceCollection AddMigration(
        this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, Task> run) =>
        services.AddSingleton(new MigrationStep(name, run));

    /// <summary>Runs every step and answers the exit code; the first that fails ends it, and all may be repeated.</summary>
    internal static async Task<int> MigrateAsync(this IServiceProvider services, CancellationToken cancellation)
    {
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(MigrationSteps));
        foreach (var migration in services.GetServices<MigrationStep>())
        {
            LogStart(log, migration.Name);
            try
            {
                await migration.RunAsync(services, cancellation);
            }
            catch (Exception e)
            {
                LogFailed(log, migration.Name, e);
                return PatronHost.ExitFailed;
            }
        }
        LogEnd(log);
        return 0;
    }

    /// <summary>Adds a step that tells a service of this process that its store was restored.</summary>
    public static IServiceCollection AddRestored(
        this IServiceCollection services, string name, Func<IServiceProvider, CancellationToken, Task> run) =>
        services.AddSingleton(new RestoredStep(name, run));

    /// <summary>Tells every service of this process that its store was restored from a backup.</summary>
    internal static async Task<int> RestoredAsync(this IServiceProvider services, CancellationToken cancellation)
    {
        var log = services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(MigrationSteps));
        foreach (var step in services.GetServices<RestoredStep>())
        {
            try
            {
                await step.RunAsync(services, cancellation);
            }
            catch (Exception e)
            {
                LogNotRestored(log, step.Name, e);
                return PatronHost.ExitFailed;
            }

            LogRestored(log, step.Name);
        }

        return 0;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Migrating {Name}")]
    private static partial void LogStart(ILogger log, string name);

    [LoggerMessage(Level = LogLevel.Critical, Message = "Migrating {Name} failed")]
    private static partial void LogFailed(ILogger log, string name, Exception exception);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The store of {Name} has begun another life")]
    private static partial void LogRestored(ILogger log, string name);

    [LoggerMessage(Level = LogLevel.Critical, Message = "The store of {Name} could not begin another life")]
    private static partial void LogNotRestored(ILogger log, string name, Exception exception);

    [LoggerMessage(Level = LogLevel.Information, Message = "All migrations are done")]
    private static partial void LogEnd(ILogger log);
}
