using System.Diagnostics;
using System.Globalization;

namespace Patron.Local;

/// <summary>
/// A running postgres with a small shell beside it that reads from a pipe we hold. When the pipe closes, because we say so or because this
/// process died in whatever way, the shell stops the server, and deletes the folder of a temporary one. Both are in a session of their own,
/// so that Ctrl-C at the terminal reaches us and not them.
/// </summary>
internal sealed class WatchedServer : IDisposable
{
    private const string Watch = """
        folder=$1; remove=$2; log=$3; shift 3
        "$@" </dev/null >"$log" 2>&1 &
        server=$!
        echo $server
        exec >/dev/null 2>&1
        read -r word
        kill -INT $server
        wait $server
        if [ "$remove" = remove ] && [ "$word" != keep ]; then rm -rf "$folder"; fi
        """;

    private readonly Process _shell;

    private WatchedServer(Process shell, int id)
    {
        _shell = shell;
        Id = id;
    }

    public int Id { get; }

    public bool IsRunning => ClusterProcesses.IsAlive(Id);

    public static async Task<WatchedServer> StartAsync(
        ClusterFolder folder, bool temporary, IEnumerable<string> command, CancellationToken cancellation)
    {
        string[] arguments = ["setsid", "sh", "-c", Watch, "sh", folder.Path, temporary ? "remove" : "keep", folder.Log, .. command];
        var start = Commands.StartInfo(ServerAccount.Current.As(arguments), folder.Path);
        start.RedirectStandardOutput = true;
        var shell = Commands.Start(start);
        var id = await shell.StandardOutput.ReadLineAsync(cancellation);
        return new WatchedServer(shell, int.Parse(id!, CultureInfo.InvariantCulture));
    }

    /// <summary>Fast shutdown: open transactions are rolled back, connections closed, data written.</summary>
    public async Task StopAsync(bool keepFolder, CancellationToken cancellation)
    {
        try
        {
            if (keepFolder)
                await _shell.StandardInput.WriteLineAsync("keep".AsMemory(), cancellation);
            _shell.StandardInput.Close();
        }
        catch (IOException)
        {
            // The shell has been killed and reads no more; whoever starts the cluster next stops what is left of it.
        }

        await _shell.WaitForExitAsync(cancellation);
    }

    public void Dispose() => _shell.Dispose();
}
