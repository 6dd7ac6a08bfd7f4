using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using NUnit.Framework;

namespace Patron.Testing;

/// <summary>Node.js programs as peers in tests: finds node, installs a folder's packages once per lock file, starts scripts.</summary>
public static class NodeTool
{
    public const int MajorVersionMin = 20;

    private const string Marker = ".patron-lock-hash";
    private static readonly TimeSpan InstallMax = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(100);
    private static readonly Lazy<string?> Node = new(FindNode);

    /// <summary>The path of a node that is new enough, or null.</summary>
    public static string? Path => Node.Value;

    /// <summary>Ends the test as ignored, with one line that says why, when there is no node that is new enough.</summary>
    public static void RequireNode()
    {
        if (Path is null)
            Assert.Ignore($"Foreign-client tests need Node ≥ {MajorVersionMin}.");
    }

    /// <summary>A folder of the source tree, found upwards from the test's binaries.</summary>
    /// <param name="relative">Relative to the folder of the solution file.</param>
    public static string SourceFolder(string relative)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "Patron.slnx")))
                return System.IO.Path.Combine(folder.FullName, relative);
        }

        throw new DirectoryNotFoundException($"No folder above {AppContext.BaseDirectory} has Patron.slnx.");
    }

    /// <summary>
    /// Runs <c>npm ci</c> in a folder unless node_modules was installed from the same lock file. Processes that ask at the same time wait for each
    /// other.
    /// </summary>
    /// <exception cref="InvalidOperationException">npm failed; the message has its output.</exception>
    public static async Task InstallAsync(string folder, CancellationToken cancellation)
    {
        var hash = Convert.ToHexString(SHA256.HashData(await File.ReadAllBytesAsync(System.IO.Path.Combine(folder, "package-lock.json"), cancellation)));
        var marker = System.IO.Path.Combine(folder, "node_modules", Marker);
        if (IsInstalled(marker, hash))
            return;

        await using var held = await LockAsync(folder, cancellation);
        if (IsInstalled(marker, hash))
            return;
        var npm = System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path!)!, "npm");
        await using var install = ForeignProcess.Start(
            File.Exists(npm) ? npm : "npm", folder, ["ci", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts"]);
        var exit = await install.WaitForExitAsync(InstallMax, cancellation);
        if (exit != 0)
            throw new InvalidOperationException($"npm ci in {folder} ended with {exit}:\n{install.Output}");
        await File.WriteAllTextAsync(marker, hash, cancellation);
    }

    /// <summary>Starts a script with node in its folder; dispose it to end the process if it still runs.</summary>
    public static ForeignProcess StartScript(string folder, string script, params string[] arguments) =>
        ForeignProcess.Start(Path!, folder, [script, .. arguments]);

    /// <summary>The same with variables in its environment, as for what must not stand in a command line.</summary>
    public static ForeignProcess StartScript(string folder, string script, IReadOnlyDictionary<string, string> environment) =>
        ForeignProcess.Start(Path!, folder, [script], environment);

    private static bool IsInstalled(string marker, string hash) => File.Exists(marker) && File.ReadAllText(marker) == hash;

    private static async Task<FileStream> LockAsync(string folder, CancellationToken cancellation)
    {
        // npm ci deletes node_modules, so the lock stands beside it.
        var path = System.IO.Path.Combine(folder, "node_modules.lock");
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(InstallMax);
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException)
            {
                await Task.Delay(LockPoll, deadline.Token);
            }
        }
    }

    private static string? FindNode()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries);
        return folders.Select(folder => System.IO.Path.Combine(folder, "node"))
            .FirstOrDefault(path => File.Exists(path) && MajorVersion(path) >= MajorVersionMin);
    }

    private static int MajorVersion(string node)
    {
        using var process = Process.Start(new ProcessStartInfo(node, "--version") { RedirectStandardOutput = true })!;
        var version = process.StandardOutput.ReadToEnd().Trim().TrimStart('v');
        process.WaitForExit();
        return int.TryParse(version.Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major) ? major : 0;
    }
}
