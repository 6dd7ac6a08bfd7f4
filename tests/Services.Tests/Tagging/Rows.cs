using Npgsql;
using Patron.Testing;

namespace Patron.Services.Tests.Tagging;

/// <summary>Own tables of a service alone, without the service around them.</summary>
internal static class Rows
{
    public static async Task<(TestDatabase Owner, NpgsqlDataSource Database)> OpenAsync(params string[] schemas)
    {
        var owner = await TestPostgres.CreateDatabaseAsync(CancellationToken.None);
        var database = NpgsqlDataSource.Create(owner.ConnectionString);
        foreach (var schema in schemas)
        {
            await using var command = database.CreateCommand(schema);
            await command.ExecuteNonQueryAsync();
        }

        return (owner, database);
    }

    /// <summary>Runs what a view or effect adds to a transaction.</summary>
    public static async Task CommitAsync(NpgsqlDataSource database, Action<NpgsqlBatch> add)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using var batch = connection.CreateBatch();
        add(batch);
        if (batch.BatchCommands.Count > 0)
            await batch.ExecuteNonQueryAsync();
    }

    public static Guid Id(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes);
    }
}
