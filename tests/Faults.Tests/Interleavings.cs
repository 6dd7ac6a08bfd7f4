using Npgsql;
using Patron.Runtime;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Testing;

namespace Patron.Faults.Tests;

/// <summary>
/// Two instances write to one store. An interleaving is four callers who hand over their commands at once: with keys that repeat, versions that
/// conflict, and rows that the database refuses. The order of commits is stirred by a seed.
/// </summary>
internal sealed class Interleavings(Proof proof)
{
    private const int AtOnce = 4;
    private const int LooksEvery = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<string> violations = [];
    private readonly Lock guard = new();

    public async Task<IReadOnlyList<string>> ViolationsAsync(IReadOnlyList<int> seeds, CancellationToken cancellation)
    {
        Stir(seeds[0]);
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var first = await MarketHost.StartAsync([Market.Shop], database, cancellation);
        await using var second = await MarketHost.StartAsync([Market.Shop], database, cancellation);
        ServiceRuntime[] instances = [first.Shop, second.Shop];
        foreach (var (round, some) in seeds.Chunk(AtOnce).Index())
        {
            var running = Task.WhenAll(some.Select(seed => InterleaveAsync(instances, seed, cancellation)));
            if (round % LooksEvery == 0)
            {
                // A look while commits are under way: a hole now is a late commit that a reader would miss.
                Report(await Books.StoreAsync(database, Market.Shop, cancellation));
                proof.Count("looks for holes under way", 1);
            }

            await running;
            if (violations.Count > 0)
                break;
        }

        Report(await Books.StoreAsync(database, Market.Shop, cancellation));
        Report(await PublishedAsync(first, database, cancellation));
        return violations;
    }

    /// <summary>Transactions take longer by chance, so that they end in another order than they began.</summary>
    private static void Stir(int seed)
    {
        var random = new Random(seed);
        FaultPoint.Watch(point =>
        {
            if (point is not (FaultPoint.StoreAfterLock or FaultPoint.StoreBeforeCommit))
                return;
            int spins;
            lock (random)
                spins = random.Next(4) == 0 ? random.Next(20_000) : 0;
            Thread.SpinWait(spins);
        });
    }

    private async Task InterleaveAsync(ServiceRuntime[] instances, int seed, CancellationToken cancellation)
    {
        var random = new Random(seed);
        var customers = Enumerable.Range(1, 2).Select(i => new Guid(seed, (short)i, 0x7000, [0x80, 0, 0, 0, 0, 0, 0, 2])).ToList();
        var keys = Enumerable.Range(1, 3).Select(i => new Guid(seed, (short)i, 0x7000, [0x80, 0, 0, 0, 0, 0, 0, 3])).ToList();
        var calls = Enumerable.Range(0, 4)
            .Select(caller => Enumerable.Range(0, random.Next(1, 5)).Select(i => Draw(random, (1000 * (caller + 1)) + i, customers, keys)).ToList()).ToList();

        // Each caller hands over all it has before it waits: the order in which it did is the order in which its lane must apply them.
        var running = calls.Select((commands, i) => commands.Select(c => (Command: c, Result: instances[i % 2].ExecuteAsync(c.Command, cancellation))).ToList())
            .ToList();
        var told = new List<(int Caller, Command Command, CommandResult Result)>();
        foreach (var (caller, handedOver) in running.Index())
        {
            foreach (var (drawn, result) in handedOver)
            {
                try
                {
                    told.Add((caller, drawn.Command, await result));
                    if (drawn.IsRefused && told[^1].Result is { Accepted: true, Repeated: false })
                        Report([$"seed {seed}: a command whose rows the database refuses was accepted"]);
                }
                catch (PostgresException fault) when (drawn.IsRefused && fault.SqlState == PostgresErrorCodes.CheckViolation)
                {
                    proof.Count("commands refused by the database", 1);
                }
#pragma warning disable CA1031 // Whatever else a command throws is what the proof looks for.
                catch (Exception fault) when (fault is not OperationCanceledException)
#pragma warning restore CA1031
                {
                    Report([$"seed {seed}: a command that was right failed: {fault.GetType().Name}: {fault.Message}"]);
                }
            }
        }

        proof.Count("interleavings", 1).Count("commands", calls.Sum(c => c.Count));
        foreach (var customer in customers)
            await CheckAsync(instances[0], customer, told, seed, cancellation);
    }

    private static (Command Command, bool IsRefused) Draw(Random random, int amount, List<Guid> customers, List<Guid> keys)
    {
        var isRefused = random.Next(12) == 0;
        var command = Market.Sell(customers[random.Next(customers.Count)], isRefused ? Market.RefusedToShop : amount) with
        {
            IdempotencyKey = random.Next(4) == 0 ? keys[random.Next(keys.Count)] : null,
            ExpectedVersion = random.Next(4) == 0 ? random.Next(4) : null,
        };
        return (command, isRefused);
    }

    private async Task CheckAsync(
        ServiceRuntime service, Guid customer, List<(int Caller, Command Command, CommandResult Result)> told, int seed, CancellationToken cancellation)
    {
        var events = await service.ReadStreamAsync(customer, cancellation);
        var applied = told.Where(t => t.Command.Customer == customer && t.Result is { Accepted: true, Repeated: false }).ToList();
        var inOrder = applied.OrderBy(t => t.Result.Version).ToList();
        if (!inOrder.SelectMany(t => t.Result.Events.Select(e => e.Event)).SequenceEqual(events.Select(e => e.Event)))
            Report([$"seed {seed}: the stream has {events.Count} events, which are not the {inOrder.Count} that the callers were told"]);
        if (inOrder.Any(t => t.Command.ExpectedVersion is { } expected && expected != t.Result.Version - 1))
            Report([$"seed {seed}: a command was applied at another version than it expected"]);
        var keys = inOrder.Where(t => t.Command.IdempotencyKey is not null).Select(t => t.Command.IdempotencyKey).ToList();
        if (keys.Count != keys.Distinct().Count())
            Report([$"seed {seed}: a key was applied twice"]);
        foreach (var caller in applied.GroupBy(t => t.Caller))
        {
            var versions = caller.Select(t => t.Result.Version).ToList();
            if (!versions.SequenceEqual(versions.Order()))
                Report([$"seed {seed}: caller {caller.Key} handed its commands over in another order than they were applied: {string.Join(' ', versions)}"]);
        }
    }

    /// <summary>A relay learns now and then of what other instances committed to its partitions: it has a while to publish that.</summary>
    private static async Task<IReadOnlyList<string>> PublishedAsync(MarketHost host, TestDatabase database, CancellationToken cancellation)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var differences = await LogAsync(host, database, cancellation);
            if (differences.Count == 0 || differences.Any(d => d.StartsWith("the log", StringComparison.Ordinal))
                || TimeProvider.System.GetElapsedTime(began) > Patience)
                return differences;
            await Task.Delay(50, cancellation);
        }
    }

    /// <summary>The topic, without repeats, is what the store has: no fact of a transaction that failed, none missing.</summary>
    private static async Task<IReadOnlyList<string>> LogAsync(MarketHost host, TestDatabase database, CancellationToken cancellation)
    {
        var stored = await Books.SentencesAsync(
            database, "select partition || '-' || position || ' ' || (data::json->>'Amount') from shop.events order by partition, position", cancellation);
        var published = (await host.Host.ReadTopicAsync(Market.Sales, cancellation)).Select(r =>
            $"{r.Envelope.Id} {Google.Protobuf.WellKnownTypes.Int32Value.Parser.ParseFrom(r.Record.Value!.Value.Span).Value}").ToHashSet();
        return
        [
            .. published.Except(stored).Take(3).Select(fact => $"the log has {fact}, which the store has not"),
            .. stored.Except(published).Take(3).Select(fact => $"the store has {fact}, which the log has not"),
        ];
    }

    private void Report(IEnumerable<string> found)
    {
        lock (guard)
            violations.AddRange(found);
    }
}
