using System.Globalization;
using Patron.Runtime.EventLog;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>
/// A shop with a database of its own sold, was backed up, and sold on; the counter, the auditor and the board, in another database with the
/// log, have applied it all. Nothing runs.
/// </summary>
internal sealed class Story : IAsyncDisposable
{
    public const int Partitions = 8;

    private readonly Random random;
    private int amount = 1000;

    private Story(int seed, TestDatabase newest, TestDatabase rest) => (random, Newest, Rest) = (new Random(seed), newest, rest);

    /// <summary>The shop with all that it sold.</summary>
    public TestDatabase Newest { get; }

    /// <summary>The shop as it was before the last sales.</summary>
    public TestDatabase Backup { get; private set; } = null!;

    /// <summary>Everybody else, and the log.</summary>
    public TestDatabase Rest { get; }

    /// <summary>What the backup knows: amount to customer.</summary>
    public IReadOnlyDictionary<int, Guid> Kept { get; private set; } = null!;

    /// <summary>What it does not know.</summary>
    public IReadOnlyDictionary<int, Guid> Lost { get; private set; } = null!;

    public static async Task<Story> BeginAsync(int seed, CancellationToken cancellation)
    {
        var story = new Story(seed, await TestPostgres.CreateDatabaseAsync(cancellation), await TestPostgres.CreateDatabaseAsync(cancellation));
        await using (var host = await story.StartAsync(story.Newest, cancellation))
            story.Kept = await story.SellAsync(host, cancellation, drained: true);
        story.Backup = await TestPostgres.CopyDatabaseAsync(story.Newest, cancellation);
        await using (var host = await story.StartAsync(story.Newest, cancellation))
            story.Lost = await story.SellAsync(host, cancellation, drained: true);
        return story;
    }

    public static int PartitionOf(Guid customer) => CustomerPartition.Of(customer, Partitions);

    /// <summary>Random customers buy; answers amount to customer.</summary>
    public async Task<IReadOnlyDictionary<int, Guid>> SellAsync(
        TestHost host, CancellationToken cancellation, IReadOnlyList<Guid>? buyers = null, bool drained = false)
    {
        buyers ??= MarketHost.Buyers;
        var sales = Enumerable.Range(0, random.Next(20, 200)).ToDictionary(_ => ++amount, _ => buyers[random.Next(buyers.Count)]);
        foreach (var some in sales.Chunk(random.Next(1, 40)))
            await host.Service(Market.Shop).ExecuteAsync([.. some.Select(s => Market.Sell(s.Value, s.Key))], cancellation);
        if (drained)
            await host.DrainAsync(cancellation);
        return sales;
    }

    /// <summary>What an operator runs once after a restore: the shop with <c>--restored</c>.</summary>
    public async Task RestoreAsync(TestDatabase shop, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        string[] args = ["--restored", $"--Database={Rest.ConnectionString}", .. Settings(shop).Select(s => $"--{s.Key}={s.Value}")];
        var exit = await PatronHost.RunAsync(args, Market.Shop, builder => Market.Add(builder, Market.Shop), _ => { });
        if (exit != 0)
            throw new InvalidOperationException($"--restored ended with {exit}.");
    }

    public Task<TestHost> StartAsync(TestDatabase shop, CancellationToken cancellation) => TestHost.StartAsync(
        builder =>
        {
            foreach (var service in new[] { Market.Shop, Market.Counter, Market.Auditor })
                Market.Add(builder, service);
            Board.Add(builder);
        },
        app => app.MapOperations(Market.Counter),
        cancellation,
        Rest,
        Settings(shop));

    public async Task<IReadOnlyList<int>> AmountsAsync(string sql, CancellationToken cancellation) =>
        [.. (await Books.SentencesAsync(Rest, sql, cancellation)).Select(a => int.Parse(a, CultureInfo.InvariantCulture))];

    public async ValueTask DisposeAsync()
    {
        foreach (var database in new[] { Newest, Backup, Rest })
            await database.DisposeAsync();
    }

    private static Dictionary<string, string> Settings(TestDatabase shop) => new()
    {
        ["Services:shop:Database"] = shop.ConnectionString,
        ["Runtime:Partitions"] = $"{Partitions}",
        ["Runtime:LeaseDuration"] = "00:00:02",
        ["Http:Port"] = "0",
        ["Grpc:Port"] = "0",
        ["Logging:LogLevel:Default"] = "None",
    };
}
