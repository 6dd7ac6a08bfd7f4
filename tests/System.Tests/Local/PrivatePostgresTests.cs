using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Npgsql;
using NUnit.Framework;
using Patron.Local;

namespace Patron.System.Tests.Local;

[TestFixture, CancelAfter(60_000), Parallelizable(ParallelScope.All), FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class PrivatePostgresTests
{
    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"patron-cluster-{Path.GetRandomFileName()}");

    [TearDown]
    public async Task Delete() => await PrivatePostgres.DeleteAsync(_folder, CancellationToken.None);

    [Test]
    public async Task Data_and_port_are_kept_between_runs(CancellationToken cancellation)
    {
        int port;
        await using (var first = await StartAsync(cancellation))
        {
            port = first.Port;
            await ExecuteAsync(first, "CREATE TABLE kept AS SELECT 42 AS number", cancellation);
        }

        await using var second = await StartAsync(cancellation);
        Assert.That(await ScalarAsync(second, "SELECT number FROM kept", cancellation), Is.EqualTo(42));
        Assert.That(second.Port, Is.EqualTo(port));
    }

    [Test]
    public async Task Another_port_is_taken_when_the_remembered_one_is_busy(CancellationToken cancellation)
    {
        int port;
        await using (var first = await StartAsync(cancellation))
            port = first.Port;
        using var other = new TcpListener(IPAddress.Loopback, port);
        other.Start();

        await using var second = await StartAsync(cancellation);
        Assert.That(second.Port, Is.Not.EqualTo(port));
        Assert.That(await ScalarAsync(second, "SELECT 1", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task A_busy_port_that_was_asked_for_is_named_in_the_error(CancellationToken cancellation)
    {
        using var other = new TcpListener(IPAddress.Loopback, 0);
        other.Start();
        var port = ((IPEndPoint)other.LocalEndpoint).Port;

        var fault = await Assert.ThrowsAsync<PrivatePostgresException>(
            () => PrivatePostgres.StartAsync(Options() with { Port = port }, cancellation));
        Assert.That(fault!.Message, Does.Contain($"Port {port}"));
    }

    [Test]
    public async Task What_was_committed_survives_a_kill_and_restart_on_the_same_port(CancellationToken cancellation)
    {
        await using var postgres = await StartAsync(cancellation);
        var port = postgres.Port;
        await ExecuteAsync(postgres, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number", cancellation);

        await postgres.KillAsync(cancellation);
        await Assert.ThrowsAsync<NpgsqlException>(() => ScalarAsync(postgres, "SELECT 1", cancellation));
        await postgres.RestartAsync(cancellation);

        Assert.That(postgres.Port, Is.EqualTo(port));
        Assert.That(await ScalarAsync(postgres, "SELECT count(*)::int FROM kept", cancellation), Is.EqualTo(1000));
    }

    [Test]
    public async Task A_pid_file_that_names_a_stranger_does_not_keep_it_from_starting(CancellationToken cancellation)
    {
        await using (var first = await StartAsync(cancellation))
            await first.KillAsync(cancellation);
        var pidFile = Path.Combine(_folder, "cluster", "postmaster.pid");
        Assert.That(File.Exists(pidFile), "a killed server leaves its pid file behind");
        var lines = await File.ReadAllLinesAsync(pidFile, cancellation);
        lines[0] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllLinesAsync(pidFile, lines, cancellation);

        await using var second = await StartAsync(cancellation);
        Assert.That(await ScalarAsync(second, "SELECT 1", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task Two_databases_are_apart_and_a_template_is_copied(CancellationToken cancellation)
    {
        await using var postgres = await StartAsync(cancellation);
        await postgres.CreateDatabaseAsync("one", null, cancellation);
        await ExecuteAsync(postgres, "CREATE TABLE here (number int)", cancellation, "one");
        await postgres.CreateDatabaseAsync("empty", null, cancellation);
        await postgres.CreateDatabaseAsync("copy", "one", cancellation);

        const string tables = "SELECT count(*)::int FROM pg_tables WHERE tablename = 'here'";
        Assert.That(await ScalarAsync(postgres, tables, cancellation, "empty"), Is.Zero);
        Assert.That(await ScalarAsync(postgres, tables, cancellation, "copy"), Is.EqualTo(1));
        Assert.That(await postgres.DatabaseExistsAsync("copy", cancellation));
        await postgres.DropDatabaseAsync("copy", cancellation);
        Assert.That(await postgres.DatabaseExistsAsync("copy", cancellation), Is.False);
    }

    [Test]
    public async Task Nobody_gets_in_without_the_password_and_only_we_can_read_it(CancellationToken cancellation)
    {
        await using var postgres = await StartAsync(cancellation);
        var wrong = new NpgsqlConnectionStringBuilder(postgres.ConnectionString("postgres")) { Password = "wrong", Pooling = false };
        await using var connection = new NpgsqlConnection(wrong.ConnectionString);

        var refusal = await Assert.ThrowsAsync<PostgresException>(() => connection.OpenAsync(cancellation));
        Assert.That(refusal!.SqlState, Is.EqualTo(PostgresErrorCodes.InvalidPassword));
        Assert.That(
            File.GetUnixFileMode(Path.Combine(_folder, "password")), Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
    }

    [Test]
    public async Task A_second_process_is_told_that_the_folder_is_in_use(CancellationToken cancellation)
    {
        await using var postgres = await StartAsync(cancellation);

        var start = await Assert.ThrowsAsync<PrivatePostgresException>(() => StartAsync(cancellation));
        var delete = await Assert.ThrowsAsync<PrivatePostgresException>(() => PrivatePostgres.DeleteAsync(_folder, cancellation));
        Assert.That(start!.Message, Does.Contain("is using"));
        Assert.That(delete!.Message, Does.Contain("is using"));
        Assert.That(await ScalarAsync(postgres, "SELECT 1", cancellation), Is.EqualTo(1));
    }

    [Test]
    public async Task A_temporary_folder_is_gone_afterwards(CancellationToken cancellation)
    {
        var postgres = await PrivatePostgres.StartAsync(Options() with { Temporary = true }, cancellation);
        Assert.That(Directory.Exists(_folder));
        await postgres.DisposeAsync();
        Assert.That(Directory.Exists(_folder), Is.False);
    }

    [Test]
    public async Task A_folder_out_of_reach_of_the_servers_account_is_replaced_and_says_so(CancellationToken cancellation)
    {
        if (!Environment.IsPrivilegedProcess)
            Assert.Ignore("Only root runs the server as another account.");
        Directory.CreateDirectory(_folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var inside = Path.Combine(_folder, "postgres");

        await using (var postgres = await PrivatePostgres.StartAsync(Options() with { Folder = inside }, cancellation))
        {
            Assert.That(postgres.FolderMoved);
            Assert.That(postgres.Folder, Is.EqualTo(PrivatePostgres.SubstituteFolder(inside)));
            Assert.That(await ScalarAsync(postgres, "SELECT 1", cancellation), Is.EqualTo(1));
        }

        Assert.That(await PrivatePostgres.DeleteAsync(inside, cancellation), Is.EqualTo([PrivatePostgres.SubstituteFolder(inside)]));
    }

    [Test]
    public async Task The_server_never_runs_as_root(CancellationToken cancellation)
    {
        await using var postgres = await StartAsync(cancellation);
        var id = (await File.ReadAllLinesAsync(Path.Combine(_folder, "cluster", "postmaster.pid"), cancellation))[0];
        var users = (await File.ReadAllLinesAsync($"/proc/{id}/status", cancellation)).Single(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        Assert.That(users.Split('\t')[1..], Has.None.EqualTo("0"));
    }

    private static async Task ExecuteAsync(PrivatePostgres postgres, string sql, CancellationToken cancellation, string database = "postgres") =>
        await ScalarAsync(postgres, sql, cancellation, database);

    private static async Task<object?> ScalarAsync(
        PrivatePostgres postgres, string sql, CancellationToken cancellation, string database = "postgres")
    {
        await using var source = NpgsqlDataSource.Create(postgres.ConnectionString(database));
        await using var command = source.CreateCommand(sql);
        return await command.ExecuteScalarAsync(cancellation);
    }

    private PrivatePostgresOptions Options() => new() { Folder = _folder, Durable = false, SharedBuffersMiB = 16 };

    private Task<PrivatePostgres> StartAsync(CancellationToken cancellation) => PrivatePostgres.StartAsync(Options(), cancellation);
}
