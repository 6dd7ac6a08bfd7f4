using Npgsql;
using NUnit.Framework;
using Patron.Testing;

namespace Patron.System.Tests.Local;

[TestFixture, CancelAfter(60_000)]
internal sealed class TestPostgresTests
{
    [Test]
    public async Task Databases_are_empty_and_apart(CancellationToken cancellation)
    {
        await using var one = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var two = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var source = NpgsqlDataSource.Create(one.ConnectionString);
        await using (var create = source.CreateCommand("CREATE TABLE here (number int)"))
            await create.ExecuteNonQueryAsync(cancellation);
        Assert.That(await TablesAsync(one, cancellation), Is.EqualTo(1));
        Assert.That(await TablesAsync(two, cancellation), Is.Zero);
    }

    [Test]
    public async Task A_disposed_database_is_gone_although_somebody_is_connected(CancellationToken cancellation)
    {
        var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync(cancellation);
        await database.DisposeAsync();
        var server = await TestPostgres.Server;
        Assert.That(await server.DatabaseExistsAsync(database.Name, cancellation), Is.False);
    }

    private static async Task<object?> TablesAsync(TestDatabase database, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var command = source.CreateCommand("SELECT count(*)::int FROM pg_tables WHERE schemaname = 'public'");
        return await command.ExecuteScalarAsync(cancellation);
    }
}
