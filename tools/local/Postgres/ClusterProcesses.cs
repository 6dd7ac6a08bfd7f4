using System.Diagnostics;
using System.Globalization;

namespace Patron.Local;

/// <summary>
/// The processes of one cluster. Every PostgreSQL process has the data folder as its working folder, which tells ours from all others;
/// the number in a pid file may long belong to somebody else.
/// </summary>
internal static class ClusterProcesses
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);

    public static List<int> Of(string data) =>
        [.. Directory.EnumerateDirectories("/proc")
            .Select(Path.GetFileName)
            .Where(name => char.IsAsciiDigit(name![0]) && WorkingFolder(name) == data && Name(name) == "postgres")
            .Select(name => int.Parse(name!, CultureInfo.InvariantCulture))];

    /// <summary>SIGKILL for all of them, until none is left.</summary>
    public static async Task KillAsync(string data, CancellationToken cancellation)
    {
        while (Of(data) is { Count: > 0 } processes)
        {
            foreach (var id in processes)
                Kill(id);
            await Task.Delay(PollInterval, cancellation);
        }
    }

    public static bool IsAlive(int id)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{id}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
        {
            // It ended between being listed and being killed.
        }
    }

    private static string? WorkingFolder(string process)
    {
        try
        {
            return File.ResolveLinkTarget($"/proc/{process}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string? Name(string process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/comm").TrimEnd();
        }
        catch (IOException)
        {
            return null;
        }
    }
}
