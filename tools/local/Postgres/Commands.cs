using System.ComponentModel;
using System.Diagnostics;

namespace Patron.Local;

/// <summary>Runs short programs to their end.</summary>
internal static class Commands
{
    /// <summary>Answers what the program wrote. A non-zero exit code throws with it.</summary>
    /// <exception cref="PrivatePostgresException">The program is missing or failed.</exception>
    public static async Task<string> RunAsync(IReadOnlyList<string> command, string? workingFolder, CancellationToken cancellation)
    {
        var (code, output) = await TryAsync(command, workingFolder, cancellation);
        return code == 0
            ? output
            : throw new PrivatePostgresException($"{Path.GetFileName(command[0])} failed with exit code {code}: {output.Trim()}");
    }

    /// <summary>The exit code and what was written to standard output and then standard error.</summary>
    public static async Task<(int Code, string Output)> TryAsync(
        IReadOnlyList<string> command, string? workingFolder, CancellationToken cancellation)
    {
        var start = StartInfo(command, workingFolder);
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using var process = Start(start);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = process.StandardError.ReadToEndAsync(cancellation);
        try
        {
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, await output + await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Prepares a program with a piped standard input and no PG* variable of the caller's.</summary>
    public static ProcessStartInfo StartInfo(IReadOnlyList<string> command, string? workingFolder)
    {
        var start = new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardInput = true,
            UseShellExecute = false,
            WorkingDirectory = workingFolder ?? "/",
        };
        foreach (var name in start.Environment.Keys.Where(it => it.StartsWith("PG", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        start.Environment["LC_ALL"] = "C.UTF-8";
        return start;
    }

    public static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception fault)
        {
            throw new PrivatePostgresException($"{start.FileName} could not be started: {fault.Message}", fault);
        }
    }
}
