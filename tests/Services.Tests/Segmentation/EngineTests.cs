using NUnit.Framework;
using Patron.Contracts.Ingest.V1;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Segmentation;
using Patron.Services.Tests.Tagging;

namespace Patron.Services.Tests.Segmentation;

internal sealed class EngineTests
{
    private static readonly DateTimeOffset May = BrandDaysTests.At("2011-05-01T10:00:00Z");
    private static readonly Guid Anna = new("0b6f7a52-5f0e-7000-8000-000000000001");
    private static readonly Guid Ben = new("0b6f7a52-5f0e-7000-8000-000000000002");

    [Test]
    public void The_first_purchase_enters_segments_and_schedules_scans_and_the_next_costs_nothing()
    {
        var engine = Loaded();

        Assert.That(Buy(engine, Anna, 1, May).Select(command => command.Kind), Is.EqualTo(new StreamKind[] { Memberships.Kind, Scans.Kind }));
        Assert.That(Buy(engine, Anna, 2, May.AddDays(1)), Has.Count.EqualTo(1), "no longer a first-time buyer");
        Assert.That(Buy(engine, Anna, 3, May.AddDays(1)), Is.Empty);
        Assert.That(Decide(engine, Memberships.None, Anna).Cast<SegmentEntered>().Select(entered => (entered.Segment, entered.Reason)), Is.EqualTo(new[]
        {
            ("new", "first purchase 1 day ago"),
            ("active", "last purchase today"),
            ("repeat-buyer", "3 purchases"),
        }));
    }

    [Test]
    public void A_fact_that_comes_again_issues_its_commands_again_because_its_transaction_may_be_lost()
    {
        var engine = Loaded();
        Buy(engine, Anna, 1, May);

        Assert.That(Buy(engine, Anna, 1, May).Select(command => command.Stream), Does.Contain(Anna));
        Assert.That(engine.Find(Anna)!.Read(Anna).Purchases, Is.EqualTo(1));
    }

    [Test]
    public void A_scan_issues_a_command_for_each_customer_whom_time_has_moved_and_for_nobody_else()
    {
        var engine = Loaded();
        Buy(engine, Anna, 1, May);
        Buy(engine, Ben, 1, May.AddDays(40));
        var due = BrandDaysTests.At("2011-06-11T02:00:00Z");
        var timer = new DueTimer(engine.ScanStreams.Of(0), engine.ScanStreams.Of(0), "scan", due);

        Assert.That(engine.Scan(timer, due).Skip(1).Select(command => command.Customer), Is.EqualTo(new[] { Anna }), "Anna is not new any more");
        Assert.That(engine.Scan(timer, due).Skip(1).Select(command => command.Customer), Is.EqualTo(new[] { Anna }), "The same timer again");
        var next = timer with { Due = due.AddDays(1) };
        Assert.That(engine.Scan(next, next.Due).Select(command => command.Kind), Is.EqualTo(new[] { Scans.Kind }));
    }

    [Test]
    public void A_scan_records_when_it_evaluated_and_sets_the_next_by_the_clocks_of_the_brand()
    {
        var scan = new ScanOutcome(BrandDaysTests.At("2011-10-29T02:00:00Z"), 7, [Anna]);

        var scanned = ScanPartition.Record(scan, BrandDaysTests.London, new TimeOnly(3, 0)).Events.Single();

        Assert.That(scanned, Is.EqualTo(new Scanned(BrandDaysTests.At("2011-10-29T02:00:00Z"), BrandDaysTests.At("2011-10-30T03:00:00Z"), 7, 1)));
        Assert.That(ScanPartition.Timers(new RecordedEvent(0, 1, Anna, Anna, 1, May, scanned, EventMetadata.None)), Is.EqualTo(new[]
        {
            TimerChange.Set("scan", BrandDaysTests.At("2011-10-30T03:00:00Z")),
        }));
    }

    [Test]
    public void Scans_are_scheduled_once()
    {
        var scheduled = ScanPartition.Schedule(Scans.None, May, BrandDaysTests.London, new TimeOnly(3, 0)).Events;

        Assert.That(scheduled, Is.EqualTo(new[] { new ScansScheduled(BrandDaysTests.At("2011-05-02T02:00:00Z")) }));
        Assert.That(ScanPartition.Schedule(Scans.Kind.Fold(scheduled), May, BrandDaysTests.London, new TimeOnly(3, 0)).Events, Is.Empty);
    }

    [Test]
    public void Every_partition_has_a_scan_stream_of_its_own_that_falls_on_it()
    {
        var streams = new ScanStreams(64);
        var ids = Enumerable.Range(0, 64).Select(streams.Of).ToList();

        Assert.That(ids.Select(id => CustomerPartition.Of(id, 64)), Is.EqualTo(Enumerable.Range(0, 64)));
        Assert.That(ids, Is.EqualTo(Enumerable.Range(0, 64).Select(new ScanStreams(64).Of)), "The same after a restart");
    }

    [Test]
    public void A_rebuilt_partition_has_the_same_memberships_and_nothing_to_say()
    {
        var world = new SegmentWorld(seed: 5);
        var customers = world.Customers(400, May);
        var facts = world.Facts(customers, May);
        var engine = Loaded();
        var consumed = new Consumed(engine);
        var memberships = customers.ToDictionary(story => story.Customer, _ => Memberships.None);
        var live = engine.NewPartition();
        foreach (var fact in facts)
            consumed.Apply(live, fact.Customer, fact.Envelope, fact.Value);
        live.Scan(May, May);
        foreach (var (customer, state) in memberships.ToList())
            memberships[customer] = Fold(state, live.Decide(state, customer).Events);
        var rebuilt = engine.NewPartition();
        foreach (var (customer, state) in memberships)
        {
            foreach (var held in state.Held)
                rebuilt.Restore(customer, held.Segment);
        }

        // Topic by topic, as a rebuild may well read them.
        foreach (var fact in facts.OrderBy(fact => fact.Source))
            consumed.Apply(rebuilt, fact.Customer, fact.Envelope, fact.Value);
        rebuilt.RestoreScans(new Scans(May, May.AddDays(1)));

        Assert.That(memberships.Values.Sum(state => state.Held.Count), Is.GreaterThan(400));
        Assert.That(customers.Select(story => Told(rebuilt, story)), Is.EqualTo(customers.Select(story => Told(live, story))));
        Assert.That(rebuilt.Scan(May.AddSeconds(1), May).Changed, Is.Empty);
        Assert.That(memberships.SelectMany(state => rebuilt.Decide(state.Value, state.Key).Events), Is.Empty);
    }

    [Test]
    public void Facts_one_by_one_leave_nothing_to_a_scan_of_the_same_day()
    {
        var world = new SegmentWorld(seed: 6);
        var customers = world.Customers(300, May);
        var engine = Loaded(RuledBy(seed: 6));
        var subscriptions = new Consumed(engine).Subscriptions;

        // All are told on the same day, so that no day passes that only a scan would see.
        foreach (var fact in world.Facts(customers, May))
        {
            var context = Receipt.Context(fact.Customer, fact.Fact, fact.Position, May);
            _ = subscriptions[(int)fact.Source].CommandsOf(fact.Value, context).ToList();
        }

        Assert.That(engine.Find(Anna)!.Scan(May, May).Changed, Is.Empty);
    }

    [Test]
    public void A_fact_evaluates_only_what_needs_it()
    {
        var catalog = new SegmentCatalog(
        [
            .. ReadyMade.Segments, new("tagged", "", new Tagged("x")), new("poor", "", new NumberBetween(NumberColumn.Points, null, 9)),
            new("poor-vip", "", new InSegment("vip")),
        ]);

        Assert.That(
            catalog.Segments.ToDictionary(segment => segment.Name, segment => NeedsOfRules.Of(segment.Rule, catalog)),
            Is.SupersetOf(new Dictionary<string, Needs>
            {
                ["active"] = Needs.Purchases | Needs.Today,
                ["tagged"] = Needs.Tags,
                ["poor"] = Needs.Points,
                ["poor-vip"] = Needs.Tier | Needs.Purchases | Needs.Today,
            }));
    }

    [Test]
    public void A_customer_in_a_segment_that_no_longer_exists_leaves_it_at_the_next_scan()
    {
        var engine = Loaded();
        var partition = engine.Find(Anna)!;
        partition.Restore(Anna, "gone");

        Assert.That(partition.Scan(May, May).Changed, Is.EqualTo(new[] { Anna }));
        Assert.That(partition.Scan(May.AddDays(1), May.AddDays(1)).Changed, Is.Empty);
    }

    private static string Told(SegmentedPartition partition, Story story) => StoredEventExamples.Tell(partition.Read(story.Customer));

    private static Memberships Fold(Memberships state, IReadOnlyList<DomainEvent> events) => events.Aggregate(state, Memberships.Evolve);

    private static List<SegmentDefinition> RuledBy(int seed)
    {
        var rules = new RandomRules(seed, DateOnly.FromDateTime(May.DateTime));
        return [.. Enumerable.Range(0, 60).Select(i => new SegmentDefinition($"random-{i}", "", rules.Next([])))];
    }

    private static SegmentEngine Loaded(IReadOnlyList<SegmentDefinition>? segments = null)
    {
        var catalog = new SegmentCatalog(segments ?? ReadyMade.Segments);
        var engine = new SegmentEngine(BrandDaysTests.London, new Explanation(catalog, "GBP"), partitionCount: 1, new TimeOnly(3, 0));
        engine.Put(0, engine.NewPartition());
        return engine;
    }

    private static IReadOnlyList<Command> Buy(SegmentEngine engine, Guid customer, long position, DateTimeOffset at)
    {
        var receipt = Receipt.Of(at, Channel.Pos, Receipt.Sale(10_00));
        return engine.Handle(
            Receipt.Context(customer, receipt, position, at), Source.Profile, Needs.Purchases,
            (columns, row) => columns.Add(row, engine.PurchasesOf(receipt, at)));
    }

    private static IReadOnlyList<DomainEvent> Decide(SegmentEngine engine, Memberships memberships, Guid customer) =>
        engine.Find(customer)!.Decide(memberships, customer).Events;
}
