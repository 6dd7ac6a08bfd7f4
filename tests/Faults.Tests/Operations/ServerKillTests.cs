using NUnit.Framework;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>The servers that everything stands on are killed while customers buy.</summary>
[CancelAfter(1_800_000)]
internal sealed class ServerKillTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task PostgreSQL_killed_under_load_loses_and_doubles_nothing(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("PostgreSQL killed under load loses and doubles nothing").Seeded([1]);
        await using var server = await TestPostgres.StartServerAsync(cancellation);
        await server.CreateDatabaseAsync("market", template: null, cancellation);
        var database = new TestDatabase(server, "market");
        await using var market = await MarketHost.StartAsync([Market.Shop, Market.Counter, Market.Auditor], database, cancellation);
        proof.Holds(await ViolationsAsync(proof, market, database, Campaign.Of(3, 60), server.KillAsync, server.RestartAsync, cancellation));
    }

    [Test]
    public async Task Kafka_killed_under_load_loses_and_doubles_nothing(CancellationToken cancellation)
    {
        await using var broker = await KafkaServer.StartAsync(cancellation);
        if (broker is null)
        {
            Assert.That(KafkaBroker.IsRequired, Is.False, KafkaBroker.HowToGet);
            Assert.Ignore(KafkaBroker.HowToGet);
        }

        using var proof = Proof.Begin("Apache Kafka killed under load loses and doubles nothing").Seeded([1]);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync(
            [Market.Shop, Market.Counter, Market.Auditor], database, cancellation, settings: OverKafka(broker!));
        proof.Holds(await ViolationsAsync(proof, market, database, Campaign.Of(2, 50), broker!.KillAsync, broker.RestartAsync, cancellation));
    }

    internal static Dictionary<string, string> OverKafka(KafkaServer broker) => new()
    {
        ["Log:Adapter"] = "kafka",
        ["Log:Bootstrap"] = broker.Bootstrap,
        ["Log:ReplicationFactor"] = "1",
    };

    private static async Task<IReadOnlyList<string>> ViolationsAsync(
        Proof proof,
        MarketHost market,
        TestDatabase database,
        int kills,
        Func<CancellationToken, Task> kill,
        Func<CancellationToken, Task> restart,
        CancellationToken cancellation)
    {
        var random = new Random(1);
        var down = TimeSpan.Zero;
        await using var traffic = new Traffic(() => market.Shop, seed: 1);
        for (var i = 0; i < kills; i++)
        {
            await traffic.MoreAsync(random.Next(20, 120), cancellation);
            var since = TimeProvider.System.GetTimestamp();
            await kill(cancellation);
            await restart(cancellation);
            down += TimeProvider.System.GetElapsedTime(since);

            // What counts is how soon all services work again once the server takes clients.
            proof.Recovered(await traffic.ArrivesAsync(database, TimeProvider.System.GetTimestamp(), cancellation)).Count("kills", 1);
        }

        await traffic.StopAsync();
        var violations = new List<string>(market.Troubles);
        if (!await Books.CompleteAsync(database, traffic.Sold, Patience, cancellation))
            violations.Add($"Not all {traffic.Sold} sales are audited after {Patience.TotalSeconds:0} s.");
        violations.AddRange(await traffic.LostAsync(database, cancellation));
        violations.AddRange(await Books.CompareAsync(database, cancellation));
        proof.Count("sales", traffic.Sold).Count("seconds down", (long)down.TotalSeconds);
        return violations;
    }
}
