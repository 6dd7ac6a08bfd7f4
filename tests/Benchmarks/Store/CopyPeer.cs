using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Patron.Benchmarks.Store;

/// <summary>What PostgreSQL itself manages: COPY of ready rows into a table like the store's, with nothing read, locked or decided.</summary>
internal sealed class CopyPeer(NotebookService service, NpgsqlDataSource database) : IAsyncDisposable
{
    // As many as the service has writer lanes.
    private static readonly int Connections = Math.Clamp(Environment.ProcessorCount, 1, 8);

    private int rows;

    public static async Task<CopyPeer> CreateAsync(NotebookService service, CancellationToken cancellation)
    {
        var database = NpgsqlDataSource.Create(service.Database.ConnectionString + ";Search Path=" + NotebookService.Name);
        await using var create = database.CreateCommand("create table copied (like events including all)");
        await create.ExecuteNonQueryAsync(cancellation);
        return new CopyPeer(service, database);
    }

    public async Task<double> CopyAsync(int count, CancellationToken cancellation)
    {
        var batches = count / AppendBatched.BatchEvents;
        var next = -1;
        var begun = Stopwatch.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            await Task.Yield();
            await using var connection = await database.OpenConnectionAsync(cancellation);
            while (Interlocked.Increment(ref next) < batches)
                await CopyBatchAsync(connection, Interlocked.Add(ref rows, AppendBatched.BatchEvents) - AppendBatched.BatchEvents, cancellation);
        }));
        return batches * AppendBatched.BatchEvents / Stopwatch.GetElapsedTime(begun).TotalSeconds;
    }

    public ValueTask DisposeAsync() => database.DisposeAsync();

    private async Task CopyBatchAsync(NpgsqlConnection connection, int first, CancellationToken cancellation)
    {
        var now = TimeProvider.System.GetUtcNow();
        await using var copy = await connection.BeginBinaryImportAsync(
            "copy copied (partition, position, stream, customer, version, type, time, data, metadata, key) from stdin (format binary)", cancellation);
        for (var row = first; row < first + AppendBatched.BatchEvents; row++)
        {
            var customer = service.Customer(row);
            await copy.StartRowAsync(cancellation);
            await copy.WriteAsync((short)NotebookService.PartitionOf(customer), NpgsqlDbType.Smallint, cancellation);
            await copy.WriteAsync((long)row + 1, NpgsqlDbType.Bigint, cancellation);
            await copy.WriteAsync(customer, NpgsqlDbType.Uuid, cancellation);
            await copy.WriteAsync(customer, NpgsqlDbType.Uuid, cancellation);
            await copy.WriteAsync(row / service.Customers, NpgsqlDbType.Integer, cancellation);
            await copy.WriteAsync("bench.noted.v1", NpgsqlDbType.Text, cancellation);
            await copy.WriteAsync(now.UtcDateTime, NpgsqlDbType.TimestampTz, cancellation);
            await copy.WriteAsync(Noted.SampleJson, NpgsqlDbType.Text, cancellation);
            await copy.WriteNullAsync(cancellation);
            await copy.WriteAsync(Guid.CreateVersion7(now), NpgsqlDbType.Uuid, cancellation);
        }

        await copy.CompleteAsync(cancellation);
    }
}
