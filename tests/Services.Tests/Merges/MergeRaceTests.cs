using System.Net;
using Google.Protobuf;
using NUnit.Framework;
using Patron.Contracts;
using Patron.Loyalty;
using Patron.Testing;
using static Patron.Services.Tests.Merges.LedgerMergeTests;

namespace Patron.Services.Tests.Merges;

/// <summary>A till spends points in the very moment in which their customers are merged, or split.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(120_000)]
internal sealed class MergeRaceTests
{
    private const int Annas = 200;
    private const int Annes = 300;
    private const int Each = 100;

    [Test]
    public async Task Spending_that_races_a_merge_and_its_undoing_neither_loses_nor_doubles_a_point(CancellationToken cancellation)
    {
        await using var host = await StartAsync(cancellation);
        await RaceAsync([host], seeds: 40, cancellation);
        Assert.That(await host.Service("loyalty").ParkedAsync(null, 10, cancellation), Is.Empty);
    }

    [Test]
    public async Task Nor_does_it_over_two_instances_each_of_which_reads_some_of_the_partitions(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var one = await StartAsync(cancellation, database);
        await using var other = await StartAsync(cancellation, database);
        Assert.That(async () => await OwnersAsync(one, cancellation), Is.EqualTo(2L).After(30_000, 20));
        await RaceAsync([one, other], seeds: 25, cancellation);
        Assert.That(await one.Service("loyalty").ParkedAsync(null, 10, cancellation), Is.Empty);
    }

    private static async Task RaceAsync(TestHost[] hosts, int seeds, CancellationToken cancellation)
    {
        var writer = new FactWriter();
        for (var seed = 1; seed <= seeds; seed++)
        {
            var random = new Random(seed);
            var (anna, anne) = PairIn(hosts[0], random.Next(3) == 0);
            await writer.TellAsync(hosts[0], People.Buys(anna, seed * 10, Annas * 100), People.Buys(anne, (seed * 10) + 1, Annes * 100));
            AwaitBalance(hosts[0], anna, Annas, cancellation);
            AwaitBalance(hosts[0], anne, Annes, cancellation);

            var spends = Enumerable.Range(0, 8)
                .Select(i => (Key: $"{seed}-{i}", Customer: random.Next(2) == 0 ? anna : anne, Host: hosts[random.Next(hosts.Length)])).ToList();
            var merging = TellSlowlyAsync(writer, hosts[0], [.. People.Merge(anne, anna, 1).OrderBy(_ => random.Next())], random.Next(4), cancellation);
            var answers = await Task.WhenAll(spends.Select(s => RedeemAsync(s.Host, s.Customer, s.Key, Each, cancellation)));
            await merging;
            AwaitRoot(hosts[0], anne, anna, cancellation);

            var spent = answers.Count(answer => answer == HttpStatusCode.OK) * Each;
            Assert.That(answers, Is.All.EqualTo(HttpStatusCode.OK).Or.EqualTo(HttpStatusCode.Conflict), $"seed {seed}");
            Assert.That(await BalanceAsync(hosts[0], anna, cancellation), Is.EqualTo(Annas + Annes - spent), $"seed {seed}");
            var again = await Task.WhenAll(
                spends.Where((_, i) => answers[i] == HttpStatusCode.OK).Select(s => RedeemAsync(s.Host, s.Customer, s.Key, Each, cancellation)));
            Assert.That(again, Is.All.EqualTo(HttpStatusCode.OK), $"seed {seed}: a till that asks again is answered as the first time");
            Assert.That(await BalanceAsync(hosts[^1], anne, cancellation), Is.EqualTo(Annas + Annes - spent), $"seed {seed}");

            var splitting = TellSlowlyAsync(writer, hosts[0], [.. People.Split(anne, anna, 2)], random.Next(4), cancellation);
            var late = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => RedeemAsync(
                hosts[i % hosts.Length], i % 2 == 0 ? anna : anne, $"{seed}-late-{i}", Each, cancellation)));
            await splitting;
            AwaitRoot(hosts[0], anne, anne, cancellation);
            spent += late.Count(answer => answer == HttpStatusCode.OK) * Each;
            Assert.That(
                await BalanceAsync(hosts[0], anna, cancellation) + await BalanceAsync(hosts[0], anne, cancellation),
                Is.EqualTo(Annas + Annes - spent), $"seed {seed}");
        }
    }

    private static async Task TellSlowlyAsync(
        FactWriter writer, TestHost host, IReadOnlyList<(Guid, IMessage)> facts, int yields, CancellationToken cancellation)
    {
        for (var i = 0; i < yields; i++)
            await host.GetAsync("/v1/loyalty/figures", cancellation);
        foreach (var fact in facts)
            await writer.WriteAsync(host, Topics.Profile, [fact]);
    }

    private static async Task<long> BalanceAsync(TestHost host, Guid customer, CancellationToken cancellation) =>
        (long)(await LedgerAsync(host, customer, cancellation))["balance"]!;

    private static void AwaitBalance(TestHost host, Guid customer, long balance, CancellationToken cancellation) => Assert.That(
        async () => (await host.Service("loyalty").StateAsync(Ledger.Kind, customer, cancellation))?.Balance, Is.EqualTo(balance).After(20_000, 5));

    private static void AwaitRoot(TestHost host, Guid customer, Guid root, CancellationToken cancellation) =>
        Assert.That(async () => await host.Service("loyalty").RootAsync(customer, cancellation), Is.EqualTo(root).After(20_000, 5));

    private static async Task<long> OwnersAsync(TestHost host, CancellationToken cancellation)
    {
        await using var command = host.Service("loyalty").Database.CreateCommand("select count(distinct owner) from leases");
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }
}
