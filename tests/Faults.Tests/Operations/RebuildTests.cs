using Npgsql;
using NUnit.Framework;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>Views and the log itself are built anew.</summary>
[CancelAfter(1_800_000)]
internal sealed class RebuildTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_view_rebuilt_beside_itself_while_traffic_flows_never_shows_less_and_ends_exact(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("A view rebuilt beside itself while traffic flows never shows less and ends exact").Seeded([1]);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var host = await StartAsync(database, cancellation);
        var board = host.Service(Board.Name);
        await using var traffic = new Traffic(() => host.Service(Market.Shop), seed: 1);
        await LiveAsync(board, 1, cancellation);
        using var enough = new CancellationTokenSource();
        var watching = WatchAsync(board, enough.Token, cancellation);
        for (var i = 0; i < Campaign.Of(3, 60); i++)
        {
            await traffic.MoreAsync(40, cancellation);
            var since = TimeProvider.System.GetTimestamp();
            var generation = await board.RebuildAsync(Board.View, cancellation);
            await LiveAsync(board, generation.Number, cancellation);
            proof.Recovered(TimeProvider.System.GetElapsedTime(since)).Count("rebuilds", 1);
        }

        await traffic.StopAsync();
        await host.DrainAsync(cancellation);
        await enough.CancelAsync();
        var (looks, violations) = await watching;
        violations.AddRange(await Board.DifferencesAsync(database, database, cancellation));
        violations.AddRange(await traffic.LostAsync(database, cancellation));
        proof.Count("sales", traffic.Sold).Count("looks", looks);
        proof.Holds(violations);
    }

    [Test]
    public async Task A_wiped_log_is_filled_again_from_the_stores(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("The log wiped is filled again from the stores; readers skip what they have applied").Seeded([1]);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        proof.Holds(await WipedAsync(
            proof, database, [], Campaign.Of(1, 20), token => Books.RunAsync(database, "drop schema log cascade", token), cancellation));
    }

    [Test]
    public async Task A_wiped_Kafka_is_filled_again_from_the_stores(CancellationToken cancellation)
    {
        await using var broker = await KafkaServer.StartAsync(cancellation);
        if (broker is null)
        {
            Assert.That(KafkaBroker.IsRequired, Is.False, KafkaBroker.HowToGet);
            Assert.Ignore(KafkaBroker.HowToGet);
        }

        using var proof = Proof.Begin("Apache Kafka wiped is filled again from the stores; readers skip what they have applied").Seeded([1]);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        proof.Holds(await WipedAsync(proof, database, ServerKillTests.OverKafka(broker!), Campaign.Of(1, 5), WipeAsync, cancellation));

        async Task WipeAsync(CancellationToken token)
        {
            await broker!.WipeAsync(token);
            await broker.RestartAsync(token);
        }
    }

    private static async Task<IReadOnlyList<string>> WipedAsync(
        Proof proof, TestDatabase database, Dictionary<string, string> settings, int wipes, Func<CancellationToken, Task> wipe, CancellationToken cancellation)
    {
        var sold = 0;
        for (var round = 0; round <= wipes; round++)
        {
            if (round > 0)
            {
                await wipe(cancellation);
                proof.Count("wipes", 1);
            }

            await using var host = await StartAsync(database, cancellation, settings);
            await using var traffic = new Traffic(() => host.Service(Market.Shop), seed: round, firstAmount: 1000 + (round * 100_000));
            await traffic.MoreAsync(200, cancellation);
            await traffic.StopAsync();
            sold += traffic.Sold;
            if (!await Books.CompleteAsync(database, sold, Patience, cancellation))
                return [$"Not all {sold} sales are audited {Patience.TotalSeconds:0} s after the log was wiped: {string.Join(' ', Troubles(host))}"];
            await host.DrainAsync(cancellation);
            if (await Board.DifferencesAsync(database, database, cancellation) is { Count: > 0 } differences)
                return differences;
        }

        proof.Count("sales", sold);
        return await Books.CompareAsync(database, cancellation);
    }

    private static IEnumerable<string> Troubles(TestHost host) =>
        new[] { Market.Shop, Market.Counter, Market.Auditor, Board.Name }.SelectMany(s => host.Service(s).Troubles);

    private static async Task LiveAsync(ServiceRuntime board, int generation, CancellationToken cancellation)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (await board.GenerationsAsync(Board.View, cancellation) is not [{ State: GenerationState.Live } live] || live.Number != generation)
        {
            if (TimeProvider.System.GetElapsedTime(began) > Patience)
                throw new TimeoutException($"Generation {generation} is not the only one after {Patience.TotalSeconds:0} s.");
            await Task.Delay(10, cancellation);
        }
    }

    private static async Task<(int Looks, List<string> Violations)> WatchAsync(
        ServiceRuntime board, CancellationToken enough, CancellationToken cancellation)
    {
        var violations = new List<string>();
        var looks = 0;
        for (var seen = 0L; !enough.IsCancellationRequested; looks++)
        {
            await using var command = board.Database.CreateCommand("select count(*) from shown");
            var now = (long)(await command.ExecuteScalarAsync(cancellation))!;
            if (now < seen)
                violations.Add($"The view went back from {seen} rows to {now}.");
            seen = now;
            await Task.Delay(10, cancellation);
        }

        return (looks, violations);
    }

    private static Task<TestHost> StartAsync(
        TestDatabase database, CancellationToken cancellation, Dictionary<string, string>? settings = null) => TestHost.StartAsync(
        builder =>
        {
            foreach (var service in new[] { Market.Shop, Market.Counter, Market.Auditor })
                Market.Add(builder, service);
            Board.Add(builder);
        },
        _ => { },
        cancellation,
        database,
        settings);
}
