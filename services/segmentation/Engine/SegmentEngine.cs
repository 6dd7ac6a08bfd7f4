using System.Collections.Concurrent;
using Patron.Contracts.Profile.V1;
using Patron.Contracts.Segmentation.V1;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Segmentation.Snapshots;

namespace Patron.Segmentation;

/// <summary>The owned partitions, and the commands that facts and scans of them lead to.</summary>
/// <param name="partitionCount">Partitions of the deployment.</param>
/// <param name="scoring">As a deployment without settings has it where there is none.</param>
internal sealed partial class SegmentEngine(BrandDays days, Explanation explanation, int partitionCount, TimeOnly scanAt, Scoring? scoring = null)
{
    private readonly ConcurrentDictionary<int, SegmentedPartition> partitions = [];
    private readonly ScanStreams scanStreams = new(partitionCount);
    private readonly CodeBooks books = new() { Scoring = scoring ?? Scoring.Standard };

    private readonly Lock redefining = new();

    public SegmentCatalog Catalog => Explanation.Catalog;

    /// <summary>Goes with the catalogue that is in force.</summary>
    public Explanation Explanation { get; private set; } = explanation;

    public ScanStreams ScanStreams => scanStreams;

    /// <summary>An empty partition, to be filled and then put in place by <see cref="Put"/>.</summary>
    public SegmentedPartition NewPartition() => new(books, days, Explanation);

    /// <summary>Copies the columns of an owned partition.</summary>
    public void Keep(int partition, SnapshotCopy into) => Owned(partition).Keep(into);

    public void Put(int partition, SegmentedPartition loaded)
    {
        lock (redefining)
        {
            // Somebody may have changed a segment while it was loaded.
            loaded.Redefine(Explanation);
            partitions[partition] = loaded;
        }
    }

    /// <summary>
    /// Other segments are in force from now on. Answers commands that have the owned partitions evaluated soon; until then facts neither enter
    /// nor leave a segment whose rule is another one now.
    /// </summary>
    public IReadOnlyList<Command> Redefine(SegmentCatalog catalog, DateTimeOffset now)
    {
        lock (redefining)
        {
            Explanation = Explanation.With(catalog);
            var commands = new List<Command>();
            foreach (var (number, partition) in partitions)
            {
                partition.Redefine(Explanation);
                commands.Add(Hasten(number, now));
            }

            return commands;
        }
    }

    public Scoring Scoring => books.Scoring;

    /// <summary>Another version of scores is in force from now on; what it moves is moved as by <see cref="Redefine"/>.</summary>
    public IReadOnlyList<Command> Rescore(ScoreVersion version, DateTimeOffset now)
    {
        lock (redefining)
        {
            books.Scoring.InForce = version;
            return [.. partitions.Where(owned => owned.Value.Rescore()).Select(owned => Hasten(owned.Key, now))];
        }
    }

    /// <summary>The partition of a customer, or null when this instance does not own it.</summary>
    public SegmentedPartition? Find(Guid customer) =>
        partitions.GetValueOrDefault(Runtime.EventLog.CustomerPartition.Of(customer, partitionCount));

    /// <summary>Which of these partitions an answer is of, and the latest day that any of them knows of; 0 when there is none.</summary>
    public (Covered Covered, int Today) Extent(IEnumerable<int> numbers)
    {
        var loaded = Loaded(numbers);
        return (new(loaded.Count, partitionCount), loaded.Select(partition => days.DayOf(partition.AsOf)).DefaultIfEmpty().Max());
    }

    /// <summary>What is known of the customers of these partitions, each partition at its own moment.</summary>
    public CustomersCopy CopyCustomers(IEnumerable<int> numbers)
    {
        var copy = new CustomersCopy();
        Loaded(numbers).ForEach(partition => partition.CopyTo(copy));
        return copy;
    }

    public int PartitionCount => partitionCount;

    /// <summary>The day of a moment in the brand's zone.</summary>
    public int DayOf(DateTimeOffset now) => days.DayOf(now);

    /// <summary>Of each of these partitions that is loaded, how many customers there are and of how many the rule holds.</summary>
    public IReadOnlyList<Counted> Count(Clause rule, IEnumerable<int> numbers)
    {
        var owned = Loaded(numbers);
        var counts = new Counted[owned.Count];
        Parallel.For(
            0, owned.Count, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            index => counts[index] = owned[index].Count(rule));
        return counts;
    }

    public IReadOnlyList<Footprint> Footprints(IEnumerable<int> numbers) =>
        [.. Loaded(numbers).Select(partition => partition.Footprint)];

    /// <summary>Applies a fact and answers the commands that it leads to: almost always none.</summary>
    /// <param name="touched">What the change may change.</param>
    public IReadOnlyList<Command> Handle(FactContext context, Source source, Needs touched, Action<PartitionColumns, int> change)
    {
        var partition = Owned(context.Partition);
        return Following(context, partition, partition.Apply(context.Customer, source, context.Envelope.Position, context.Envelope.Time, touched, change));
    }

    private List<Command> Following(FactContext context, SegmentedPartition partition, FactOutcome fact)
    {
        var commands = new List<Command>();
        if (partition.Differs(fact))
            commands.Add(ChangeOf(context.Customer, backfill: false));
        if (partition.NeedsScans(fact))
        {
            var (stream, time) = (scanStreams.Of(context.Partition), context.Envelope.Time);
            commands.Add(Scans.Kind.Command(stream, stream, scans => ScanPartition.Schedule(scans, time, days, scanAt)));
        }

        return commands;
    }

    /// <summary>A purchase of a linked customer, or with the identifier of one: counted for whoever that belongs to at that moment.</summary>
    public IReadOnlyList<Command> Count(FactContext context, Guid customer, Purchases receipt)
    {
        var others = Handle(context, Source.Profile, Needs.None, (_, _) => { });
        return
        [
            .. others,
            Memberships.Kind.Command(customer, customer, (memberships, owner) =>
                MergeRows.Count(memberships, customer == owner ? null : customer, receipt)),
        ];
    }

    /// <summary>Another customer is the same person: what this one bought until now joins what that one's reader hands over.</summary>
    public IReadOnlyList<Command> Absorb(FactContext context)
    {
        var own = Owned(context.Partition).Link(context.Customer, context.Envelope.Position);
        return [Memberships.Kind.Command(context.Customer, context.Customer, memberships => MergeRows.Take(memberships, own)) with { LapsesWhenMerged = true }];
    }

    /// <summary>The row of a linked customer changed.</summary>
    public IReadOnlyList<Command> Restate(FactContext context, RowState state)
    {
        var partition = Owned(context.Partition);
        var wasAway = partition.IsAway(context.Customer);
        partition.Differs(partition.Restate(context.Customer, state, context.Envelope.Time));

        // Who is away has left every segment with the merge. Anybody else gets a command whatever the bitmaps say: the topic shows the last of
        // several states, so the one in between may not have been seen.
        if (state.Away)
            return [];

        // Who stands on their own again is where they were: no journey begins because of that.
        return [ChangeOf(context.Customer, backfill: false) with { Metadata = context.Metadata with { Backfill = context.Metadata.Backfill || wasAway } }];
    }

    /// <summary>The customer is merged into another, and leaves every segment.</summary>
    public void Leave(Guid customer) => Find(customer)?.Leave(customer);

    public bool IsLinked(FactContext context) => Owned(context.Partition).IsLinked(context.Customer, context.Envelope.Position);

    /// <summary>What a customer of an owned partition bought until now; from here on it is counted in their stream.</summary>
    public Purchases Link(Guid customer) => Find(customer)?.Link(customer, 0) ?? Purchases.None;

    public Purchases PurchasesOf(PurchaseRecorded fact, DateTimeOffset recordedAt) => Purchases.Of(fact, recordedAt, days);

    public IEnumerable<BoughtLine> LinesOf(BehaviourRecorded fact, DateTimeOffset recordedAt)
    {
        var occurredAt = fact.OccurredAt.ToDateTimeOffset();
        return BehavioursBetween.LinesOf(fact, days.DayOf(occurredAt < recordedAt ? occurredAt : recordedAt));
    }

    /// <summary>The customer was erased: they leave every segment, and nothing of them is kept in memory.</summary>
    public IReadOnlyList<Command> Erase(FactContext context)
    {
        Owned(context.Partition).Erase(context.Customer);
        var at = context.Envelope.Time;
        return [Memberships.Kind.Command(context.Customer, context.Customer, memberships => ChangeMembership.Erase(memberships, at))];
    }

    /// <summary>Evaluates all customers of the timer's partition and answers one command for the scan and one per customer that differs.</summary>
    /// <param name="now">Business time; later than the timer's when the service was down.</param>
    public IReadOnlyList<Command> Scan(DueTimer timer, DateTimeOffset now)
    {
        var partition = Owned(Runtime.EventLog.CustomerPartition.Of(timer.Customer, partitionCount));
        var scan = partition.Scan(timer.Due, now > timer.Due ? now : timer.Due);
        return
        [
            Scans.Kind.Command(timer.Stream, timer.Customer, _ => ScanPartition.Record(scan, days, scanAt)),
            .. scan.Changed.Select(customer => ChangeOf(customer, scan.Redefined.Contains(customer))),
        ];
    }

    /// <summary>
    /// The columns are read when the command is decided, not when it is made: a scan and a fact may be made in one order and committed in
    /// the other, and the later commit must not bring an older evaluation back.
    /// </summary>
    /// <param name="backfill">A rule changed and not the customer, so no journey begins.</param>
    private Command ChangeOf(Guid customer, bool backfill, Func<bool>? owns = null) => Memberships.Kind.Command(
        customer, customer, memberships => owns?.Invoke() != false && Find(customer) is { } partition
            ? partition.Decide(memberships, customer)
            : Decision.Nothing) with
        {
            LapsesWhenMerged = true,
            Metadata = backfill ? EventMetadata.None with { Backfill = true } : EventMetadata.None,
        };

    private Command Hasten(int partition, DateTimeOffset now)
    {
        var stream = scanStreams.Of(partition);
        return Scans.Kind.Command(stream, stream, scans => ScanPartition.Hasten(scans, now));
    }

    /// <summary>A partition that another instance reads by now may still be among those in memory, so callers say which they own.</summary>
    private List<SegmentedPartition> Loaded(IEnumerable<int> numbers) =>
        [.. numbers.Select(number => partitions.GetValueOrDefault(number)).OfType<SegmentedPartition>()];

    private SegmentedPartition Owned(int partition) =>
        partitions.GetValueOrDefault(partition) ?? throw new InvalidOperationException($"Partition {partition} is not loaded.");
}
