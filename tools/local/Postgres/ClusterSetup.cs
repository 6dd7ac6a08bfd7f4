using System.Security.Cryptography;

namespace Patron.Local;

/// <summary>Brings a folder into the state in which a server can be started in it.</summary>
internal static class ClusterSetup
{
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(1);

    public static async Task<(ClusterFolder Folder, bool Moved)> PrepareFolderAsync(string asked, CancellationToken cancellation)
    {
        var path = Path.GetFullPath(asked);
        if (await ServerAccount.Current.MakeFolderAsync(path, cancellation))
            return (new ClusterFolder(await RealPathAsync(path, cancellation)), false);
        var substitute = ClusterFolder.Substitute(path);
        if (ServerAccount.Current.IsSwitched && await ServerAccount.Current.MakeFolderAsync(substitute, cancellation))
            return (new ClusterFolder(await RealPathAsync(substitute, cancellation)), true);
        throw new PrivatePostgresException(
            $"The folder {(ServerAccount.Current.IsSwitched ? substitute : path)} belongs to another account. Delete it, or run this as its owner.");
    }

    // PostgreSQL's working folder, by which its processes are known, is free of links.
    public static async Task<string> RealPathAsync(string path, CancellationToken cancellation) =>
        (await Commands.RunAsync(["realpath", path], null, cancellation)).TrimEnd('\n');

    public static async Task StopLeftoverAsync(ClusterFolder folder, PostgresBinaries binaries, CancellationToken cancellation)
    {
        if (!folder.HasCluster)
            return;
        if (ClusterProcesses.Of(folder.Data).Count > 0)
        {
            var seconds = $"{StopTimeout.TotalSeconds:F0}";
            await Commands.TryAsync(
                ServerAccount.Current.As(binaries.PgCtl, "stop", "-D", folder.Data, "-m", "fast", "-w", "-t", seconds), folder.Path, cancellation);
            // Whatever does not go, such as backends that outlived a killed postmaster, would keep a new server from starting.
            await ClusterProcesses.KillAsync(folder.Data, cancellation);
        }

        // Its number may belong to another process by now, and then PostgreSQL would not start.
        File.Delete(folder.PidFile);
    }

    public static async Task<string> InitialiseAsync(
        ClusterFolder folder, PostgresBinaries binaries, bool durable, CancellationToken cancellation)
    {
        if (folder.HasCluster)
        {
            return File.Exists(folder.PasswordFile)
                ? await File.ReadAllTextAsync(folder.PasswordFile, cancellation)
                : throw new PrivatePostgresException($"{folder.PasswordFile} is gone, so nobody can log in any more: make clean, then start anew.");
        }

        var password = RandomNumberGenerator.GetHexString(32, lowercase: true);
        File.Delete(folder.PasswordFile);
        var ownerOnly = new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        };
        await using (var writer = new StreamWriter(folder.PasswordFile, ownerOnly))
            await writer.WriteAsync(password.AsMemory(), cancellation);
        await ServerAccount.Current.GiveAsync(folder.PasswordFile, cancellation);

        // Made under another name, so that an initdb which was interrupted leaves nothing that looks like a cluster.
        if (Directory.Exists(folder.NewData))
            Directory.Delete(folder.NewData, recursive: true);
        string[] command =
        [
            binaries.Initdb, "--pgdata", folder.NewData, "--username", PrivatePostgres.User, "--pwfile", folder.PasswordFile, "--auth=scram-sha-256",
            "--encoding=UTF8", "--locale=C.UTF-8", "--lc-messages=C", .. durable ? Array.Empty<string>() : ["--no-sync"],
        ];
        await Commands.RunAsync(ServerAccount.Current.As(command), folder.Path, cancellation);
        Directory.Move(folder.NewData, folder.Data);
        return password;
    }
}
