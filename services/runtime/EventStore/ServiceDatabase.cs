using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>A service's connections to its own schema.</summary>
internal sealed class ServiceDatabase : IAsyncDisposable
{
    private const int ConnectionsMax = 20;
    private const int PreparedMax = 200;

    // The statements of a lane are few and find rows by key. Planned anew for each call, as arrays of other lengths make the server do,
    // they cost more than they take to run; planned once, while a table is still small, they must not come to scan it.
    private const string PlannedOnce = "-c plan_cache_mode=force_generic_plan -c enable_seqscan=off";

    /// <summary>Opens no connection yet.</summary>
    public ServiceDatabase(string connection, string service)
    {
        var parts = new NpgsqlConnectionStringBuilder(connection)
        {
            SearchPath = service,
            ApplicationName = $"patron {service}",
            MaxAutoPrepare = PreparedMax,

            // Nothing leaves state on a connection, so the seven statements that reset one are saved.
            NoResetOnClose = true,
        };
        if (!connection.Contains("Maximum Pool Size", StringComparison.OrdinalIgnoreCase))
            parts.MaxPoolSize = ConnectionsMax;
        Any = new NpgsqlDataSourceBuilder(parts.ConnectionString) { Name = service }.Build();
        parts.Options = $"{parts.Options} {PlannedOnce}".TrimStart();
        Lanes = new NpgsqlDataSourceBuilder(parts.ConnectionString) { Name = $"{service} lanes" }.Build();
    }

    public NpgsqlDataSource Any { get; }

    /// <summary>For the transactions of writer lanes only.</summary>
    public NpgsqlDataSource Lanes { get; }

    public async ValueTask DisposeAsync()
    {
        await Lanes.DisposeAsync();
        await Any.DisposeAsync();
    }
}
