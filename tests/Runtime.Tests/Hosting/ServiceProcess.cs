using System.Collections.Concurrent;
using System.Diagnostics;
using NUnit.Framework;

namespace Patron.Runtime.Tests.Hosting;

/// <summary><see cref="SampleService"/> as a process of its own, with what it writes.</summary>
internal sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly string[] Quiet = ["--Logging:LogLevel:Default=None", "--Logging:LogLevel:Microsoft.AspNetCore=None"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentQueue<string> _errors = new();
    private readonly SemaphoreSlim _changed = new(0);

    public ServiceProcess(params string[] args) : this(new Dictionary<string, string>(), args)
    {
    }

    public ServiceProcess(IReadOnlyDictionary<string, string> variables, params string[] args)
    {
        var start = new ProcessStartInfo(
            "dotnet", ["exec", typeof(SampleService).Assembly.Location, .. args, .. Quiet])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, line) => Keep(_lines, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public IReadOnlyCollection<string> Lines => _lines;

    public IReadOnlyCollection<string> Errors => _errors;

    public async Task<string> LineAsync(Func<string, bool> wanted)
    {
        while (true)
        {
            if (_lines.FirstOrDefault(wanted) is { } line)
                return line;
            Assert.That(await _changed.WaitAsync(Patience), Is.True, () => "No such line; errors: " + string.Join('\n', _errors));
        }
    }

    public async Task TerminateAsync()
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -TERM {_process.Id}"]);
        await kill.WaitForExitAsync().WaitAsync(Patience);
        Assert.That(kill.ExitCode, Is.Zero);
    }

    public async Task<int> ExitCodeAsync()
    {
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _changed.Dispose();
    }

    private void Keep(ConcurrentQueue<string> lines, string? line)
    {
        if (line is null)
            return;
        lines.Enqueue(line);
        _changed.Release();
    }
}
