using System.Diagnostics;
using Npgsql;
using NpgsqlTypes;

namespace Patron.Benchmarks.Store;

/// <summary>The least that a durable event costs without gathering: one prepared single-row INSERT and one commit, on 32 connections.</summary>
internal sealed class InsertPeer : IAppendPeer
{
    private const int Connections = 32;

    private NotebookService? service;
    private NpgsqlDataSource? database;
    private int rows;

    public async Task PrepareAsync(BenchPlace place, NotebookService service, CancellationToken cancellation)
    {
        this.service = service;
        database = NpgsqlDataSource.Create(service.Database.ConnectionString + ";Search Path=" + NotebookService.Name);
        await using var create = database.CreateCommand("create table inserted (like events including all)");
        await create.ExecuteNonQueryAsync(cancellation);
    }

    public async Task<double> RunAsync(TimeSpan duration, CancellationToken cancellation)
    {
        var before = rows;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, Connections).Select(async _ =>
        {
            await Task.Yield();
            await InsertAsync(watch, duration, cancellation);
        }));
        return (rows - before) / watch.Elapsed.TotalSeconds;
    }

    public ValueTask DisposeAsync() => database?.DisposeAsync() ?? default;

    private async Task InsertAsync(Stopwatch watch, TimeSpan duration, CancellationToken cancellation)
    {
        var values = new
        {
            Partition = new NpgsqlParameter<short>(),
            Position = new NpgsqlParameter<long>(),
            Stream = new NpgsqlParameter<Guid>(),
            Version = new NpgsqlParameter<int>(),
            Time = new NpgsqlParameter<DateTime> { NpgsqlDbType = NpgsqlDbType.TimestampTz },
            Key = new NpgsqlParameter<Guid>(),
        };
        await using var connection = await database!.OpenConnectionAsync(cancellation);
        await using var insert = new NpgsqlCommand(
            "insert into inserted (partition, position, stream, customer, version, type, time, data, key) values ($1, $2, $3, $3, $4, $5, $6, $7, $8)",
            connection);
        insert.Parameters.AddRange(new NpgsqlParameter[]
        {
            values.Partition, values.Position, values.Stream, values.Version, new NpgsqlParameter<string> { TypedValue = "bench.noted.v1" }, values.Time,
            new NpgsqlParameter<string> { TypedValue = Noted.SampleJson }, values.Key,
        });
        await insert.PrepareAsync(cancellation);
        while (watch.Elapsed < duration)
        {
            var row = Interlocked.Increment(ref rows);
            var (customer, now) = (service!.Customer(row), TimeProvider.System.GetUtcNow());
            (values.Partition.TypedValue, values.Position.TypedValue) = ((short)NotebookService.PartitionOf(customer), row);
            (values.Stream.TypedValue, values.Version.TypedValue) = (customer, row / service.Customers);
            (values.Time.TypedValue, values.Key.TypedValue) = (now.UtcDateTime, Guid.CreateVersion7(now));
            await insert.ExecuteNonQueryAsync(cancellation);
        }
    }
}
