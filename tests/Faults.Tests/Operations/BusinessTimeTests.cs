using System.Globalization;
using NUnit.Framework;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>Business time leaps while customers buy: what is system time must not notice, and what waits for business time must not come early.</summary>
[CancelAfter(900_000)]
internal sealed class BusinessTimeTests
{
    private static readonly TimeSpan Week = TimeSpan.FromDays(7);
    private static readonly TimeSpan SettleAfter = TimeSpan.FromDays(3);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Test]
    public async Task A_leap_of_a_week_costs_no_lease_and_fires_no_timer_before_its_cause(CancellationToken cancellation)
    {
        using var proof = Proof.Begin("Business time leaps a week: no lease is lost, no timer fires before its cause").Seeded([1]);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var host = await TestHost.StartAsync(
            builder =>
            {
                Market.Add(builder, Market.Shop);
                Market.Add(builder, Market.Auditor);
                builder.AddPatronService(Market.Counter, _ => Market.CounterDefinition(SettleAfter));
            },
            _ => { },
            cancellation,
            database,
            new Dictionary<string, string> { ["Runtime:LeaseDuration"] = "00:00:03" });
        var owners = await OwnersAsync(database, cancellation);
        await using var traffic = new Traffic(() => host.Service(Market.Shop), seed: 1);
        var random = new Random(1);
        for (var leap = 0; leap < Campaign.Of(3, 100); leap++)
        {
            await traffic.MoreAsync(random.Next(20, 60), cancellation);
            host.Clock.AdvanceTo(host.Clock.GetUtcNow() + Week);
            proof.Count("leaps", 1);
        }

        await traffic.MoreAsync(50, cancellation);
        await traffic.StopAsync();
        await host.DrainAsync(cancellation);
        host.Clock.AdvanceTo(host.Clock.GetUtcNow() + Week);
        var violations = new List<string>();
        if (!await Books.CompleteAsync(database, traffic.Sold, Patience, cancellation))
            violations.Add($"Not all {traffic.Sold} sales are audited and settled after {Patience.TotalSeconds:0} s.");
        await host.DrainAsync(cancellation);
        violations.AddRange(owners.Except(await OwnersAsync(database, cancellation)).Select(o => $"{o} was lost."));
        violations.AddRange(await traffic.LostAsync(database, cancellation));
        violations.AddRange(await Books.CompareAsync(database, cancellation));
        violations.AddRange(await EarlyAsync(database, cancellation));
        proof.Count("sales", traffic.Sold).Count("timers fired", await SettledAsync(database, cancellation));
        proof.Holds(violations);
    }

    private static Task<IReadOnlyList<string>> OwnersAsync(TestDatabase database, CancellationToken cancellation) => Books.SentencesAsync(
        database,
        string.Join(" union all ", new[] { Market.Shop, Market.Counter, Market.Auditor }.Select(s =>
            $"select '{s}: lease ' || epoch || ' of partition ' || partition || ' by ' || owner from {s}.leases")),
        cancellation);

    /// <summary>A count sets the timer anew, so what settles is never nearer than that to the count before it.</summary>
    private static Task<IReadOnlyList<string>> EarlyAsync(TestDatabase database, CancellationToken cancellation) => Books.SentencesAsync(
        database,
        $"""
        select 'customer ' || customer || ': settled at ' || time || ' what was counted at ' || coalesce(counted::text, 'no time') from (
          select customer, type, time, lag(time) over (partition by stream order by version) as counted from counter.events) e
        where type = 'market.settled.v1'
          and (counted is null or time < counted + interval '{SettleAfter.TotalDays.ToString(CultureInfo.InvariantCulture)} days')
        """,
        cancellation);

    private static async Task<int> SettledAsync(TestDatabase database, CancellationToken cancellation) =>
        (await Books.SentencesAsync(database, "select 'x' from counter.events where type = 'market.settled.v1'", cancellation)).Count;
}
