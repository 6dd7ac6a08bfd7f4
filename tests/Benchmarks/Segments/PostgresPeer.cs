using System.Diagnostics;
using System.Globalization;
using Npgsql;
using Patron.Testing;

namespace Patron.Benchmarks.Segments;

/// <summary>PostgreSQL with the tables in its buffers, scanned by a worker a core: an index would help the one rule and not the next.</summary>
internal sealed class PostgresPeer : IAsyncDisposable
{
    private readonly TestDatabase database;
    private readonly NpgsqlDataSource connections;
    private readonly NpgsqlCommand ask;

    private PostgresPeer(TestDatabase database, NpgsqlDataSource connections, NpgsqlCommand ask) =>
        (this.database, this.connections, this.ask) = (database, connections, ask);

    /// <summary>What the query answers.</summary>
    public long Answer { get; private set; }

    public static async Task<PostgresPeer> StartAsync(BenchPlace place, string table, string query, CancellationToken cancellation)
    {
        var database = await place.CreateDatabaseAsync(cancellation);
        var connections = new NpgsqlDataSourceBuilder(database.ConnectionString) { ConnectionStringBuilder = { CommandTimeout = 0, MaxPoolSize = 1 } }.Build();
        var workers = (Environment.ProcessorCount - 1).ToString(CultureInfo.InvariantCulture);
        foreach (var sql in new[] { table, "vacuum (analyze, freeze)", $"set max_parallel_workers_per_gather = {workers}", "set jit = on" })
        {
            await using var command = connections.CreateCommand(sql);
            await command.ExecuteNonQueryAsync(cancellation);
        }

        var peer = new PostgresPeer(database, connections, connections.CreateCommand(query));
        peer.Answer = await peer.AskAsync(cancellation);
        return peer;
    }

    /// <summary>Answers a second.</summary>
    public async Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        var (begun, asked) = (Stopwatch.GetTimestamp(), 0);
        do
        {
            await AskAsync(cancellation);
            asked++;
        }
        while (Stopwatch.GetElapsedTime(begun) < duration);
        return asked / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        await ask.DisposeAsync();
        await connections.DisposeAsync();
        await database.DisposeAsync();
    }

    private async Task<long> AskAsync(CancellationToken cancellation) => (long)(await ask.ExecuteScalarAsync(cancellation))!;
}
