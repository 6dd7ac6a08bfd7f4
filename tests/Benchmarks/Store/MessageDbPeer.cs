using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;
using Patron.Testing;

namespace Patron.Benchmarks.Store;

/// <summary>
/// Message DB: its schema and functions from its npm package, its <c>write_message</c> called on 32 connections by a faster client than
/// those of its own languages.
/// </summary>
internal sealed class MessageDbPeer : IAppendPeer
{
    private const int Callers = 32;

    // In the order of its install.sh, without the views and privileges that writing does not need.
    private static readonly string[] Scripts =
    [
        "schema/message-store", "extensions/pgcrypto", "tables/messages", "types/message", "functions/hash-64", "functions/acquire-lock",
        "functions/category", "functions/is-category", "functions/id", "functions/cardinal-id", "functions/stream-version", "functions/write-message",
        "indexes/messages-id", "indexes/messages-stream", "indexes/messages-category",
    ];

    private NotebookService? service;
    private TestDatabase? database;
    private NpgsqlDataSource? connections;
    private int events;

    public async Task PrepareAsync(BenchPlace place, NotebookService service, CancellationToken cancellation)
    {
        if (NodeTool.Path is null)
            throw new BenchmarkUnavailableException($"it needs Node {NodeTool.MajorVersionMin} or later to install Message DB with npm.");
        this.service = service;
        var folder = NodeTool.SourceFolder(Path.Combine("tests", "Benchmarks", "peers"));
        await NodeTool.InstallAsync(folder, cancellation);
        database = await place.CreateDatabaseAsync(cancellation);
        connections = NpgsqlDataSource.Create(database.ConnectionString + ";Search Path=message_store,public");
        foreach (var script in Scripts)
        {
            var path = Path.Combine(folder, "node_modules", "@eventide", "message-db", "database", $"{script}.sql");
            await using var install = connections.CreateCommand(await File.ReadAllTextAsync(path, cancellation));
            await install.ExecuteNonQueryAsync(cancellation);
        }
    }

    public async Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        var before = events;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async _ =>
        {
            await Task.Yield();
            await WriteAsync(watch, duration, cancellation);
        }));
        return (events - before) / watch.Elapsed.TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        if (connections is not null)
            await connections.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
    }

    private async Task WriteAsync(Stopwatch watch, TimeSpan duration, CancellationToken cancellation)
    {
        var (id, stream) = (new NpgsqlParameter<string>(), new NpgsqlParameter<string>());
        await using var connection = await connections!.OpenConnectionAsync(cancellation);
        await using var write = new NpgsqlCommand("select write_message($1, $2, $3, $4)", connection);
        write.Parameters.AddRange(new NpgsqlParameter[]
        {
            id, stream, new NpgsqlParameter<string> { TypedValue = "Noted" },
            new NpgsqlParameter<string> { TypedValue = Noted.SampleJson, NpgsqlDbType = NpgsqlDbType.Jsonb },
        });
        (id.TypedValue, stream.TypedValue) = ("", "");
        (id.NpgsqlDbType, stream.NpgsqlDbType) = (NpgsqlDbType.Varchar, NpgsqlDbType.Varchar);
        await write.PrepareAsync(cancellation);
        while (watch.Elapsed < duration)
        {
            var number = Interlocked.Increment(ref events);
            id.TypedValue = Guid.CreateVersion7(TimeProvider.System.GetUtcNow()).ToString("D");
            stream.TypedValue = $"notebook-{service!.Customer(number):D}";
            await write.ExecuteNonQueryAsync(cancellation);
        }
    }
}
