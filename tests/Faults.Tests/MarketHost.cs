using Microsoft.Extensions.DependencyInjection;
using Patron.Runtime.EventLog;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>Services of <see cref="Market"/> in the test's own process, and the customers who buy.</summary>
internal sealed class MarketHost : IAsyncDisposable
{
    private const int Customers = 24;

    private readonly TestHost host;
    private readonly TestDatabase database;
    private readonly IReadOnlyList<string> services;
    private int amount = 1000;

    private MarketHost(TestHost host, TestDatabase database, IReadOnlyList<string> services) =>
        (this.host, this.database, this.services) = (host, database, services);

    public TestHost Host => host;

    public ServiceRuntime Shop => host.Service(Market.Shop);

    /// <summary>Always the same, so that two runs with a seed put the same customers into the same partitions.</summary>
    public static IReadOnlyList<Guid> Buyers { get; } =
        [.. Enumerable.Range(0, Customers).Select(i => new Guid(i + 1, 0x7000, 0x7000, [0x80, 0, 0, 0, 0, 0, 0, 1]))];

    /// <summary>Sales that were acknowledged.</summary>
    public long Sold { get; private set; }

    public IEnumerable<string> Troubles => services.SelectMany(s => host.Service(s).Troubles);

    /// <param name="log">A test double that stands for the event log; null takes the one in the database.</param>
    public static async Task<MarketHost> StartAsync(
        IReadOnlyList<string> services,
        TestDatabase database,
        CancellationToken cancellation,
        Func<IServiceProvider, IEventLog>? log = null,
        IReadOnlyDictionary<string, string>? settings = null,
        TimeSpan settleAfter = default)
    {
        var host = await TestHost.StartAsync(
            builder =>
            {
                if (log is not null)
                    builder.Services.AddSingleton(log);
                foreach (var service in services)
                    Market.Add(builder, service, settleAfter);
            },
            _ => { },
            cancellation,
            database,
            new Dictionary<string, string>(settings ?? new Dictionary<string, string>()) { ["Logging:LogLevel:Default"] = "None" });
        return new MarketHost(host, database, services);
    }

    /// <summary>Random customers buy, each sale with an amount of its own.</summary>
    public async Task SellAsync(Random random, int sales, CancellationToken cancellation)
    {
        var commands = Enumerable.Range(0, sales).Select(_ => Market.Sell(Buyers[random.Next(Customers)], ++amount)).ToList();
        var results = await Shop.ExecuteAsync(commands, cancellation);
        Sold += results.Count(r => r.Accepted);
    }

    public async Task SellAsync(Guid customer, int amount, CancellationToken cancellation)
    {
        await Shop.ExecuteAsync(Market.Sell(customer, amount), cancellation);
        Sold++;
    }

    /// <summary>
    /// Waits until nothing is left to do here; for a process that does everything itself. Answers why it is not done:
    /// a partition stopped, or the deadline passed.
    /// </summary>
    public async Task<IReadOnlyList<string>> SettledAsync(TimeSpan deadline, CancellationToken cancellation)
    {
        var began = TimeProvider.System.GetTimestamp();
        long before;
        do
        {
            if (Troubles.ToList() is { Count: > 0 } troubles)
                return troubles;
            if (TimeProvider.System.GetElapsedTime(began) > deadline)
                return [$"Work is left after {deadline.TotalSeconds:0} s."];
            before = Activity;
            await Task.Delay(10, cancellation);
        }
        while (!services.All(s => host.Service(s).IsIdle) || !services.All(s => host.Service(s).IsIdle) || Activity != before);
        return [];
    }

    private long Activity => services.Sum(s => host.Service(s).Activity);

    /// <summary>As if the time of all leases of a service had run out: the tests need not wait for it.</summary>
    public Task ExpireLeasesAsync(string service, CancellationToken cancellation) => Books.RunAsync(
        database,
        $"""
        do $$ begin
          if to_regclass('{service}.leases') is not null then
            update {service}.leases set expires_at = '-infinity';
            update {service}.instances set expires_at = '-infinity';
          end if;
        end $$
        """,
        cancellation);

    public ValueTask DisposeAsync() => host.DisposeAsync();
}
