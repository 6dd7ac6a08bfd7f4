using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;

namespace Patron.Testing;

/// <summary>
/// A service's own program as a process, configured by its environment alone. A shell beside it reads from a pipe that we hold: it ends the
/// service when this process ends, however it ends.
/// </summary>
public sealed class ServiceProgram : IAsyncDisposable
{
    private const string Listening = "Now listening on: ";

    private const string Shell = """
        "$@" </dev/null & child=$!
        echo "pid $child"
        exec 3<&0
        (read -r word <&3; kill -KILL $child) >/dev/null 2>&1 &
        wait $child
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process _shell;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly SemaphoreSlim _changed = new(0);

    /// <param name="project">The folder of the service below <c>services</c>, such as <c>channels/email</c>.</param>
    /// <param name="assembly">Such as <c>Patron.Channels.Email</c>.</param>
    /// <param name="settings">As they stand in the documents, such as <c>Log:Adapter</c>.</param>
    public ServiceProgram(string project, string assembly, IReadOnlyDictionary<string, string> settings, params string[] args)
    {
        Name = assembly;
        var program = Path.Combine(Root(), "services", project, "bin", Configuration, Framework, $"{assembly}.dll");
        var start = new ProcessStartInfo("/bin/sh", ["-c", Shell, "sh", "dotnet", "exec", program, .. args])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in settings)
            start.Environment["PATRON_" + name.Replace(":", "__", StringComparison.Ordinal).ToUpperInvariant()] = value;
        foreach (var (name, value) in SmallProcess)
            start.Environment[name] = value;
        _shell = Process.Start(start)!;
        _shell.OutputDataReceived += (_, line) => Keep(line.Data);
        _shell.ErrorDataReceived += (_, line) => Keep(line.Data);
        _shell.BeginOutputReadLine();
        _shell.BeginErrorReadLine();
    }

    public string Name { get; }

    /// <summary>What it wrote to standard output and error.</summary>
    public IReadOnlyCollection<string> Lines => _lines;

    // As the all-in-one process has it: many processes on two cores must not collect, profile and spin as if each were alone.
    private static Dictionary<string, string> SmallProcess { get; } = new()
    {
        ["DOTNET_gcServer"] = "0",
        ["DOTNET_gcConcurrent"] = "0",
        ["DOTNET_TieredPGO"] = "0",
        ["DOTNET_ThreadPool_UnfairSemaphoreSpinLimit"] = "0",
    };

    // The services are built with the tests, in the same configuration and for the same framework.
    private static string Framework { get; } = Path.GetFileName(AppContext.BaseDirectory.TrimEnd('/'));

    private static string Configuration { get; } = Path.GetFileName(Path.GetDirectoryName(AppContext.BaseDirectory.TrimEnd('/'))!);

    /// <summary>Where it listens; it does so as soon as it is started.</summary>
    public async Task<Uri> AddressAsync()
    {
        var line = await LineAsync(l => l.Contains(Listening, StringComparison.Ordinal));
        return new Uri(line[(line.IndexOf(Listening, StringComparison.Ordinal) + Listening.Length)..]);
    }

    /// <summary>Asks it to end in good order.</summary>
    public Task TerminateAsync() => SignalAsync("TERM");

    /// <summary>Ends it without warning: nothing of it runs any more.</summary>
    public Task KillAsync() => SignalAsync("KILL");

    /// <summary>Waits for its end.</summary>
    public async Task<int> ExitCodeAsync()
    {
        await _shell.WaitForExitAsync().WaitAsync(Patience);
        return _shell.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        _shell.StandardInput.Close();
        await _shell.WaitForExitAsync();
        _shell.Dispose();
        _changed.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        var pid = (await LineAsync(l => l.StartsWith("pid ", StringComparison.Ordinal)))["pid ".Length..];
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {int.Parse(pid, CultureInfo.InvariantCulture)}"]);
        await kill.WaitForExitAsync().WaitAsync(Patience);
    }

    private async Task<string> LineAsync(Func<string, bool> wanted)
    {
        while (true)
        {
            if (_lines.FirstOrDefault(wanted) is { } line)
                return line;
            Assert.That(_shell.HasExited, Is.False, () => $"{Name} ended: {string.Join('\n', _lines)}");
            Assert.That(await _changed.WaitAsync(Patience), Is.True, () => $"{Name} does not say it: {string.Join('\n', _lines)}");
        }
    }

    private void Keep(string? line)
    {
        if (line is not null)
            _lines.Enqueue(line);
        _changed.Release();
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "global.json")))
            folder = folder.Parent ?? throw new InvalidOperationException("The tests do not run from within the repository.");
        return folder.FullName;
    }
}
