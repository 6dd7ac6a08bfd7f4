using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Kafka;
using Patron.Runtime.EventLog.Postgres;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

internal static class EventLogRegistration
{
    private const int ConnectionsMax = 40;
    private const int PreparedMax = 50;

    /// <summary>Registers the one event log of the process, once.</summary>
    public static void AddEventLog(this WebApplicationBuilder builder, RuntimeSettings runtime)
    {
        var settings = builder.AddSettings<LogSettings>("Log");
        if (settings.Adapter == "kafka")
        {
            builder.Services.TryAddSingleton<IEventLog>(_ => new KafkaEventLog(new KafkaOptions
            {
                Bootstrap = settings.Bootstrap,
                TopicPrefix = settings.TopicPrefix,
                Partitions = runtime.Partitions,
                ReplicationFactor = (short)settings.ReplicationFactor,
                // The client's names are in small letters; those that come from environment variables are in capitals.
                Properties = settings.Properties.ToDictionary(p => p.Key.ToLowerInvariant(), p => p.Value),
            }));
            return;
        }

        var connection = new NpgsqlConnectionStringBuilder(settings.Database.Length > 0 ? settings.Database : builder.Configuration["Database"])
        {
            ApplicationName = "patron log",
            MaxAutoPrepare = PreparedMax,
            MaxPoolSize = ConnectionsMax,
            NoResetOnClose = true,
        };
        builder.Services.TryAddSingleton<IEventLog>(services => new PostgresEventLog(
            new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = "log" }.Build(),
            new PostgresLogOptions { Partitions = runtime.Partitions, Notify = settings.Notify },
            services.GetRequiredService<ILogger<PostgresEventLog>>()));
    }
}
