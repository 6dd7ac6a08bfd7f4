using Patron.Local;

namespace Patron.Testing;

/// <summary>
/// One private PostgreSQL for all tests of a process, started by the first that asks. It needs no stopping: the server and its folder go
/// when the process ends, however it ends.
/// </summary>
public static class TestPostgres
{
    private static readonly Lazy<Task<PrivatePostgres>> Shared = new(() => StartServerAsync(CancellationToken.None));
    private static int _databases;

    /// <summary>The shared server. Never kill or restart it: <see cref="StartServerAsync"/> gives a test its own for that.</summary>
    public static Task<PrivatePostgres> Server => Shared.Value;

    /// <summary>An empty database that nobody else uses, in some tens of milliseconds.</summary>
    public static async Task<TestDatabase> CreateDatabaseAsync(CancellationToken cancellation)
    {
        var server = await Server.WaitAsync(cancellation);
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await server.CreateDatabaseAsync(name, template: null, cancellation);
        return new TestDatabase(server, name);
    }

    /// <summary>A database that starts as a copy of another one of the shared server, to which nobody is connected.</summary>
    public static async Task<TestDatabase> CopyDatabaseAsync(TestDatabase template, CancellationToken cancellation)
    {
        var server = await Server.WaitAsync(cancellation);
        var name = $"test_{Interlocked.Increment(ref _databases)}";
        await server.CreateDatabaseAsync(name, template.Name, cancellation);
        return new TestDatabase(server, name);
    }

    /// <summary>A server of the test's own, for fault tests: not durable against power loss, but against being killed. Dispose it.</summary>
    public static Task<PrivatePostgres> StartServerAsync(CancellationToken cancellation) =>
        PrivatePostgres.StartAsync(
            new PrivatePostgresOptions
            {
                Folder = Path.Combine(Path.GetTempPath(), $"patron-test-{Path.GetRandomFileName()}"),
                Durable = false,
                Temporary = true,
                ConnectionsMax = 300,
                SharedBuffersMiB = 64,
            },
            cancellation);
}
