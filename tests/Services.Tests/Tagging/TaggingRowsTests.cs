using Npgsql;
using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Contracts.Profile.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Tagging;

/// <summary>The rows that stand beside the events, on PostgreSQL.</summary>
internal sealed class TaggingRowsTests
{
    private static readonly DateTimeOffset March = new(2011, 3, 1, 10, 0, 0, TimeSpan.Zero);
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");

    private NpgsqlDataSource database = null!;
    private TestDatabase postgres = null!;

    [SetUp]
    public async Task CreateTables()
    {
        (postgres, database) = await Rows.OpenAsync(ActivityRows.Schema, TagCounts.Schema);
    }

    [TearDown]
    public async Task DropTables()
    {
        await database.DisposeAsync();
        await postgres.DisposeAsync();
    }

    [Test]
    public async Task Rows_added_batch_by_batch_are_what_memory_counted_receipt_by_receipt()
    {
        var random = new Random(7);
        var customers = Enumerable.Range(0, 40).Select(_ => Rows.Id(random)).ToList();
        var memory = new ActivityMemory();
        memory.Put(3, []);
        var last = new Dictionary<Guid, CustomerActivity>();
        var position = 0L;
        for (var batch = 0; batch < 20; batch++)
        {
            var facts = new List<ConsumedFact>();
            for (var i = 0; i < 25; i++)
            {
                var customer = customers[random.Next(customers.Count)];
                var line = random.Next(5) == 0 ? Receipt.Return(-random.Next(50_00)) : Receipt.Sale(random.Next(900_00));
                var receipt = Receipt.Of(March.AddHours(random.Next(5_000)), (Channel)random.Next(1, 3), line);
                facts.Add(Receipt.Consumed(customer, receipt, ++position, March, partition: 3));
                last[customer] = memory.Count(3, customer, CustomerActivity.Of(receipt, position)).After;
            }

            await Rows.CommitAsync(database, transaction => new ActivityRows(new ActivityMemory()).Apply(facts, transaction));
        }

        var rows = await ActivityRows.ReadAsync(database, 3, CancellationToken.None);

        Assert.That(rows.ToDictionary(), Is.EqualTo(last));
        Assert.That(await ActivityRows.ReadAsync(database, 4, CancellationToken.None), Is.Empty);
    }

    [Test]
    public async Task A_customer_who_only_returned_goods_has_no_last_purchase_after_loading()
    {
        var receipt = Receipt.Of(March, Channel.Pos, Receipt.Return(-5_00));
        await Rows.CommitAsync(database, transaction => new ActivityRows(new ActivityMemory()).Apply([Receipt.Consumed(Anna, receipt, 1, March)], transaction));

        var row = (await ActivityRows.ReadAsync(database, 0, CancellationToken.None)).Single();

        Assert.That(row, Is.EqualTo((Anna, CustomerActivity.Of(receipt, 1))));
    }

    [Test]
    public async Task Anonymous_receipts_and_other_facts_write_no_row()
    {
        var anonymous = Receipt.Of(March, Channel.Pos, Receipt.Sale(5_00));
        anonymous.Anonymous = true;
        ConsumedFact[] facts = [Receipt.Consumed(Anna, anonymous, 1, March), Receipt.Consumed(Anna, new CustomerRegistered(), 2, March)];

        var statements = 0;
        await Rows.CommitAsync(database, transaction =>
        {
            new ActivityRows(new ActivityMemory()).Apply(facts, transaction);
            statements = transaction.BatchCommands.Count;
        });

        Assert.That(statements, Is.Zero);
    }

    [Test]
    public async Task Figures_count_tags_held_in_total_and_per_tag_over_all_partitions()
    {
        await Rows.CommitAsync(database, transaction => new TagCounts().Apply(
            [
                Recorded(1, new TagAdded("a/x", "r", 1, "", March)),
                Recorded(1, new TagAdded("a/y", "r", 1, "", March)),
                Recorded(2, new TagAdded("a/y", "r", 1, "", March)),
            ],
            transaction));
        await Rows.CommitAsync(database, transaction => new TagCounts().Apply([Recorded(2, new TagRemoved("a/y", "r", 1, "", March))], transaction));

        var figures = await TagCounts.ReadAsync(database, CancellationToken.None);
        Assert.That(figures, Is.EqualTo(new Figure[] { new("tags held", 2), new("a/x", 1), new("a/y", 1) }));
    }

    private static RecordedEvent Recorded(int partition, DomainEvent happened) =>
        new(partition, 1, Anna, Anna, 1, March, happened, EventMetadata.None);
}
