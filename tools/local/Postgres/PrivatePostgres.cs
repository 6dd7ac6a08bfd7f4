using System.Net;
using System.Net.Sockets;
using Npgsql;

namespace Patron.Local;

/// <summary>
/// A PostgreSQL of our own: initialised and started in a folder, on 127.0.0.1 only, with a generated password, never as root. It stops with
/// this process, however that ends. One process at a time uses a folder.
/// </summary>
public sealed class PrivatePostgres : IAsyncDisposable
{
    internal const string User = "patron";
    private const int PortAttemptsMax = 5;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(1);

    private readonly PrivatePostgresOptions _options;
    private readonly ClusterFolder _folder;
    private readonly PostgresBinaries _binaries;
    private readonly FileStream _lock;
    private readonly string _password;
    private WatchedServer? _server;
    private NpgsqlDataSource? _administration;

    private PrivatePostgres(PrivatePostgresOptions options, ClusterFolder folder, PostgresBinaries binaries, FileStream @lock, string password)
    {
        _options = options;
        _folder = folder;
        _binaries = binaries;
        _lock = @lock;
        _password = password;
    }

    public int Port { get; private set; }

    /// <summary>The folder in use, which is another than asked for if <see cref="FolderMoved"/>.</summary>
    public string Folder => _folder.Path;

    /// <summary>The server's account could not reach the folder asked for, so the cluster is under /var/tmp.</summary>
    public bool FolderMoved { get; private init; }

    /// <summary>The server's log of this run.</summary>
    public string LogFile => _folder.Log;

    /// <summary>
    /// Answers when the server takes connections. A server that an earlier, killed process left running there is stopped first; what was
    /// committed is kept.
    /// </summary>
    /// <exception cref="PrivatePostgresException">Something is missing, in use or failed; the message says what to do.</exception>
    public static async Task<PrivatePostgres> StartAsync(PrivatePostgresOptions options, CancellationToken cancellation)
    {
        await ServerAccount.Current.CheckAsync(cancellation);
        var (folder, moved) = await ClusterSetup.PrepareFolderAsync(options.Folder, cancellation);
        var binaries = await PostgresBinaries.FindAsync(folder.Major(), cancellation);
        var @lock = folder.Lock();
        try
        {
            await ClusterSetup.StopLeftoverAsync(folder, binaries, cancellation);
            var password = await ClusterSetup.InitialiseAsync(folder, binaries, options.Durable, cancellation);
            var postgres = new PrivatePostgres(options, folder, binaries, @lock, password) { FolderMoved = moved };
            await postgres.StartServerAsync(cancellation);
            return postgres;
        }
        catch
        {
            await @lock.DisposeAsync();
            if (options.Temporary)
                Directory.Delete(folder.Path, recursive: true);
            throw;
        }
    }

    /// <summary>
    /// Stops a server that was left running in the folder, and deletes it, wherever it was moved to. Answers the folders deleted.
    /// </summary>
    /// <exception cref="PrivatePostgresException">A living process is using it.</exception>
    public static async Task<IReadOnlyList<string>> DeleteAsync(string folder, CancellationToken cancellation)
    {
        var deleted = new List<string>();
        foreach (var path in new[] { Path.GetFullPath(folder), ClusterFolder.Substitute(folder) }.Where(Directory.Exists))
        {
            var cluster = new ClusterFolder(await ClusterSetup.RealPathAsync(path, cancellation));
            await using (cluster.Lock())
            {
                if (cluster.Major() is { } major && ClusterProcesses.Of(cluster.Data).Count > 0)
                    await ClusterSetup.StopLeftoverAsync(cluster, await PostgresBinaries.FindAsync(major, cancellation), cancellation);
                Directory.Delete(cluster.Path, recursive: true);
            }

            deleted.Add(path);
        }

        return deleted;
    }

    /// <summary>Looks without changing anything.</summary>
    public static async Task<PrivatePostgresStatus> InspectAsync(string folder, CancellationToken cancellation)
    {
        var path = new[] { Path.GetFullPath(folder), ClusterFolder.Substitute(folder) }.FirstOrDefault(Directory.Exists);
        if (path is null)
            return new PrivatePostgresStatus(null, Processes: 0, InUse: false, IsWhole: false);
        var cluster = new ClusterFolder(await ClusterSetup.RealPathAsync(path, cancellation));
        return new PrivatePostgresStatus(
            path, ClusterProcesses.Of(cluster.Data).Count, cluster.IsLocked(), cluster.HasCluster && File.Exists(cluster.PasswordFile));
    }

    /// <summary>The major version of the server that made the cluster in the folder, or null if there is none.</summary>
    public static int? MajorOf(string folder) =>
        new ClusterFolder(Path.GetFullPath(folder)).Major() ?? new ClusterFolder(ClusterFolder.Substitute(folder)).Major();

    /// <summary>The folder that a cluster asked for in <paramref name="folder"/> is kept in if the server's account cannot reach it.</summary>
    public static string SubstituteFolder(string folder) => ClusterFolder.Substitute(folder);

    /// <summary>For the cluster's owner, a superuser of this cluster. Contains the password: never log it.</summary>
    public string ConnectionString(string database) => new NpgsqlConnectionStringBuilder
    {
        Host = "127.0.0.1",
        Port = Port,
        Username = User,
        Password = _password,
        Database = database,
    }.ConnectionString;

    /// <summary>Makes a database, as a copy of another when one is named; nobody may be connected to that one.</summary>
    public async Task CreateDatabaseAsync(string name, string? template, CancellationToken cancellation) =>
        await AdministerAsync($"CREATE DATABASE {Quote(name)}" + (template is null ? "" : $" TEMPLATE {Quote(template)}"), cancellation);

    public async Task<bool> DatabaseExistsAsync(string name, CancellationToken cancellation)
    {
        await using var command = Administration().CreateCommand("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)");
        command.Parameters.AddWithValue(name);
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>Ends the connections to a database and deletes it. No error if there is none of that name.</summary>
    public async Task DropDatabaseAsync(string name, CancellationToken cancellation) =>
        await AdministerAsync($"DROP DATABASE IF EXISTS {Quote(name)} WITH (FORCE)", cancellation);

    /// <summary>SIGKILL for every process of the server, as a fault test needs it. <see cref="RestartAsync"/> brings it back.</summary>
    public async Task KillAsync(CancellationToken cancellation)
    {
        await ClusterProcesses.KillAsync(_folder.Data, cancellation);
        await ReleaseServerAsync(keepFolder: true, cancellation);
    }

    /// <summary>Stops the server if it runs and starts it again on the same port.</summary>
    public async Task RestartAsync(CancellationToken cancellation)
    {
        await ReleaseServerAsync(keepFolder: true, cancellation);
        await ClusterSetup.StopLeftoverAsync(_folder, _binaries, cancellation);
        await StartServerAsync(cancellation);
    }

    /// <summary>Clean, fast shutdown; a temporary folder is deleted.</summary>
    public async ValueTask DisposeAsync()
    {
        using var timeout = new CancellationTokenSource(StopTimeout);
        await ReleaseServerAsync(keepFolder: false, timeout.Token);
        await _lock.DisposeAsync();
        if (_options.Temporary && Directory.Exists(Folder))
            Directory.Delete(Folder, recursive: true);
    }

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private async Task StartServerAsync(CancellationToken cancellation)
    {
        var wanted = Port != 0 ? Port : _options.Port ?? _folder.RememberedPort();
        for (var attempt = 1; ; attempt++)
        {
            Port = wanted is { } port && (IsFree(port) || _options.Port is not null) ? port : FreePort();
            _server = await WatchedServer.StartAsync(
                _folder, _options.Temporary, ServerSettings.CommandLine(_options, _binaries.Postgres, _folder.Data, Port), cancellation);
            if (await IsReadyAsync(_server, cancellation))
                break;
            var log = _folder.LogTail(lines: 20);
            await ReleaseServerAsync(keepFolder: true, cancellation);
            var portTaken = log.Contains("Address already in use", StringComparison.Ordinal);
            if (portTaken && _options.Port is { } fixedPort)
                throw new PrivatePostgresException($"Port {fixedPort} of 127.0.0.1 is taken by another program.");
            if (!portTaken || attempt == PortAttemptsMax)
                throw new PrivatePostgresException($"PostgreSQL did not start in {Folder}. The end of its log:\n{log}");
        }

        _folder.RememberPort(Port);
    }

    private async Task<bool> IsReadyAsync(WatchedServer server, CancellationToken cancellation)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        deadline.CancelAfter(_options.StartTimeout);
        try
        {
            while (_folder.ReadyPostmaster() != server.Id)
            {
                if (!server.IsRunning)
                    return false;
                await Task.Delay(PollInterval, deadline.Token);
            }

            return true;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            await ReleaseServerAsync(keepFolder: true, cancellation);
            throw new PrivatePostgresException(
                $"PostgreSQL in {Folder} was not ready after {_options.StartTimeout}. The end of its log:\n{_folder.LogTail(lines: 20)}");
        }
    }

    private async Task ReleaseServerAsync(bool keepFolder, CancellationToken cancellation)
    {
        if (_administration is not null)
            await _administration.DisposeAsync();
        _administration = null;
        if (_server is null)
            return;
        await _server.StopAsync(keepFolder, cancellation);
        _server.Dispose();
        _server = null;
    }

    private NpgsqlDataSource Administration() => _administration ??=
        NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(ConnectionString("postgres")) { MaxPoolSize = 4 });

    private async Task AdministerAsync(string statement, CancellationToken cancellation)
    {
        await using var command = Administration().CreateCommand(statement);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
