using NUnit.Framework;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Tests.Processing;

/// <summary>When processes that know only their own part count as quiet together.</summary>
internal sealed class WorkLookTests
{
    private static readonly DateTimeOffset Noon = new(2024, 1, 10, 12, 0, 0, TimeSpan.Zero);
    private static readonly WorkState Producer = Of("shop", ends: [5, 0]);
    private static readonly WorkState Reader = Of("counter", ends: [3, 0], places: [5, 0]);

    [Test]
    public void All_is_quiet_when_every_record_is_published_and_read() =>
        Assert.That(WhyBusy(Producer, Reader), Is.Null);

    [Test]
    public void A_record_that_only_its_producer_knows_of_makes_busy() =>
        Assert.That(WhyBusy(Producer with { Ends = Table([6, 0]) }, Reader), Is.EqualTo("counter has read facts[0] to 5 of 6"));

    [Test]
    public void Work_at_hand_makes_busy_and_views_count_only_when_asked_for()
    {
        Assert.That(WhyBusy(Producer, Reader with { Idle = false, CaughtUp = false }), Is.EqualTo("counter has work at hand"));
        Assert.That(WhyBusy(Producer, Reader with { CaughtUp = false }), Is.Null);
        Assert.That(WorkLook.WhyBusy([Producer, Reader with { CaughtUp = false }], views: true), Is.EqualTo("counter has work at hand"));
    }

    [Test]
    public void Two_instances_are_quiet_together_when_each_partition_has_an_owner_who_read_it()
    {
        var first = Reader with { Published = [0, -1], Places = Table([5, -1]) };
        var second = Reader with { Published = [-1, 0], Places = Table([-1, 0]) };

        Assert.That(WhyBusy(Producer, first, second), Is.Null);
        Assert.That(WhyBusy(Producer, first), Is.EqualTo("partition 1 of counter is on its way to another instance"));
    }

    [Test]
    public void What_one_instance_committed_must_be_published_by_the_owner()
    {
        var owner = Reader with { Published = [7, 0], Committed = [7, 0] };
        var other = Reader with { Published = [-1, -1], Places = Table([-1, -1]), Committed = [8, 0] };

        Assert.That(WhyBusy(Producer, owner, other), Is.EqualTo("counter has not published position 8 of partition 0"));
    }

    [Test]
    public void The_next_timer_is_the_earliest_of_all_that_is_still_to_come()
    {
        var work = new[] { Producer, Reader with { NextDue = Noon }, Reader with { NextDue = Noon.AddHours(2) } };

        Assert.That(WorkLook.NextDue(work, Noon.AddHours(-1)), Is.EqualTo(Noon));
        Assert.That(WorkLook.NextDue(work, Noon), Is.EqualTo(Noon.AddHours(2)));
        Assert.That(WorkLook.NextDue([Producer], Noon), Is.Null);
    }

    private static string? WhyBusy(params IReadOnlyList<WorkState> work) => WorkLook.WhyBusy(work, views: false);

    private static WorkState Of(string service, long[] ends, long[]? places = null) => new(
        service, Idle: true, CaughtUp: true, Troubles: [], NextDue: null, Activity: 0, Committed: [0, 0], Published: [0, 0], Table(ends),
        places is null ? new Dictionary<string, IReadOnlyList<long>>() : Table(places));

    private static Dictionary<string, IReadOnlyList<long>> Table(long[] row) => new() { ["facts"] = row };
}
