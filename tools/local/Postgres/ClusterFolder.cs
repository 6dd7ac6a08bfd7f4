using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Patron.Local;

/// <summary>What a private PostgreSQL keeps on disk.</summary>
internal sealed class ClusterFolder(string path)
{
    public string Path { get; } = path;

    public string Data => System.IO.Path.Combine(Path, "cluster");

    public string NewData => System.IO.Path.Combine(Path, "cluster.new");

    public string PasswordFile => System.IO.Path.Combine(Path, "password");

    public string PortFile => System.IO.Path.Combine(Path, "port");

    public string LockFile => System.IO.Path.Combine(Path, "lock");

    public string Log => System.IO.Path.Combine(Path, "server.log");

    public string PidFile => System.IO.Path.Combine(Data, "postmaster.pid");

    public bool HasCluster => File.Exists(System.IO.Path.Combine(Data, "PG_VERSION"));

    /// <summary>Where the cluster of a folder goes that the server's account cannot reach.</summary>
    public static string Substitute(string folder)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(System.IO.Path.GetFullPath(folder)));
        return $"/var/tmp/patron-{Convert.ToHexStringLower(hash.AsSpan(0, 6))}";
    }

    /// <summary>The major version that made the cluster, or null if there is none.</summary>
    public int? Major() => HasCluster
        ? int.Parse(File.ReadAllText(System.IO.Path.Combine(Data, "PG_VERSION")), CultureInfo.InvariantCulture)
        : null;

    public int? RememberedPort() =>
        File.Exists(PortFile) && int.TryParse(File.ReadAllText(PortFile), CultureInfo.InvariantCulture, out var port) ? port : null;

    public void RememberPort(int port) => File.WriteAllText(PortFile, port.ToString(CultureInfo.InvariantCulture));

    /// <summary>The process that is ready to serve according to its pid file, or null.</summary>
    public int? ReadyPostmaster()
    {
        // Lines: pid, data folder, start time, port, socket folder, listen address, shared memory key, status.
        var lines = ReadPidFile();
        return lines.Length >= 8 && lines[7].Trim() == "ready" ? int.Parse(lines[0], CultureInfo.InvariantCulture) : null;
    }

    /// <summary>Holds the folder for this process. Released by the operating system when the process ends, however it ends.</summary>
    public FileStream Lock()
    {
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException fault)
        {
            throw new PrivatePostgresException($"Another process is using the PostgreSQL in {Path}: end it first.", fault);
        }
    }

    public bool IsLocked()
    {
        if (!File.Exists(LockFile))
            return false;
        try
        {
            using var free = Lock();
            return false;
        }
        catch (PrivatePostgresException)
        {
            return true;
        }
    }

    public string LogTail(int lines) =>
        File.Exists(Log) ? string.Join('\n', File.ReadLines(Log).TakeLast(lines)) : "(the server wrote no log)";

    private string[] ReadPidFile()
    {
        try
        {
            return File.ReadAllLines(PidFile);
        }
        catch (IOException)
        {
            return [];
        }
    }
}
