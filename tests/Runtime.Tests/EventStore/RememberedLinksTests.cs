using NUnit.Framework;
using Patron.Runtime.EventStore;
using Patron.Runtime.Tests.Processing;

namespace Patron.Runtime.Tests.EventStore;

/// <summary>
/// A lane decides on the states that it remembers before it holds any lock. Where the customers were merged or split meanwhile, that decision
/// is thrown away and made again, on the stream to which the command belongs then.
/// </summary>
[Parallelizable(ParallelScope.All)]
[CancelAfter(60_000)]
internal sealed class RememberedLinksTests
{
    private const int AnnesPartition = 1;

    /// <summary>The till goes along with a merge.</summary>
    private static readonly HandoverRules TillGoesAlong = new(
        merge => Till.Kind.Handover(merge.Customer, merge.Root, (from, _) => new Sold(from.Total), from => new Sold(-from.Total)), _ => []);

    // No event is appended with the link, so the heads' positions do not tell of it.
    [TestCase(true, 1)]
    [TestCase(true, 2)]
    [TestCase(false, 1)]
    [TestCase(false, 2)]
    public async Task What_was_decided_for_a_customer_who_is_merged_away_is_decided_anew_for_the_other(
        bool isOneProcess, int annasPartition, CancellationToken cancellation)
    {
        await using var lanes = await TwoLanes.StartAsync(isOneProcess, HandoverRules.Nothing, cancellation);
        var (anne, anna) = (lanes.CustomerIn(AnnesPartition), lanes.CustomerIn(annasPartition));
        await lanes.SellAsync(anne, cancellation);
        await lanes.SellAsync(anna, cancellation);
        await lanes.MergeAsync(anne, anna, cancellation);
        lanes.Decided.Clear();

        var sold = await lanes.SellAsync(anne, cancellation);

        Assert.That(lanes.Decided, Is.EqualTo(new[] { (anne, 1), (anna, 1) }), "on what was remembered, then on what holds");
        Assert.That((sold.Stream, sold.Customer, sold.Version), Is.EqualTo((anna, anna, 2)));
        Assert.That(await lanes.SalesAsync(anne, cancellation), Is.EqualTo(1));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task What_was_decided_for_the_other_is_decided_anew_when_that_one_is_merged_away_too(bool isOneProcess, CancellationToken cancellation)
    {
        await using var lanes = await TwoLanes.StartAsync(isOneProcess, HandoverRules.Nothing, cancellation);
        var (anne, anna, ann) = (lanes.CustomerIn(AnnesPartition), lanes.CustomerIn(2), lanes.CustomerIn(3));
        await lanes.MergeAsync(anne, anna, cancellation);
        await lanes.SellAsync(anne, cancellation);
        await lanes.MergeAsync(anna, ann, cancellation);
        lanes.Decided.Clear();

        var sold = await lanes.SellAsync(anne, cancellation);

        Assert.That(lanes.Decided, Is.EqualTo(new[] { (anna, 1), (ann, 0) }));
        Assert.That((sold.Stream, sold.Customer, sold.Version), Is.EqualTo((ann, ann, 1)));
        Assert.That(await lanes.SalesAsync(anna, cancellation), Is.EqualTo(1));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task What_was_decided_for_the_other_is_decided_anew_for_a_customer_who_was_split_off(bool isOneProcess, CancellationToken cancellation)
    {
        await using var lanes = await TwoLanes.StartAsync(isOneProcess, HandoverRules.Nothing, cancellation);
        var (anne, anna) = (lanes.CustomerIn(AnnesPartition), lanes.CustomerIn(2));
        await lanes.MergeAsync(anne, anna, cancellation);
        await lanes.SellAsync(anne, cancellation);
        await lanes.SplitAsync(anne, anna, cancellation);
        lanes.Decided.Clear();

        var sold = await lanes.SellAsync(anne, cancellation);

        Assert.That(lanes.Decided, Is.EqualTo(new[] { (anna, 1), (anne, 0) }));
        Assert.That((sold.Stream, sold.Customer, sold.Version), Is.EqualTo((anne, anne, 1)));
        Assert.That(await lanes.SalesAsync(anna, cancellation), Is.EqualTo(1));
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task Whoever_takes_the_others_over_is_decided_on_with_what_came_along(bool isOneProcess, CancellationToken cancellation)
    {
        await using var lanes = await TwoLanes.StartAsync(isOneProcess, TillGoesAlong, cancellation);
        var (anne, anna) = (lanes.CustomerIn(AnnesPartition), lanes.CustomerIn(2));
        await lanes.SellAsync(anne, cancellation);
        await lanes.SellAsync(anna, cancellation);
        await lanes.MergeAsync(anne, anna, cancellation);
        lanes.Decided.Clear();

        var sold = await lanes.SellAsync(anna, cancellation);

        Assert.That(lanes.Decided, Is.EqualTo(new[] { (anna, 1), (anna, 2) }));
        Assert.That((sold.Stream, sold.Version), Is.EqualTo((anna, 3)));
    }

    [Test]
    public async Task A_lane_does_not_believe_what_it_remembers_of_customers_whom_it_merged_itself(CancellationToken cancellation)
    {
        await using var lanes = await TwoLanes.StartAsync(isOneProcess: true, TillGoesAlong, cancellation);
        var (anne, anna) = (lanes.CustomerIn(AnnesPartition), lanes.CustomerIn(2));
        await lanes.SellAsync(anne, cancellation);
        await lanes.SellAsync(anna, cancellation);
        lanes.Decided.Clear();

        var sold = await lanes.MergeAndSellAsync(anne, anna, cancellation);

        Assert.That(lanes.Decided, Is.EqualTo(new[] { (anna, 2) }));
        Assert.That((sold.Stream, sold.Version), Is.EqualTo((anna, 3)));
    }

    [Test]
    public async Task A_record_does_not_pass_the_parked_records_of_whom_its_customer_is_merged_into(CancellationToken cancellation)
    {
        await using var lanes = await TwoLanes.StartAsync(isOneProcess: true, HandoverRules.Nothing, cancellation);
        var (anne, anna) = (lanes.CustomerIn(AnnesPartition), lanes.CustomerIn(2));
        await lanes.MergeAsync(anne, anna, cancellation);
        Assert.That(await lanes.SellByRecordAsync(anne, cancellation), Is.Null);
        await lanes.ParkAsync(anna, cancellation);
        lanes.Decided.Clear();

        var fault = await lanes.SellByRecordAsync(anne, cancellation);

        Assert.That(lanes.Decided, Is.EqualTo(new[] { (anna, 1) }), "on what was remembered, and not again");
        Assert.That(fault, Is.InstanceOf<OtherParkedException>());
        Assert.That(await lanes.SalesAsync(anna, cancellation), Is.EqualTo(1));
    }
}
