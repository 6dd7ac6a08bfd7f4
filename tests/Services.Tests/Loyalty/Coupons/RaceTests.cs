using NUnit.Framework;
using Patron.Loyalty;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Services.Tests.Loyalty.Coupons;

/// <summary>POS, eShop and two instances race for the same codes over a real PostgreSQL: of each code exactly one use comes about.</summary>
internal sealed class RaceTests
{
    private const int Races = 25_000;
    private const int Racers = 4;
    private static readonly Campaign Spring = new(
        "spring", new Dictionary<string, string> { ["en"] = "Spring" }, new(BenefitKind.Percentage, BasisPoints: 1_000), Goods.All, Conditions.None,
        CouponStacking.Free, null, null, 0, 0, 15, LatePolicy.FirstWins);

    [Test]
    [CancelAfter(240_000)]
    public async Task Of_a_hundred_thousand_tries_for_a_quarter_as_many_codes_exactly_one_each_wins(CancellationToken cancellation)
    {
        await using var place = await CouponPlace.StartAsync(cancellation);
        var runtime = place.Host.Service(Module.Name);
        var tries = new List<Command>();
        for (var racer = 0; racer < Racers; racer++)
        {
            for (var race = 0; race < Races; race++)
                tries.Add(Try(race, $"{race}/{racer}"));
        }

        // All tries for one code are under way at once: each lane gets them in the order of the racers, a chunk of codes at a time.
        var won = new int[Races];
        const int chunk = 1_000;
        for (var from = 0; from < Races; from += chunk)
        {
            var racing = Enumerable.Range(0, Racers).Select(racer => runtime.ExecuteAsync(
                tries.GetRange((racer * Races) + from, chunk), cancellation)).ToList();
            foreach (var results in await Task.WhenAll(racing))
            {
                foreach (var (index, result) in results.Index())
                    won[from + index] += result.Events.Count;
            }
        }

        Assert.That(won, Is.All.EqualTo(1));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Two_instances_that_race_for_the_same_codes_and_customers_give_each_code_once(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var one = await CouponPlace.StartAsync(cancellation, database);
        await using var two = await CouponPlace.StartAsync(cancellation, database);
        var instances = new[] { one.Host.Service(Module.Name), two.Host.Service(Module.Name) };
        var members = Enumerable.Range(0, 50).Select(_ => CouponPlace.NewCustomer()).ToList();
        const int codes = 600;
        var racing = instances.SelectMany((instance, which) => Enumerable.Range(0, codes).Chunk(60).Select(some => instance.ExecuteTogetherAsync(
            [.. some.Select(code => Together(code, members[(code + which) % members.Count], $"{which}/{code}"))], cancellation))).ToList();
        var wins = (await Task.WhenAll(racing)).SelectMany(units => units).Where(unit => unit[0].Accepted)
            .CountBy(unit => unit[0].Events[0].Stream).ToDictionary();
        Assert.That(wins, Has.Count.EqualTo(codes));
        Assert.That(wins.Values, Is.All.EqualTo(1));

        // What the winner's wallet says is what the code says, and the loser's says nothing.
        var told = await place(one).CountAsync(cancellation);
        Assert.That(told, Is.EqualTo((codes, codes)));

        static EventCounts place(CouponPlace at) => new(at.Host.Service(Module.Name));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task A_limited_public_code_is_never_used_more_often_than_its_total(CancellationToken cancellation)
    {
        await using var place = await CouponPlace.StartAsync(cancellation);
        await place.DefineAsync("poster", CouponPlace.TenPercent(), cancellation);
        await place.SendAsync(
            HttpMethod.Put, "/v1/loyalty/campaigns/poster/codes/RUN500", new { totalMax = 500 }, System.Net.HttpStatusCode.OK, cancellation);
        var used = 0;
        var manyAtOnce = new ParallelOptions { MaxDegreeOfParallelism = 16, CancellationToken = cancellation };
        await Parallel.ForEachAsync(Enumerable.Range(0, 900), manyAtOnce, async (number, token) =>
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/v1/loyalty/coupons/redemptions", UriKind.Relative));
            request.Content = System.Net.Http.Json.JsonContent.Create(new { code = "RUN500" });
            request.Headers.Add("Idempotency-Key", $"run-{number}");
            using var answer = await place.Host.Http.SendAsync(request, token);
            if (answer.IsSuccessStatusCode)
                Interlocked.Increment(ref used);
        });
        Assert.That(used, Is.EqualTo(500));
    }

    private static Command Try(int race, string by) => Coupon.Command(Life(race), life => UseCoupon.Redeem(life, Ask(null, by)));

    private static IReadOnlyList<Command> Together(int race, Guid member, string by) =>
    [
        Try(race, by), Wallet.Command(member, (wallet, origin) => UseCoupon.Redeem(wallet, Life(race).Id, loose: true, Ask(member, by), origin)),
    ];

    private static UseAsk Ask(Guid? member, string by) => new(Spring, 1, member, CouponUse.Unknown, by, "test", TestHost.Start);

    private static CouponLife Life(int race) => CouponLife.Fresh(Coupon.IdOf(new(0, race)), Spring.Id, 1, null, null);

    /// <summary>Uses as the codes' own streams tell them, and as the wallets do.</summary>
    private sealed class EventCounts(ServiceRuntime runtime)
    {
        public async Task<(int Codes, int Wallets)> CountAsync(CancellationToken cancellation)
        {
            await using var command = runtime.Database.CreateCommand(
                """
                select count(*) filter (where stream = customer)::int, count(*) filter (where stream <> customer)::int
                from events where type = 'loyalty.coupon-redeemed.v1'
                """);
            await using var row = await command.ExecuteReaderAsync(cancellation);
            await row.ReadAsync(cancellation);
            return (row.GetInt32(0), row.GetInt32(1));
        }
    }
}
