using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty;

/// <summary>A till and the eShop reserve the same last points in the same moment, on a real store.</summary>
[CancelAfter(240_000)]
internal sealed class ReservationRaceTests
{
    private const int Points = 100;

    [Test]
    public async Task Of_100_000_races_for_the_same_points_exactly_one_wins_each(CancellationToken cancellation)
    {
        await using var till = await Till.OpenAsync(cancellation, new Dictionary<string, string> { ["Runtime:Lanes"] = "4" });
        var runtime = till.Host.Service("loyalty");
        await RaceAsync(till, runtime, runtime, customers: 2_500, rounds: 40, cancellation);
    }

    [Test]
    public async Task So_it_is_when_the_till_and_the_shop_ask_different_instances(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var till = new Till(await StartAsync(database, cancellation));
        await using var other = await StartAsync(database, cancellation);
        await RaceAsync(till, till.Host.Service("loyalty"), other.Service("loyalty"), customers: 500, rounds: 10, cancellation);
    }

    private static Task<TestHost> StartAsync(TestDatabase database, CancellationToken cancellation) =>
        TestHost.StartAsync(builder => builder.AddLoyalty(), app => app.MapLoyalty(), cancellation, database);

    private static async Task RaceAsync(Till till, ServiceRuntime pos, ServiceRuntime eshop, int customers, int rounds, CancellationToken cancellation)
    {
        var everybody = Enumerable.Range(0, customers).Select(_ => Till.NewCustomer()).ToList();
        var programme = LedgerStories.Demo;
        var bought = await pos.ExecuteAsync(
            [.. everybody.Select((customer, i) => RecordPurchase.Command(customer, Purchase(i), programme, TestHost.Start))], cancellation);
        Assert.That(bought.Count(result => result.Accepted), Is.EqualTo(customers));
        var random = new Random(7);
        for (var round = 0; round < rounds; round++)
        {
            var asked = round;
            var order = everybody.OrderBy(_ => random.Next()).ToList();
            var (first, second) = (
                pos.ExecuteAsync([.. everybody.Select(customer => Reserve(customer, $"pos-{asked}"))], cancellation),
                eshop.ExecuteAsync([.. order.Select(customer => Reserve(customer, $"eshop-{asked}"))], cancellation));
            var won = everybody.Zip(await first).Concat(order.Zip(await second)).Where(answer => answer.Second.Accepted).ToList();
            Assert.That(won, Has.Count.EqualTo(customers), $"round {round}");
            Assert.That(won.Select(answer => answer.First).Distinct().Count(), Is.EqualTo(customers), $"round {round}: one each");
            Assert.That(
                (await first).Concat(await second).Where(result => !result.Accepted).Select(result => result.Refusal),
                Is.All.EqualTo(new NotEnoughPoints(Available: 0, Requested: Points)));

            // The last round's are spent; after the others the points are there again.
            var ends = won.Select(answer => ((PointsReserved)answer.Second.Events[0].Event, answer.First)).Select(hold => asked == rounds - 1
                ? ConfirmHold.Command(hold.First, hold.Item1.Hold, null, TestHost.Start)
                : ReleaseHold.Cancel(hold.First, hold.Item1.Hold, TestHost.Start));
            var ended = await (random.Next(2) == 0 ? pos : eshop).ExecuteAsync([.. ends], cancellation);
            Assert.That(ended.Count(result => result.Accepted), Is.EqualTo(customers), $"round {round}");
        }

        var figures = (await till.GetAsync("/v1/loyalty/figures", cancellation)).AsArray().ToDictionary(f => (string)f!["name"]!, f => (long)f!["value"]!);
        Assert.That((figures["points redeemed"], figures["points outstanding"]), Is.EqualTo((customers * (long)Points, 0L)), "nothing was spent twice");
    }

    private static Command Reserve(Guid customer, string key) => ReservePoints.Command(
        customer, new(ReservePoints.IdFor(customer, key), Points, "voucher", ReservePoints.SecondsUsual), TestHost.Start);

    private static Purchase Purchase(int number) =>
        new(LedgerStories.Receipt(number + 1), TestHost.Start, "GBP", [LedgerStories.Line("MUG", 1, Points * 100)], []);
}
