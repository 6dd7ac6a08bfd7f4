using Npgsql;
using Patron.Local;
using Patron.Testing;

namespace Patron.Benchmarks;

/// <summary>Where benchmarks run: a private PostgreSQL, and how much of the full size to do.</summary>
/// <param name="Scale">1 measures; tests that only see that everything works take less.</param>
internal sealed record BenchPlace(PrivatePostgres Postgres, double Scale)
{
    private static int _databases;

    /// <summary>A number of records at this scale, at least <paramref name="least"/>.</summary>
    public int Of(int full, int least) => Math.Max(least, (int)(full * Scale));

    public async Task<TestDatabase> CreateDatabaseAsync(CancellationToken cancellation)
    {
        var name = $"bench_{Interlocked.Increment(ref _databases)}";
        await Postgres.CreateDatabaseAsync(name, template: null, cancellation);
        return new TestDatabase(Postgres, name);
    }

    /// <summary>Before each round, so that neither side pays for what the other has dirtied.</summary>
    public async Task SettleAsync(CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(Postgres.ConnectionString("postgres"));
        await connection.OpenAsync(cancellation);
        await using var checkpoint = new NpgsqlCommand("checkpoint", connection);
        await checkpoint.ExecuteNonQueryAsync(cancellation);
        GC.Collect();
    }

    /// <summary>
    /// A cluster as a deployment would run it: every commit is on the disk before it is acknowledged, a quarter of the memory for its buffers as
    /// PostgreSQL's manual advises, and checkpoints that are far enough apart not to write every page anew for each few purchases.
    /// </summary>
    public static Task<PrivatePostgres> StartDurablePostgresAsync(CancellationToken cancellation) => PrivatePostgres.StartAsync(
        new PrivatePostgresOptions
        {
            Folder = Path.Combine(Path.GetTempPath(), $"patron-bench-{Path.GetRandomFileName()}"),
            Durable = true,
            Temporary = true,
            ConnectionsMax = 200,
            SharedBuffersMiB = (int)(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes >> 20) / 4,
            WalMiBMax = 16_384,
            Settings = new Dictionary<string, string> { ["checkpoint_timeout"] = "15min" },
        },
        cancellation);
}
