using Patron.Runtime.EventLog;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>What one customer's records may do to others, and what timers do.</summary>
internal static class CustomerProofs
{
    private static readonly string[] All = [Market.Shop, Market.Counter, Market.Auditor];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>One record of two customers cannot be applied, by the handler and by the database: theirs wait, in order, and nobody else's.</summary>
    public static async Task<IReadOnlyList<string>> PoisonAsync(int seed, Proof proof, CancellationToken cancellation)
    {
        const int Rounds = 8;
        var random = new Random(seed);
        var (unreadable, refused) = (MarketHost.Buyers[random.Next(12)], MarketHost.Buyers[12 + random.Next(12)]);
        var poisoned = random.Next(1, Rounds - 1);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync(All, database, cancellation);
        for (var round = 0; round < Rounds; round++)
        {
            await market.Shop.ExecuteAsync(
                [.. MarketHost.Buyers.Select(buyer => Market.Sell(buyer, round != poisoned ? 1000 + round
                    : buyer == unreadable ? Market.Unreadable : buyer == refused ? Market.RefusedToCounter : 1000 + round))],
                cancellation);
        }

        var settled = await market.SettledAsync(Patience, cancellation);
        var expected = string.Join(',', Enumerable.Range(0, poisoned).Select(round => 1000 + round));
        var sick = $"'{unreadable}', '{refused}'";
        proof.Count("poison records", 2).Count("sales", MarketHost.Buyers.Count * Rounds);
        return
        [
            .. settled,
            .. (await Books.CompareAsync(database, cancellation)).Where(s => !s.Contains($"{unreadable}", StringComparison.Ordinal)
                && !s.Contains($"{refused}", StringComparison.Ordinal)),
            .. await Books.SentencesAsync(
                database,
                $"""
                select 'customer ' || s.customer || ' is counted up to ' || coalesce(string_agg(e.data::json->>'Amount', ',' order by e.version), 'nothing')
                  || ' where the poison came after {expected}'
                from unnest(array[{sick}]::uuid[]) s (customer)
                left join counter.events e on e.customer = s.customer and e.type = 'market.counted.v1' group by s.customer
                having coalesce(string_agg(e.data::json->>'Amount', ',' order by e.version), '') <> '{expected}'
                union all
                select 'customer ' || s.customer || ' has ' || count(p.id) || ' records parked instead of {Rounds - poisoned}'
                from unnest(array[{sick}]::uuid[]) s (customer) left join counter.parked p using (customer) group by s.customer
                having count(p.id) <> {Rounds - poisoned}
                union all
                select 'customer ' || customer || ' is parked and well' from counter.parked where customer not in ({sick})
                """,
                cancellation),
        ];
    }

    /// <summary>A bug that no customer's record survives: the partition stops after the few that may be parked.</summary>
    public static async Task<IReadOnlyList<string>> ManyParkedAsync(Proof proof, CancellationToken cancellation)
    {
        const int NewlyParkedMax = 3;
        var settings = new Dictionary<string, string>
        {
            ["Runtime:Partitions"] = "1",
            ["Runtime:NewlyParkedMax"] = $"{NewlyParkedMax}",
        };
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync([Market.Shop, Market.Counter], database, cancellation, settings: settings);
        foreach (var buyer in MarketHost.Buyers)
        {
            await market.SellAsync(buyer, Market.Unreadable, cancellation);
            await market.SettledAsync(Patience, cancellation);
        }

        var stopped = await market.SettledAsync(Patience, cancellation);
        proof.Count("poison records", MarketHost.Buyers.Count);
        return
        [
            .. stopped.Any(s => s.Contains("that is a bug, not a record", StringComparison.Ordinal))
                ? Array.Empty<string>() : [$"The partition did not stop: {string.Join(' ', stopped)}"],
            .. await Books.SentencesAsync(
                database,
                $"""
                select 'The partition stopped with ' || count(distinct customer) || ' customers parked instead of {NewlyParkedMax + 1}' from counter.parked
                having count(distinct customer) <> {NewlyParkedMax + 1}
                """,
                cancellation),
        ];
    }

    /// <summary>Business time jumps from timer to timer: each fires once, at its time, after its cause, and not when it was set anew meanwhile.</summary>
    public static async Task<IReadOnlyList<string>> TimersAsync(int seed, Proof proof, CancellationToken cancellation)
    {
        var random = new Random(seed);
        var settleAfter = TimeSpan.FromHours(20);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync(All, database, cancellation, settleAfter: settleAfter);
        var violations = new List<string>();
        for (var day = 0; day < 4 && violations.Count == 0; day++)
        {
            await market.SellAsync(random, 20, cancellation);
            violations.AddRange(await market.SettledAsync(Patience, cancellation));
            foreach (var until in new[] { settleAfter - TimeSpan.FromMinutes(1), settleAfter })
            {
                market.Host.Clock.AdvanceTo(TestHost.Start.AddDays(day) + until);
                violations.AddRange(await market.SettledAsync(TimeSpan.FromSeconds(5), cancellation));
                violations.AddRange(await Books.SentencesAsync(
                    database,
                    $"""
                    select 'customer ' || customer || ' was settled ' || coalesce(time - counted, '0') || ' after the last count instead of {settleAfter}'
                    from (
                      select customer, type, time, max(time) filter (where type = 'market.counted.v1')
                        over (partition by stream order by version) as counted from counter.events) e
                    where type = 'market.settled.v1' and time - counted is distinct from '{settleAfter}'::interval
                    """,
                    cancellation));
            }

            market.Host.Clock.AdvanceTo(TestHost.Start.AddDays(day + 1));
        }

        proof.Count("sales", market.Sold);
        return violations.Count > 0 ? violations : await Books.CompareAsync(database, cancellation);
    }

    /// <summary>Timers that are due at once race with the facts that set them anew, in the same transactions.</summary>
    public static async Task<IReadOnlyList<string>> TimersSetAnewAsync(int seed, Proof proof, CancellationToken cancellation)
    {
        var random = new Random(seed);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync(All, database, cancellation);
        for (var i = 0; i < 40; i++)
        {
            market.Host.Clock.AdvanceTo(TestHost.Start.AddSeconds(i + 1));
            await market.SellAsync(random, 20, cancellation);
        }

        proof.Count("sales", market.Sold);
        return [.. await market.SettledAsync(Patience, cancellation), .. await Books.CompareAsync(database, cancellation)];
    }
}
