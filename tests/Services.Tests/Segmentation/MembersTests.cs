using Npgsql;
using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;
using Patron.Testing;

namespace Patron.Services.Tests.Segmentation;

/// <summary>Who is in which segment, as rows on PostgreSQL.</summary>
internal sealed class MembersTests
{
    private static readonly DateTimeOffset May = BrandDaysTests.At("2011-05-01T10:00:00Z");
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");
    private static readonly Guid Ben = new("0b6f7a52-5f0e-7000-8000-000000000002");

    private NpgsqlDataSource database = null!;
    private TestDatabase postgres = null!;

    [SetUp]
    public async Task CreateTables() => (postgres, database) = await Rows.OpenAsync(Members.Schema);

    [TearDown]
    public async Task DropTables()
    {
        await database.DisposeAsync();
        await postgres.DisposeAsync();
    }

    [Test]
    public async Task Entering_and_leaving_moves_members_and_sizes()
    {
        await Commit(Entered(1, Anna, "active"), Entered(1, Ben, "active"), Entered(2, Ben, "vip"));
        await Commit(Left(1, Anna, "active"), Entered(1, Anna, "dormant"));

        Assert.That(await Members.ReadAsync(database, 1, CancellationToken.None), Is.EquivalentTo(new[] { (Ben, "active"), (Anna, "dormant") }));
        Assert.That(await Members.FlowsAsync(database, CancellationToken.None), Is.EqualTo(new SegmentFlow[]
        {
            new("active", 1, 2, 1),
            new("dormant", 1, 1, 0),
            new("vip", 1, 1, 0),
        }));
    }

    [Test]
    public async Task Who_enters_and_leaves_in_one_transaction_is_where_the_last_event_left_them()
    {
        await Commit(Entered(1, Anna, "active"), Left(1, Anna, "active"), Entered(1, Ben, "active"), Left(1, Ben, "active"), Entered(1, Ben, "active"));

        Assert.That(await Members.ReadAsync(database, 1, CancellationToken.None), Is.EqualTo(new[] { (Ben, "active") }));
        Assert.That(await Members.FlowsAsync(database, CancellationToken.None), Is.EqualTo(new[] { new SegmentFlow("active", 1, 3, 2) }));
    }

    private Task Commit(params RecordedEvent[] events) => Rows.CommitAsync(database, transaction => new Members().Apply(events, transaction));

    private static RecordedEvent Entered(int partition, Guid customer, string segment) =>
        new(partition, 1, customer, customer, 1, May, new SegmentEntered(segment, "", May), EventMetadata.None);

    private static RecordedEvent Left(int partition, Guid customer, string segment) =>
        new(partition, 1, customer, customer, 1, May, new SegmentLeft(segment, "", May), EventMetadata.None);
}
