using Npgsql;
using NUnit.Framework;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>Several instances of the same services share the partitions; whoever loses one cannot commit for it any more.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class OwnershipTests
{
    private const int Partitions = 8;

    [Test]
    public async Task Two_instances_share_and_the_one_that_stays_takes_over_before_a_lease_could_expire(CancellationToken cancellation)
    {
        var lease = TimeSpan.FromSeconds(6);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var stays = await StartAsync(database, lease, cancellation);
        var leaves = await StartAsync(database, lease, cancellation);
        Assert.That(async () => await SharesAsync(stays, cancellation), Is.EqualTo(new[] { Partitions / 2, Partitions / 2 }).After(20_000, 20));

        await leaves.DisposeAsync();

        Assert.That(async () => await SharesAsync(stays, cancellation), Is.EqualTo(new[] { Partitions }).After((int)lease.TotalMilliseconds - 2_000, 20));
    }

    [Test]
    public async Task An_instance_that_was_cut_off_goes_on_but_none_of_its_commits_counts(CancellationToken cancellation)
    {
        // The lease is so long that the first instance learns of its loss only by being refused.
        var lease = TimeSpan.FromMinutes(5);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var zombie = await StartAsync(database, lease, cancellation);
        var customers = Enumerable.Range(0, 40).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();
        await SellAsync(zombie, customers, 1, cancellation);
        await zombie.DrainAsync(cancellation);

        await CutOffAsync(database, cancellation);
        await using var owner = await StartAsync(database, lease, cancellation);
        for (var round = 2; round <= 20; round++)
            await SellAsync(round % 2 == 0 ? zombie : owner, customers, round, cancellation);

        Assert.That(async () => await CountedAsync(owner, customers, cancellation), Is.EqualTo(customers.Count * 20).After(20_000, 20));
        await zombie.DrainAsync(cancellation);
        await owner.DrainAsync(cancellation);
        await CheckAsync(owner, customers, [.. Enumerable.Range(1, 20)], cancellation);
        Assert.That(await EpochsAsync(owner, cancellation), Is.EqualTo(new[] { 2L }), "the second instance owns all and nobody took anything back");
    }

    [Test]
    public async Task Partitions_move_while_commands_flow_and_the_count_is_exact(CancellationToken cancellation)
    {
        const int Rounds = 150;
        var lease = TimeSpan.FromSeconds(1);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var stays = await StartAsync(database, lease, cancellation);
        var customers = Enumerable.Range(0, 20).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();

        async Task MoveAsync()
        {
            for (var i = 0; i < 3; i++)
            {
                await using (await StartAsync(database, lease, cancellation))
                    Assert.That(async () => (await SharesAsync(stays, cancellation)).Length, Is.EqualTo(2).After(20_000, 20));
                await CutOffAsync(database, cancellation);
            }
        }

        var moving = MoveAsync();
        var round = 0;
        while (round < Rounds || !moving.IsCompleted)
            await SellAsync(stays, customers, ++round % 1000, cancellation);
        await moving;

        Assert.That(async () => await CountedAsync(stays, customers, cancellation), Is.EqualTo(customers.Count * round).After(20_000, 20));
        await stays.DrainAsync(cancellation);
        await CheckAsync(stays, customers, [.. Enumerable.Range(1, round).Select(r => r % 1000)], cancellation);
    }

    private static async Task SellAsync(TestHost host, IReadOnlyList<Guid> customers, int amount, CancellationToken cancellation) =>
        await host.Service("shop").ExecuteAsync([.. customers.Select(c => Shop.Sell(c, amount))], cancellation);

    private static async Task CheckAsync(TestHost host, IReadOnlyList<Guid> customers, IReadOnlyList<int> amounts, CancellationToken cancellation)
    {
        foreach (var customer in customers)
        {
            var events = await host.Service("counter").ReadStreamAsync(customer, cancellation);
            Assert.That(events.Select(e => ((Sold)e.Event).Amount), Is.EqualTo(amounts));
            Assert.That(await Receipts.CountAsync(host.Service("counter"), customer, cancellation), Is.EqualTo(amounts.Count));
        }
    }

    private static async Task<int> CountedAsync(TestHost host, IReadOnlyList<Guid> customers, CancellationToken cancellation)
    {
        var count = 0;
        foreach (var customer in customers)
            count += (await host.Service("counter").StateAsync(Till.Kind, customer, cancellation))?.Sales ?? 0;
        return count;
    }

    /// <summary>As if the instances had been silent for longer than their leases.</summary>
    private static async Task CutOffAsync(TestDatabase database, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        foreach (var service in new[] { "shop", "counter" })
        {
            await using var command = source.CreateCommand(
                $"update {service}.leases set expires_at = '-infinity'; update {service}.instances set expires_at = '-infinity'");
            await command.ExecuteNonQueryAsync(cancellation);
        }
    }

    private static async Task<int[]> SharesAsync(TestHost host, CancellationToken cancellation)
    {
        var shares = await ReadAsync(host, "select count(*) from leases where owner is not null group by owner order by 1", cancellation);
        return [.. shares.Select(s => (int)s)];
    }

    private static Task<List<long>> EpochsAsync(TestHost host, CancellationToken cancellation) =>
        ReadAsync(host, "select distinct epoch from leases", cancellation);

    private static async Task<List<long>> ReadAsync(TestHost host, string sql, CancellationToken cancellation)
    {
        await using var command = host.Service("counter").Database.CreateCommand(sql);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var values = new List<long>();
        while (await row.ReadAsync(cancellation))
            values.Add(row.GetInt64(0));
        return values;
    }

    private static Task<TestHost> StartAsync(TestDatabase database, TimeSpan lease, CancellationToken cancellation) => TestHost.StartAsync(
        builder =>
        {
            Shop.Add(builder);
            Shop.AddCounter(builder, isHealed: () => true);
        },
        _ => { },
        cancellation,
        database,
        new Dictionary<string, string> { ["Runtime:LeaseDuration"] = lease.ToString("c"), ["Runtime:Partitions"] = $"{Partitions}" });
}
