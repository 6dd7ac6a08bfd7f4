using Npgsql;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Tests.Processing;
using Patron.Testing;

namespace Patron.Runtime.Tests.EventStore;

/// <summary>Two instances write to one store at once: nothing is lost, doubled or out of order.</summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class ConcurrencyTests
{
    [Test]
    public async Task Positions_are_gapless_at_every_moment_and_versions_dense_however_many_write(CancellationToken cancellation)
    {
        const int Callers = 16;
        const int CommandsEach = 150;
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var first = await Store.StartAsync(cancellation, database);
        await using var second = await Store.StartAsync(cancellation, database);
        var customers = Enumerable.Range(0, 40).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();

        async Task SellAsync(int caller)
        {
            var service = (caller % 2 == 0 ? first : second).Service(Store.Name);
            for (var i = 0; i < CommandsEach; i++)
                await service.ExecuteAsync(Shop.Sell(customers[((caller * 7) + (i * 11)) % customers.Count], 1), cancellation);
        }

        var selling = Task.WhenAll(Enumerable.Range(0, Callers).Select(SellAsync));
        var looks = 0;
        while (!selling.IsCompleted)
        {
            Assert.That(
                await HolesAsync(first.Service(Store.Name).Database, cancellation), Is.Zero, "a reader that went on from here would miss a late commit");
            looks++;
        }

        await selling;
        var states = await Task.WhenAll(customers.Select(c => second.Service(Store.Name).StateAsync(Till.Kind, c, cancellation)));
        Assert.That(looks, Is.GreaterThan(10));
        Assert.That(states.Sum(s => s!.Sales), Is.EqualTo(Callers * CommandsEach));
        foreach (var customer in customers)
        {
            var events = await first.Service(Store.Name).ReadStreamAsync(customer, cancellation);
            Assert.That(events.Select(e => e.Version), Is.EqualTo(Enumerable.Range(1, events.Count)));
            Assert.That(events.Select(e => e.Position), Is.Ordered);
        }
    }

    [Test]
    public async Task Any_interleaving_of_two_instances_gives_what_some_order_of_its_commands_gives(CancellationToken cancellation)
    {
        await using var database = await TestPostgres.CreateDatabaseAsync(cancellation);
        await using var first = await Store.StartAsync(cancellation, database);
        await using var second = await Store.StartAsync(cancellation, database);
        ServiceRuntime[] services = [first.Service(Store.Name), second.Service(Store.Name)];

        for (var seed = 1; seed <= 200; seed++)
        {
            var random = new Random(seed);
            var customers = Enumerable.Range(0, 2).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();
            var keys = Enumerable.Range(0, 3).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();
            var calls = Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, random.Next(1, 5)).Select(_ => Draw(random, customers, keys)).ToList()).ToList();
            var results = await Task.WhenAll(calls.Select((commands, i) => services[i % 2].ExecuteAsync(commands, cancellation)));

            var told = calls.SelectMany(c => c).Zip(results.SelectMany(r => r)).ToList();
            foreach (var customer in customers)
                await CheckAsync(services[0], customer, told, $"seed {seed}", cancellation);
        }
    }

    [Test]
    public async Task A_command_that_conflicts_or_faults_leaves_its_batch_mates_alone(CancellationToken cancellation)
    {
        await using var host = await Store.StartAsync(cancellation);
        var service = host.Service(Store.Name);
        var customer = Guid.CreateVersion7(TestHost.Start);
        var faulting = Till.Kind.Command(customer, customer, _ => throw new InvalidDataException("a bug"));

        Command[] commands = [Shop.Sell(customer, 1), Shop.Sell(customer, 2) with { ExpectedVersion = 7 }, faulting, Shop.Sell(customer, 3)];
        var running = commands.Select(c => service.ExecuteAsync(c, cancellation)).ToList();

        Assert.That(async () => await running[2], Throws.InstanceOf<InvalidDataException>());
        Assert.That((await running[1]).Refusal, Is.InstanceOf<VersionConflict>());
        Assert.That((await running[0]).Accepted && (await running[3]).Accepted, Is.True);
        Assert.That((await service.ReadStreamAsync(customer, cancellation)).Select(e => e.Version), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public async Task A_repeated_key_is_answered_as_repeated_also_where_the_decision_would_now_be_another(CancellationToken cancellation)
    {
        await using var host = await Store.StartAsync(cancellation);
        var service = host.Service(Store.Name);
        var (customer, key) = (Guid.CreateVersion7(TestHost.Start), Guid.CreateVersion7(TestHost.Start));
        await service.ExecuteAsync(Shop.Sell(customer, 1), cancellation);
        await service.ExecuteAsync(Shop.Sell(customer, 2) with { IdempotencyKey = key, ExpectedVersion = 1 }, cancellation);

        Command[] again =
        [
            Shop.Sell(customer, 2) with { IdempotencyKey = key, ExpectedVersion = 1 },
            Till.Kind.Command(customer, customer, _ => Decision.Nothing) with { IdempotencyKey = key },
            Till.Kind.Command(customer, customer, _ => throw new InvalidDataException("not twice")) with { IdempotencyKey = key },
        ];
        foreach (var command in again)
        {
            // So many in between that the lane has forgotten to expect repeats.
            for (var i = 0; i < 70; i++)
                await service.ExecuteAsync(Shop.Sell(Guid.CreateVersion7(TestHost.Start), 1), cancellation);
            await service.ExecuteAsync(Shop.Sell(customer, 3), cancellation);

            var result = await service.ExecuteAsync(command, cancellation);

            Assert.That((result.Repeated, result.Version), Is.EqualTo((true, 2)));
        }
    }

    [Test]
    public async Task A_view_that_fails_takes_its_events_back_and_no_others(CancellationToken cancellation)
    {
        await using var host = await Store.StartAsync(cancellation, view: new Sales(), migration: Sales.Migration);
        var service = host.Service(Store.Name);
        var customers = Enumerable.Range(0, 30).Select(_ => Guid.CreateVersion7(TestHost.Start)).ToList();

        var running = customers.Select((c, i) => service.ExecuteAsync(Shop.Sell(c, i == 17 ? Sales.Refused : i), cancellation)).ToList();

        Assert.That(async () => await running[17], Throws.InstanceOf<PostgresException>().With.Property("SqlState").EqualTo(PostgresErrorCodes.CheckViolation));
        running.RemoveAt(17);
        Assert.That((await Task.WhenAll(running)).All(r => r.Accepted), Is.True);
        Assert.That(await service.ReadStreamAsync(customers[17], cancellation), Is.Empty);
        Assert.That(await HolesAsync(service.Database, cancellation), Is.Zero);
        await using var rows = service.Database.CreateCommand("select count(*) from sales natural join events");
        Assert.That(await rows.ExecuteScalarAsync(cancellation), Is.EqualTo(29));
    }

    private static Command Draw(Random random, List<Guid> customers, List<Guid> keys) =>
        Shop.Sell(customers[random.Next(customers.Count)], random.Next(6) == 0 ? 2000 : random.Next(1, 100)) with
        {
            IdempotencyKey = random.Next(4) == 0 ? keys[random.Next(keys.Count)] : null,
            ExpectedVersion = random.Next(4) == 0 ? random.Next(4) : null,
        };

    private static async Task CheckAsync(
        ServiceRuntime service, Guid customer, List<(Command Command, CommandResult Result)> told, string seed, CancellationToken cancellation)
    {
        var events = await service.ReadStreamAsync(customer, cancellation);
        var applied = told.Where(t => t.Command.Customer == customer && t.Result is { Accepted: true, Repeated: false })
            .OrderBy(t => t.Result.Version).ToList();
        var keys = applied.Where(t => t.Command.IdempotencyKey is not null).Select(t => t.Command.IdempotencyKey).ToList();
        Assert.That(events.Select(e => e.Version), Is.EqualTo(Enumerable.Range(1, applied.Count)), seed);
        Assert.That(applied.SelectMany(t => t.Result.Events.Select(e => e.Event)), Is.EqualTo(events.Select(e => e.Event)), seed);
        Assert.That(applied.Where(t => t.Command.ExpectedVersion is { } expected && expected != t.Result.Version - 1), Is.Empty, seed);
        Assert.That(keys, Is.Unique, seed);
        Assert.That(
            await service.StateAsync(Till.Kind, customer, cancellation) ?? new Till(0, 0), Is.EqualTo(Till.Kind.Fold(events.Select(e => e.Event))), seed);
    }

    private static async Task<long> HolesAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select count(*) from heads h
            left join (select partition, count(*) events, max(position) last from events group by partition) e using (partition)
            where h.position <> coalesce(e.events, 0) or h.position <> coalesce(e.last, 0)
            """);
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>A row for each sale, but for one amount that the table refuses.</summary>
    private sealed class Sales : IInlineView
    {
        public const int Refused = 77;

        public static Migration Migration { get; } = new(
            "sales", $"create table sales (partition smallint, position bigint, amount int not null check (amount <> {Refused}))");

        public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction) => Statements.Add(
            transaction,
            "insert into sales select * from unnest($1::smallint[], $2::bigint[], $3::int[])",
            Statements.Smallints(events.Select(e => e.Partition)),
            Statements.Bigints(events.Select(e => e.Position)),
            Statements.Ints(events.Select(e => ((Sold)e.Event).Amount)));
    }
}
