using System.Globalization;
using System.Reflection;
using Npgsql;

namespace Patron.Runtime.EventStore;

/// <summary>One step of a schema's history. The name orders nothing and is never reused; the script never changes once released.</summary>
public sealed record Migration(string Name, string Sql)
{
    /// <summary>The embedded .sql file of this name of the calling assembly, such as <c>gate.sql</c>.</summary>
    public static Migration Embedded(string file)
    {
        var assembly = Assembly.GetCallingAssembly();
        var resource = assembly.GetManifestResourceNames().SingleOrDefault(name => name.EndsWith("." + file, StringComparison.Ordinal))
            ?? throw new ArgumentException($"{assembly.GetName().Name} embeds no file '{file}'.", nameof(file));
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return new Migration(Path.GetFileNameWithoutExtension(file), reader.ReadToEnd());
    }
}

/// <summary>Brings a schema up to date. Several instances may start at once: an advisory lock lets one apply, the others find it done.</summary>
internal static class Migrations
{
    private static readonly IReadOnlyList<Migration> Store =
    [
        Migration.Embedded("schema.sql"), Migration.Embedded("operations.sql"), Migration.Embedded("unmoved.sql"), Migration.Embedded("erased.sql"),
        Migration.Embedded("links.sql"),
    ];

    /// <exception cref="InvalidOperationException">The store was created with another number of partitions.</exception>
    public static async Task ApplyAsync(
        NpgsqlDataSource database, string schema, int partitions, IReadOnlyList<Migration> own, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunAsync(connection, "select pg_advisory_xact_lock(hashtextextended('patron.migrations.' || $1, 0))", cancellation, schema);

        // CREATE SCHEMA IF NOT EXISTS needs the right to create one even when it exists, which a service's account may lack.
        if (await ScalarAsync(connection, "select 1 from pg_namespace where nspname = $1", cancellation, schema) is null)
            await RunAsync(connection, $"create schema \"{schema}\"", cancellation);
        await RunAsync(
            connection, "create table if not exists migrations (name text primary key, applied_at timestamptz not null default now())", cancellation);
        await RunAsync(
            connection, "select set_config('patron.partitions', $1, true)", cancellation, partitions.ToString(CultureInfo.InvariantCulture));

        foreach (var step in Store.Concat(own))
        {
            if (await ScalarAsync(connection, "select 1 from migrations where name = $1", cancellation, step.Name) is not null)
                continue;
            await RunAsync(connection, step.Sql, cancellation);
            await RunAsync(connection, "insert into migrations (name) values ($1)", cancellation, step.Name);
        }

        var created = (short)(await ScalarAsync(connection, "select partitions from store", cancellation))!;
        if (created != partitions)
        {
            throw new InvalidOperationException(
                $"The store '{schema}' was created with {created} partitions and the configuration says {partitions}. "
                + $"Partitions are chosen once: set Partitions to {created}.");
        }

        await transaction.CommitAsync(cancellation);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params string[] values)
    {
        await using var command = Make(connection, sql, values);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<object?> ScalarAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params string[] values)
    {
        await using var command = Make(connection, sql, values);
        return await command.ExecuteScalarAsync(cancellation);
    }

    private static NpgsqlCommand Make(NpgsqlConnection connection, string sql, string[] values)
    {
        var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = value });
        return command;
    }
}
