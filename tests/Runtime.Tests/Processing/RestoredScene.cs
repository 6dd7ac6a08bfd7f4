using Npgsql;
using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Runtime.Tests.Projections;
using Patron.Testing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>
/// A shop with a database of its own sold twice, was backed up, and sold twice more; the counter and the board, in another database with
/// the log, have applied it all. Nothing runs.
/// </summary>
internal sealed class RestoredScene : IAsyncDisposable
{
    private RestoredScene(TestDatabase shop, TestDatabase backup, TestDatabase rest) => (Shop, Backup, Rest) = (shop, backup, rest);

    /// <summary>The shop as it was at the end.</summary>
    public TestDatabase Shop { get; }

    /// <summary>The shop as it was after two sales to each customer.</summary>
    public TestDatabase Backup { get; }

    public TestDatabase Rest { get; }

    public static async Task<RestoredScene> PlayAsync(IReadOnlyList<Guid> customers, CancellationToken cancellation)
    {
        var shop = await TestPostgres.CreateDatabaseAsync(cancellation);
        var rest = await TestPostgres.CreateDatabaseAsync(cancellation);
        await SellAsync(shop, rest, customers, [1, 2], cancellation);
        var scene = new RestoredScene(shop, await TestPostgres.CopyDatabaseAsync(shop, cancellation), rest);
        await SellAsync(shop, rest, customers, [3, 4], cancellation);
        return scene;
    }

    /// <summary>Declares that the shop's store is one from a backup, then starts with it.</summary>
    public async Task<TestHost> RestoreAsync(TestDatabase shop, CancellationToken cancellation)
    {
        var exit = await PatronHost.RunAsync(
            ["--restored", $"--Database={Rest.ConnectionString}", .. Settings(shop).Select(s => $"--{s.Key}={s.Value}"), "--Logging:LogLevel:Default=Warning"],
            "shop",
            builder => Tests.Processing.Shop.Add(builder, view: SalesView.OfStore()),
            _ => { });
        Assert.That(exit, Is.Zero);
        return await StartAsync(shop, cancellation);
    }

    public Task<TestHost> StartAsync(TestDatabase shop, CancellationToken cancellation) => StartAsync(shop, Rest, cancellation);

    public async Task WipeLogAsync(CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(Rest.ConnectionString);
        await using var command = source.CreateCommand("drop schema log cascade");
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var database in new[] { Shop, Backup, Rest })
            await database.DisposeAsync();
    }

    private static async Task SellAsync(
        TestDatabase shop, TestDatabase rest, IReadOnlyList<Guid> customers, IReadOnlyList<int> amounts, CancellationToken cancellation)
    {
        await using var host = await StartAsync(shop, rest, cancellation);
        foreach (var amount in amounts)
            await host.Service("shop").ExecuteAsync([.. customers.Select(c => Tests.Processing.Shop.Sell(c, amount))], cancellation);
        await host.DrainAsync(cancellation);
    }

    private static Task<TestHost> StartAsync(TestDatabase shop, TestDatabase rest, CancellationToken cancellation) => TestHost.StartAsync(
        builder =>
        {
            Tests.Processing.Shop.Add(builder, view: SalesView.OfStore());
            Tests.Processing.Shop.AddCounter(builder, isHealed: () => true);
            Tests.Processing.Shop.AddBoard(builder, SalesView.OfTopic());
        },
        app => app.MapOperations("counter"),
        cancellation,
        rest,
        Settings(shop));

    private static Dictionary<string, string> Settings(TestDatabase shop) => new()
    {
        ["Services:shop:Database"] = shop.ConnectionString,
        ["Runtime:Partitions"] = "8",
        ["Runtime:LeaseDuration"] = "00:00:02",
        ["Http:Port"] = "0",
        ["Grpc:Port"] = "0",
    };
}
