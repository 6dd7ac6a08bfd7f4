using System.Collections.Concurrent;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary><see cref="Worker"/> as a process: started, stopped, killed, with what it writes.</summary>
internal sealed partial class WorkerProcess : IAsyncDisposable
{
    public const int Sigkill = 9;
    public const int Sigterm = 15;
    public const int Sigcont = 18;
    public const int Sigstop = 19;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Process process;
    private readonly ConcurrentQueue<string> lines = new();
    private readonly ConcurrentQueue<string> errors = new();
    private readonly SemaphoreSlim changed = new(0);

    /// <param name="settings">As the worker's command line takes them, without the dashes.</param>
    public WorkerProcess(TestDatabase database, IEnumerable<string> services, params IEnumerable<string> settings)
    {
        string[] all =
        [
            $"Database={database.ConnectionString}", $"Worker:Services={string.Join(',', services)}", "Http:Port=0", "Grpc:Port=0",
            "Runtime:Partitions=8", "Runtime:LeaseDuration=00:00:01", "Logging:LogLevel:Default=Warning", .. settings,
        ];
        process = Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(Worker).Assembly.Location, .. all.Select(s => "--" + s)])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        process.OutputDataReceived += (_, line) => Keep(lines, line.Data);
        process.ErrorDataReceived += (_, line) => Keep(errors, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public IReadOnlyCollection<string> Lines => lines;

    public bool HasExited => process.HasExited;

    /// <summary>137 after SIGKILL.</summary>
    public int ExitCode => process.ExitCode;

    /// <summary>Everything written, for the message of a proof that fails.</summary>
    public string Output => string.Join('\n', lines.Concat(errors));

    /// <summary>A line for the worker: starts one that waits, or lets one go on that is held at a point.</summary>
    public async Task TellAsync(string line, CancellationToken cancellation)
    {
        await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellation);
        await process.StandardInput.FlushAsync(cancellation);
    }

    public Task StartedAsync(CancellationToken cancellation) => LineAsync(Worker.Started, cancellation);

    /// <summary>Waits until the worker has written this line.</summary>
    public async Task LineAsync(string wanted, CancellationToken cancellation)
    {
        while (!lines.Contains(wanted))
        {
            if (!await changed.WaitAsync(Patience, cancellation))
                throw new TimeoutException($"The worker did not write '{wanted}' but: {Output}");
            if (process.HasExited && !lines.Contains(wanted))
                throw new InvalidOperationException($"The worker ended with {process.ExitCode} before '{wanted}': {Output}");
        }
    }

    /// <summary>Waits until something that the worker has written contains this text; false when the other thing happened first.</summary>
    public async Task<bool> SaysAsync(string text, Func<Task<bool>> instead, CancellationToken cancellation)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            if (await instead())
                return false;
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"The worker did not write '{text}' but: {Output}");
            await Task.Delay(20, cancellation);
        }

        return true;
    }

    public void Signal(int signal)
    {
        if (Kill(process.Id, signal) != 0)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), string.Create(CultureInfo.InvariantCulture, $"kill -{signal} {process.Id}"));
    }

    public async Task<int> EndedAsync(CancellationToken cancellation)
    {
        await process.WaitForExitAsync(cancellation).WaitAsync(Patience, cancellation);
        return process.ExitCode;
    }

    /// <summary>Kills the worker if it still runs.</summary>
    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
            process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        changed.Dispose();
    }

    private void Keep(ConcurrentQueue<string> kept, string? line)
    {
        if (line is not null)
            kept.Enqueue(line);
        changed.Release();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
