using System.Diagnostics;
using Npgsql;
using Patron.Runtime.EventLog.Postgres;

namespace Patron.Benchmarks.Ledger;

/// <summary>A loyalty service that was behind applies purchases from the log.</summary>
internal sealed class EarnFromLog : IBenchmark
{
    private LedgerPlace? ledger;
    private PostgresEventLog? log;
    private NpgsqlDataSource? database;
    private Guid[] members = [];

    public Figure Figure { get; } = new(
        "ledger.earn", "Purchases of two lines of 20,000 members, read from the PostgreSQL log by a loyalty service that was behind, until all are durable.",
        "purchases/s", Figure.NoPeer, Target.ValueAtLeast(20_000));

    public async Task PrepareAsync(BenchPlace place, CancellationToken cancellation)
    {
        ledger = await LedgerPlace.StartAsync(place, cancellation);
        members = LedgerPlace.Members(place.Of(20_000, least: 50));
        database = NpgsqlDataSource.Create(ledger.Database.ConnectionString);
        log = new PostgresEventLog(database, new PostgresLogOptions { Partitions = LedgerPlace.Partitions });
        await ledger.BuyAsync(members, 2_000, cancellation);
        await ledger.Host.DrainAsync(cancellation);
        await ledger.CloseAsync();
    }

    public async Task<double> MeasureAsync(CancellationToken cancellation)
    {
        // Several purchases of everybody, so that the start of the host does not count for much.
        const int Each = 5;
        await ledger!.BuyAsync(Enumerable.Repeat(members, Each).SelectMany(all => all), 2_000, cancellation, log);
        var before = await CountAsync(cancellation);
        await ledger.OpenAgainAsync(cancellation);
        var watch = Stopwatch.StartNew();
        var (first, all) = (await CountAsync(cancellation), before + (members.Length * Each));
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (await CountAsync(cancellation) < all)
            await pace.WaitForNextTickAsync(cancellation);
        var rate = (all - first) / watch.Elapsed.TotalSeconds;
        await ledger.Host.DrainAsync(cancellation);
        await ledger.CloseAsync();
        return await CountAsync(cancellation) == all
            ? rate
            : throw new InvalidOperationException("A purchase is not in the ledger, or is twice.");
    }

    public Task<double?> MeasurePeerAsync(CancellationToken cancellation) => Task.FromResult<double?>(null);

    public async ValueTask DisposeAsync()
    {
        if (log is not null)
            await log.DisposeAsync();
        if (database is not null)
            await database.DisposeAsync();
        if (ledger is not null)
            await ledger.Database.DisposeAsync();
    }

    /// <summary>Events so far, where heads stand: a purchase is one, of members who have bought before and reach no tier.</summary>
    private async Task<long> CountAsync(CancellationToken cancellation)
    {
        await using var command = database!.CreateCommand("select sum(position)::bigint from loyalty.heads");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
