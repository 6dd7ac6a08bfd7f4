using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventLog.Postgres;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>What happens between a store and its readers: publishing that fails half-way, a record that is lost, a store in another life.</summary>
internal static class LogProofs
{
    private static readonly string[] All = [Market.Shop, Market.Counter, Market.Auditor];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Publishing fails before or after the records are on the log; the relay does it again.</summary>
    public static async Task<IReadOnlyList<string>> RelayFailsAsync(int seed, Proof proof, CancellationToken cancellation)
    {
        var random = new Random(seed);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        FaultyLog? log = null;
        await using var market = await MarketHost.StartAsync(All, database, cancellation, _ => log = Over(database));
        log!.Next = () =>
        {
            var fault = random.Next(3) == 0 ? (PublishFault)random.Next(1, 3) : PublishFault.None;
            if (fault != PublishFault.None)
                proof.Count($"publishings that failed {(fault == PublishFault.After ? "after" : "before")}", 1);
            return fault;
        };
        var buyers = new Random(seed);
        for (var i = 0; i < 15; i++)
        {
            await market.SellAsync(buyers, 10, cancellation);
            await Task.Delay(10, cancellation);
        }

        proof.Count("sales", market.Sold);
        return [.. await market.SettledAsync(Patience, cancellation), .. await Books.CompareAsync(database, cancellation)];
    }

    /// <summary>A record is lost on the way: the reader sees the gap and stops; sent again, everything arrives.</summary>
    public static async Task<IReadOnlyList<string>> RecordLostAsync(int seed, Proof proof, CancellationToken cancellation)
    {
        var random = new Random(seed);
        var lost = (Customer: MarketHost.Buyers[random.Next(MarketHost.Buyers.Count)], Sale: random.Next(1, 6));
        Envelope? gone = null;
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        FaultyLog? log = null;
        await using var market = await MarketHost.StartAsync(All, database, cancellation, _ => log = Over(database));
        log!.Loses = (topic, record) =>
        {
            if (gone is not null || topic != Market.Sales || record.Key != lost.Customer.ToString("D") || --lost.Sale > 0)
                return false;
            Envelope.TryRead(record.Headers, out gone, out _);
            return true;
        };
        for (var i = 0; i < 10; i++)
        {
            foreach (var buyer in MarketHost.Buyers)
                await market.SellAsync(buyer, (i * 100) + 1000, cancellation);
        }

        var partition = CustomerPartition.Of(lost.Customer, market.Host.Log.Partitions);
        var stopped = await market.SettledAsync(Patience, cancellation);
        if (gone is null || !stopped.Any(s => s.Contains($"resend from position {gone.Previous}.", StringComparison.Ordinal)))
            return [$"A record was lost behind position {gone?.Previous} of partition {partition}, and the reader says: {string.Join(' ', stopped)}"];
        var after = await Books.SentencesAsync(
            database,
            $"select 'position ' || position || ' was read past the gap' from counter.offsets where partition = {partition} and position > {gone.Previous}",
            cancellation);
        var began = TimeProvider.System.GetTimestamp();
        var refusal = await market.Shop.ResendAsync(partition, gone.Previous, cancellation);
        while (market.Troubles.Any() && TimeProvider.System.GetElapsedTime(began) < Patience)
            await Task.Delay(10, cancellation);
        var settled = await market.SettledAsync(Patience, cancellation);
        proof.Count("records lost", 1).Count("sales", market.Sold).Recovered(TimeProvider.System.GetElapsedTime(began));
        return [.. after, .. refusal is null ? Array.Empty<string>() : [refusal.Detail], .. settled, .. await Books.CompareAsync(database, cancellation)];
    }

    /// <summary>The producer's store goes back in time: facts of its new life are not read on as if nothing had happened.</summary>
    public static async Task<IReadOnlyList<string>> OtherLifeAsync(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var market = await MarketHost.StartAsync([Market.Counter], database, cancellation);
        var buyer = MarketHost.Buyers[0];
        for (var amount = 1; amount <= 3; amount++)
            await market.Host.PublishAsync(Market.Sales, Market.Shop, buyer, new Int32Value { Value = amount }, cancellation);
        var before = await market.SettledAsync(Patience, cancellation);
        if (before.Count > 0)
            return before;

        // The restored store knew two of the three, and has decided something else since.
        var fact = new Int32Value { Value = 4 };
        var envelope = new Envelope
        {
            Id = "restored-3",
            Source = "/patron/shop",
            Type = Int32Value.Descriptor.FullName,
            Time = TestHost.Start,
            StoreEpoch = new Guid("0197f7a0-0000-7000-8000-000000000002"),
            Position = 3,
            Previous = 2,
        };
        var partition = CustomerPartition.Of(buyer, market.Host.Log.Partitions);
        await market.Host.Log.PublishAsync(
            Market.Sales, [new PartitionRecords(partition, [new LogRecord(buyer.ToString("D"), envelope.ToHeaders(), fact.ToByteArray())])], cancellation);
        var stopped = await market.SettledAsync(Patience, cancellation);
        return stopped.Any(s => s.Contains(Market.Sales.Name, StringComparison.Ordinal))
            ? []
            : [$"A fact of the store's other life was passed over; the reader says: {string.Join(' ', stopped)}"];
    }

    private static FaultyLog Over(TestDatabase database) => new(new PostgresEventLog(
        new NpgsqlDataSourceBuilder(database.ConnectionString).Build(), new PostgresLogOptions { Partitions = 8 }));
}
