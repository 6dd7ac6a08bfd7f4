using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Patron.Benchmarks.Report;

/// <summary>What a figure depends on, without names or paths of the machine.</summary>
internal static class Machine
{
    public static async Task<string> DescribeAsync(string postgres, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(postgres);
        await connection.OpenAsync(cancellation);
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Cpu()}, {Environment.ProcessorCount} cores, {memory:0} GiB, {OperatingSystem()}, .NET {Environment.Version}, "
            + $"PostgreSQL {connection.PostgreSqlVersion}");
    }

    /// <summary>The short id of the commit that is checked out, with a plus sign where tracked files were changed since.</summary>
    public static string Commit(string folder)
    {
        var id = Git(folder, "rev-parse", "--short=10", "HEAD");
        var changed = Git(folder, "status", "--porcelain", "--untracked-files=no", "--", ":/", ":(exclude,top)tests/Benchmarks/results");
        return changed.Length > 0 ? $"{id}+" : id;
    }

    private static string Cpu() => File.ReadLines("/proc/cpuinfo")
        .FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "unknown processor";

    private static string OperatingSystem() => File.ReadLines("/etc/os-release")
        .FirstOrDefault(line => line.StartsWith("PRETTY_NAME=", StringComparison.Ordinal))?.Split('=', 2)[1].Trim('"') ?? "Linux";

    private static string Git(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("git", ["-C", folder, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var git = Process.Start(start)!;
        var text = git.StandardOutput.ReadToEnd().Trim();
        git.WaitForExit();
        return text;
    }
}
