using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Tagging;

namespace Patron.Services.Tests.Tagging;

internal sealed class ActivityMemoryTests
{
    private static readonly DateTimeOffset March = new(2011, 3, 1, 10, 0, 0, TimeSpan.Zero);
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");

    [Test]
    public void A_receipt_that_comes_again_counts_once_and_is_looked_at_again()
    {
        var memory = Loaded();
        memory.Count(0, Anna, Sold(1));
        memory.Count(0, Anna, Sold(2));

        var again = memory.Count(0, Anna, Sold(2));

        Assert.That((again.After.Purchases, again.LookAgain), Is.EqualTo((2, true)));
    }

    [Test]
    public void The_first_receipt_after_loading_is_looked_at_because_rules_may_have_changed()
    {
        var memory = Loaded();

        Assert.That(memory.Count(0, Anna, Sold(1)).LookAgain, Is.True);
        Assert.That(memory.Count(0, Anna, Sold(2)).LookAgain, Is.False);
    }

    [Test]
    public void Loading_replaces_what_a_lost_transaction_had_counted()
    {
        var memory = Loaded();
        memory.Count(0, Anna, Sold(1));

        memory.Put(0, []);

        Assert.That(memory.Count(0, Anna, Sold(1)).After.Purchases, Is.EqualTo(1));
    }

    [Test]
    public void A_partition_that_is_not_loaded_refuses_to_count() =>
        Assert.That(() => Loaded().Count(1, Anna, Sold(1)), Throws.InvalidOperationException);

    private static ActivityMemory Loaded()
    {
        var memory = new ActivityMemory();
        memory.Put(0, []);
        return memory;
    }

    private static CustomerActivity Sold(long position) => CustomerActivity.Of(Receipt.Of(March, Channel.Pos, Receipt.Sale(10_00)), position);
}
