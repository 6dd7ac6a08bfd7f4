using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Postgres;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>The section <c>Log</c>: which adapter carries the facts.</summary>
public sealed class LogSettings : ISettings
{
    /// <summary><c>postgres</c> (embedded) or <c>kafka</c>.</summary>
    public string Adapter { get; set; } = "postgres";

    /// <summary>The PostgreSQL adapter's connection string; empty takes the setting Database.</summary>
    public string Database { get; set; } = "";

    public IEnumerable<SettingFault> Check()
    {
        if (Adapter is not ("postgres" or "kafka"))
            yield return new SettingFault(nameof(Adapter), "it must be postgres or kafka");
    }
}

internal static class EventLogRegistration
{
    /// <summary>Registers the one event log of the process, once.</summary>
    public static void AddEventLog(this WebApplicationBuilder builder, RuntimeSettings runtime)
    {
        var settings = builder.AddSettings<LogSettings>("Log");
        var connection = settings.Database.Length > 0 ? settings.Database : builder.Configuration["Database"];
        builder.Services.TryAddSingleton<IEventLog>(services => new PostgresEventLog(
            new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(connection) { ApplicationName = "patron log", MaxAutoPrepare = 50, MaxPoolSize = 40 }.ConnectionString) { Name = "log" }.Build(),
            new PostgresLogOptions { Partitions = runtime.Partitions },
            services.GetRequiredService<ILogger<PostgresEventLog>>()));
    }
}
