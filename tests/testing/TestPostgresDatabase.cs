using Npgsql;
using Patron.Local;

namespace Patron.Testing;

/// <summary>A database of one test or fixture; disposing ends its connections and deletes it.</summary>
public sealed class TestDatabase(PrivatePostgres server, string name) : IAsyncDisposable
{
    private readonly PrivatePostgres _server = server;

    public string Name { get; } = name;

    public string ConnectionString { get; } = server.ConnectionString(name);

    public async ValueTask DisposeAsync()
    {
        // Connections that a test made from the string itself stay in a pool of the process, which must not hand them out again.
        await using (var connection = new NpgsqlConnection(ConnectionString))
            NpgsqlConnection.ClearPool(connection);
        await _server.DropDatabaseAsync(Name, CancellationToken.None);
    }
}
