using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Faults.Tests.Operations;

/// <summary>
/// Customers who buy side by side until they are told to stop, whatever fails meanwhile: each repeats a sale, with its idempotency key, until
/// it is acknowledged.
/// </summary>
internal sealed class Traffic : IAsyncDisposable
{
    private const int BuyersAtOnce = 3;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    private readonly Func<ServiceRuntime> shop;
    private readonly CancellationTokenSource enough = new();
    private readonly ConcurrentDictionary<int, Guid> acknowledged = new();
    private readonly List<Task> buyers = [];
    private int amount;

    /// <param name="shop">Asked before each try, so that it may be started anew.</param>
    /// <param name="firstAmount">Amounts tell sales apart.</param>
    public Traffic(Func<ServiceRuntime> shop, int seed, int firstAmount = 1000)
    {
        this.shop = shop;
        amount = firstAmount;
        for (var buyer = 0; buyer < BuyersAtOnce; buyer++)
            buyers.Add(BuyAsync(new Random((seed * BuyersAtOnce) + buyer), CancellationToken.None));
    }

    /// <summary>Every sale that was acknowledged, by its amount.</summary>
    public IReadOnlyDictionary<int, Guid> Acknowledged => acknowledged;

    public int Sold => acknowledged.Count;

    /// <summary>Waits until so many more sales are acknowledged.</summary>
    public async Task MoreAsync(int sales, CancellationToken cancellation)
    {
        var until = Sold + sales;
        var began = TimeProvider.System.GetTimestamp();
        while (Sold < until)
        {
            ThrowIfOver(began, $"{Sold} sales of {until} are acknowledged");
            await Task.Delay(10, cancellation);
        }
    }

    /// <summary>Waits until a sale that begins now has gone through all services, and answers how long after <paramref name="since"/> that was.</summary>
    public async Task<TimeSpan> ArrivesAsync(TestDatabase database, long since, CancellationToken cancellation)
    {
        await using var source = NpgsqlDataSource.Create(database.ConnectionString);
        await using var newest = source.CreateCommand("select coalesce(max(id), 0)::bigint from auditor.receipts");
        var before = (long)(await newest.ExecuteScalarAsync(cancellation))!;
        var mine = Interlocked.Increment(ref amount);
        await SellAsync(MarketHost.Buyers[mine % MarketHost.Buyers.Count], mine, cancellation);
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            await using var command = source.CreateCommand("select exists (select from auditor.receipts where id > $1 and amount = $2)");
            command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = before });
            command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = mine });
            if (await command.ExecuteScalarAsync(cancellation) is true)
                return TimeProvider.System.GetElapsedTime(since);
            ThrowIfOver(began, $"the sale of {mine} has not reached the auditor");
            await Task.Delay(10, cancellation);
        }
    }

    /// <summary>Lets every buyer finish the sale that it began.</summary>
    public async Task StopAsync()
    {
        await enough.CancelAsync();
        await Task.WhenAll(buyers);
    }

    /// <summary>Sales that were acknowledged and are not in the shop's store, or not once.</summary>
    public async Task<IReadOnlyList<string>> LostAsync(TestDatabase database, CancellationToken cancellation)
    {
        var stored = await Books.SentencesAsync(database, "select data::json->>'Amount' from shop.events", cancellation);
        return
        [
            .. acknowledged.Keys.Select(a => $"{a}").Except(stored).Select(a => $"The sale of {a} was acknowledged and is lost."),
            .. stored.GroupBy(a => a).Where(a => a.Count() > 1).Select(a => $"The sale of {a.Key} is in the store {a.Count()} times."),
        ];
    }

    public async ValueTask DisposeAsync()
    {
        await enough.CancelAsync();
        await Task.WhenAll(buyers).ContinueWith(_ => { }, TaskScheduler.Default);
        enough.Dispose();
    }

    private async Task BuyAsync(Random random, CancellationToken cancellation)
    {
        await Task.Yield();
        while (!enough.IsCancellationRequested)
        {
            await SellAsync(MarketHost.Buyers[random.Next(MarketHost.Buyers.Count)], Interlocked.Increment(ref amount), cancellation);
            await Task.Delay(10, cancellation);
        }
    }

    private async Task SellAsync(Guid customer, int mine, CancellationToken cancellation)
    {
        var command = Market.Sell(customer, mine) with { IdempotencyKey = new Guid(mine, 1, 1, [1, 0, 0, 0, 0, 0, 0, 0]) };
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                if ((await shop().ExecuteAsync(command, cancellation)).Accepted)
                {
                    acknowledged[mine] = customer;
                    return;
                }
            }
            catch (Exception fault) when (fault is NpgsqlException or IOException or TimeoutException or ObjectDisposedException)
            {
                if (TimeProvider.System.GetElapsedTime(began) > Patience)
                    ExceptionDispatchInfo.Throw(fault);
            }

            ThrowIfOver(began, $"the sale of {mine} is not accepted");
            await Task.Delay(20, cancellation);
        }
    }

    private static void ThrowIfOver(long began, string what)
    {
        if (TimeProvider.System.GetElapsedTime(began) > Patience)
            throw new TimeoutException($"After {Patience.TotalSeconds:0} s {what}.");
    }
}
