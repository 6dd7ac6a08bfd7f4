using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Npgsql;
using Patron.Local;
using Patron.Testing;

namespace Patron.Benchmarks.Ledger;

/// <summary>PostgreSQL's own benchmark of short transactions: an update, a select and an insert in one commit, prepared.</summary>
internal sealed partial class PgbenchPeer : IAsyncDisposable
{
    private const int ScaleFull = 50;

    private TestDatabase? database;
    private string program = "";

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        program = Path.Combine((await PostgresBinaries.FindAsync(null, cancellation)).Folder, "pgbench");
        if (!File.Exists(program))
            throw new BenchmarkUnavailableException("it needs pgbench: install PostgreSQL's server package.");
        database = await place.CreateDatabaseAsync(cancellation);
        var scale = place.Of(ScaleFull, least: 1).ToString(CultureInfo.InvariantCulture);
        await RunAsync(["-i", "-q", "-s", scale], cancellation);
    }

    /// <summary>Transactions a second over this time.</summary>
    public async Task<double> RunAsync(TimeSpan duration, int clients, CancellationToken cancellation)
    {
        var seconds = Math.Max(1, (int)duration.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        var told = await RunAsync(
            ["-N", "-n", "-M", "prepared", "-c", clients.ToString(CultureInfo.InvariantCulture), "-j", "2", "-T", seconds], cancellation);
        return double.Parse(Rate().Match(told).Groups[1].Value, CultureInfo.InvariantCulture);
    }

    public ValueTask DisposeAsync() => database?.DisposeAsync() ?? default;

    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellation)
    {
        var parts = new NpgsqlConnectionStringBuilder(database!.ConnectionString);
        var start = new ProcessStartInfo(program, [.. arguments, parts.Database!]) { RedirectStandardOutput = true, RedirectStandardError = true };
        (start.Environment["PGHOST"], start.Environment["PGPORT"]) = (parts.Host, parts.Port.ToString(CultureInfo.InvariantCulture));
        (start.Environment["PGUSER"], start.Environment["PGPASSWORD"]) = (parts.Username, parts.Password);
        using var process = Process.Start(start)!;
        var (told, faults) = (process.StandardOutput.ReadToEndAsync(cancellation), process.StandardError.ReadToEndAsync(cancellation));
        await process.WaitForExitAsync(cancellation);
        return process.ExitCode == 0 ? await told : throw new InvalidOperationException($"pgbench failed: {await faults}");
    }

    [GeneratedRegex(@"tps = ([0-9.]+)")]
    private static partial Regex Rate();
}
