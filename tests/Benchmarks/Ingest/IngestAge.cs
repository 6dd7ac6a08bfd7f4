using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;

namespace Patron.Benchmarks.Ingest;

/// <summary>
/// How old a purchase is when the last service has acted on it. Each call carries one purchase of somebody new, whose ledger, tags,
/// segments and journey are waited for; nobody new counts as done before all four are durable.
/// </summary>
internal sealed class IngestAge : IBenchmark
{
    private const int CustomersFull = 10_000;
    private const int CallsPerSecond = 25;
    private const double PurchasesPerSecondAimed = 5_000;

    private IngestPlace? ingest;
    private NpgsqlDataSource? database;
    private TimeSpan round;
    private int customers;
    private int newcomers;

    public Figure Figure { get; } = new(
        "ingest.age.p99",
        "From the HTTP door until ledger, tags, segments and journey of a new customer are durable, at 2,500 purchases/s: half of what ingest.end_to_end asks.",
        "s",
        Figure.NoPeer,
        Target.ValueAtMost(1));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        (customers, newcomers) = (place.Of(CustomersFull, least: 20), place.Of(CustomersFull, least: 20));
        round = TimeSpan.FromMilliseconds(place.Of(10_000, least: 400));
        ingest = await IngestPlace.StartAsync(place, cancellation);
        database = NpgsqlDataSource.Create(ingest.Database.ConnectionString);
        await ingest.SendAsync(ingest.Calls(customers, 500, i => i), 4, cancellation);
        await ingest.DrainAsync(cancellation);
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        var perCall = (int)(PurchasesPerSecondAimed / 2 / CallsPerSecond);
        var calls = Enumerable.Range(0, (int)(round.TotalSeconds * CallsPerSecond))
            .Select(call => ingest!.Calls(perCall, perCall, i => i == 0 ? newcomers++ : ((call * perCall) + i) % customers)[0]).ToList();
        var waiting = new ConcurrentDictionary<Guid, long>();
        var ages = new List<double>();
        using var sent = new CancellationTokenSource();
        var looking = LookAsync(waiting, ages, sent.Token, cancellation);

        // At a fixed rate, whatever the answers take: else a slow system would be asked less.
        using var pace = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / CallsPerSecond));
        var sending = new List<Task>();
        foreach (var call in calls)
        {
            await pace.WaitForNextTickAsync(cancellation);
            sending.Add(SendAsync(call, waiting, cancellation));
        }

        await Task.WhenAll(sending);
        await sent.CancelAsync();
        await looking;
        ages.Sort();
        return ages[(int)Math.Ceiling(ages.Count * 0.99) - 1];
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (database is not null)
            await database.DisposeAsync();
        if (ingest is not null)
            await ingest.DisposeAsync();
    }

    private async Task SendAsync(byte[] call, ConcurrentDictionary<Guid, long> waiting, CancellationToken cancellation)
    {
        var at = Stopwatch.GetTimestamp();
        waiting[(await ingest!.SendAsync(call, cancellation))[0]] = at;
    }

    private async Task LookAsync(
        ConcurrentDictionary<Guid, long> waiting, List<double> ages, CancellationToken allSent, CancellationToken cancellation)
    {
        while (!allSent.IsCancellationRequested || !waiting.IsEmpty)
        {
            await using var command = database!.CreateCommand(
                """
                select stream from loyalty.streams where stream = any($1) intersect select stream from tagging.streams where stream = any($1)
                intersect select stream from segmentation.streams where stream = any($1) intersect select stream from journey.streams where stream = any($1)
                """);
            command.Parameters.Add(new NpgsqlParameter<Guid[]> { TypedValue = [.. waiting.Keys] });
            await using var row = await command.ExecuteReaderAsync(cancellation);
            while (await row.ReadAsync(cancellation))
            {
                if (waiting.TryRemove(row.GetGuid(0), out var at))
                    ages.Add(Stopwatch.GetElapsedTime(at).TotalSeconds);
            }

            await Task.Delay(10, cancellation);
        }
    }
}
