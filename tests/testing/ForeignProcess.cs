using System.Diagnostics;
using System.Text;

namespace Patron.Testing;

/// <summary>A started program whose output, standard and error in one, is kept; it is ended, by its own id, when disposed.</summary>
public sealed class ForeignProcess : IAsyncDisposable
{
    private const int OutputCharsMax = 1_000_000;

    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly List<string> _lines = [];
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ForeignProcess(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Take(line.Data);
        process.ErrorDataReceived += (_, line) => Take(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Starts a program in a folder; dispose it to end the process if it still runs.</summary>
    public static ForeignProcess Start(
        string program, string folder, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
            UseShellExecute = false,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
            start.Environment[name] = value;
        return new ForeignProcess(Process.Start(start)!);
    }

    public int Id => _process.Id;

    /// <summary>All that was printed so far, at most a million characters.</summary>
    public string Output
    {
        get
        {
            lock (_lock)
                return _output.ToString();
        }
    }

    /// <summary>Writes a line to the program's standard input.</summary>
    public async Task TellAsync(string line, CancellationToken cancellation)
    {
        await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellation);
        await _process.StandardInput.FlushAsync(cancellation);
    }

    /// <summary>Waits for a printed line that begins with a text, and answers it.</summary>
    /// <exception cref="TimeoutException">The line did not come in time; the message has the output.</exception>
    public async Task<string> WaitForLineAsync(string beginning, TimeSpan wait, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(wait);
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_lines.Find(line => line.StartsWith(beginning, StringComparison.Ordinal)) is { } found)
                    return found;
                changed = _changed.Task;
            }

            await changed.WaitAsync(deadline.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellation.ThrowIfCancellationRequested();
            if (deadline.IsCancellationRequested)
                throw new TimeoutException($"No line '{beginning}' within {wait}:\n{Output}");
        }
    }

    /// <summary>Waits until the program has ended and all its output was read; answers its exit code.</summary>
    /// <exception cref="TimeoutException">It did not end in time and was ended; the message has the output.</exception>
    public async Task<int> WaitForExitAsync(TimeSpan wait, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(wait);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            _process.Kill(entireProcessTree: true);
            throw new TimeoutException($"The program did not end within {wait}:\n{Output}");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private void Take(string? line)
    {
        if (line is null)
            return;
        TaskCompletionSource changed;
        lock (_lock)
        {
            if (_output.Length + line.Length < OutputCharsMax)
            {
                _output.AppendLine(line);
                _lines.Add(line);
            }

            (changed, _changed) = (_changed, new(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }
}
