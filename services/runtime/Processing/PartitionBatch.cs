using System.Diagnostics;
using Google.Protobuf;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>
/// Builds the transaction for what was read of one partition over all topics: skips repeats, sees gaps, waits for watermarks, parks
/// poison, and maps the rest to commands.
/// </summary>
internal sealed class PartitionBatch(ServiceDefinition definition, OwnedPartition partition, int recordsMax, int partitions)
{
    private const string BehindAnother = "An earlier record of this customer is parked.";

    private readonly Dictionary<string, TopicPlace> places = partition.Places.ToDictionary();
    private readonly List<(UnitOfWork Unit, string Topic, ReadRecord Read, int Place)> units = [];
    private readonly List<(IBatchEffect Effect, ConsumedFact Fact)> facts = [];
    private readonly List<(int Place, string Topic, ReadRecord Read, Guid Customer, string Reason)> parked = [];
    private readonly HashSet<Guid> unmappable = [];
    private readonly Dictionary<Guid, UnitOfWork?> erasures = [];
    private readonly List<string> traceParents = [];
    private bool isFull;

    public int Applied { get; private set; }

    public int Repeated { get; private set; }

    /// <summary>The watermark that stopped this batch short, as a sentence; null when nothing waits.</summary>
    public string? WaitsFor { get; private set; }

    public IReadOnlyDictionary<string, TopicPlace> Places => places;

    /// <summary>What caused the records that were taken, as far as they say.</summary>
    public IEnumerable<ActivityContext> Causes => traceParents.Select(RuntimeTelemetry.ContextOf);

    /// <summary>The topic of all that was taken, or null when there are several.</summary>
    public string? OnlyTopic
    {
        get
        {
            var moved = places.Where(p => partition.Places[p.Key].NextOffset != p.Value.NextOffset).Select(p => p.Key).ToList();
            return moved is [var only] ? only : null;
        }
    }

    /// <summary>The customers that this batch parked; valid after its commit.</summary>
    public IReadOnlyCollection<Guid> NewlyParked =>
        [.. unmappable.Concat(units.Where(u => u.Unit.Fault is not null).Select(u => u.Unit.Customer)).Except(Erased)];

    /// <summary>The customers whose erasure this batch applied; valid after its commit.</summary>
    public IReadOnlyCollection<Guid> Erased => [.. erasures.Where(e => e.Value?.Fault is null).Select(e => e.Key)];

    /// <summary>Takes records off the partition's pending queues for as long as something moves.</summary>
    public void Take()
    {
        if (partition.MissingOf is { } topic && !HasArrived(topic))
            return;
        bool moved;
        do
        {
            moved = false;
            WaitsFor = null;
            foreach (var subscription in definition.Subscriptions)
            {
                if (!partition.Pending.TryGetValue(subscription.Topic.Name, out var queue))
                    continue;
                while (queue.Count > 0 && Applied + Repeated < recordsMax && partition.Stopped is null && !isFull && TryTake(subscription, queue.Peek()))
                {
                    queue.Dequeue();
                    moved = true;
                }
            }
        }
        while (moved && Applied + Repeated < recordsMax && partition.Stopped is null && !isFull);
    }

    /// <summary>Passes over what follows a lost record: it is sent again too, behind the one that is missing.</summary>
    private bool HasArrived(string topic)
    {
        var place = places[topic];
        var queue = partition.Pending.GetValueOrDefault(topic);
        for (; queue?.TryPeek(out var read) == true; queue.Dequeue())
        {
            if (!Envelope.TryRead(read.Record.Headers, out var envelope, out _)
                || (place.StoreEpoch is { } known && known != envelope.StoreEpoch) || envelope.Follows(place.Position))
            {
                partition.Found();
                return true;
            }
        }

        return false;
    }

    public bool TookAny => Applied + Repeated > 0;

    /// <summary>What was taken asks for no command and leaves no row.</summary>
    public bool WritesNothing => units.Count == 0 && facts.Count == 0 && parked.Count == 0 && erasures.Count == 0;

    /// <summary>The transaction of what was taken.</summary>
    public WorkItem ToWorkItem(ActivityContext cause) =>
        new([.. units.Select(u => u.Unit)]) { Moves = MovesTo(partition, places), Effects = WriteEffects, Cause = cause };

    /// <summary>Moves the table from where it is to <paramref name="places"/>.</summary>
    public static IReadOnlyList<OffsetMove> MovesTo(OwnedPartition partition, IReadOnlyDictionary<string, TopicPlace> places) =>
    [
        .. places.Where(p => partition.SavedOffset(p.Key) != p.Value.NextOffset).Select(p => new OffsetMove(
            p.Key, partition.Number, partition.Epoch, partition.SavedOffset(p.Key), p.Value.NextOffset, p.Value.StoreEpoch, p.Value.Position)),
    ];

    private bool TryTake(Subscription subscription, ReadRecord read)
    {
        var topic = subscription.Topic;
        var place = places[topic.Name];
        var keyed = Guid.TryParseExact(read.Record.Key, "D", out var customer);
        if (!Envelope.TryRead(read.Record.Headers, out var envelope, out var whyNot) || !keyed)
        {
            partition.Stop($"{topic.Name}[{partition.Number}]@{read.Offset} is not a fact of Patron: {(keyed ? whyNot : "its key is not a customer id")}.");
            return false;
        }

        if (place.StoreEpoch is { } known && known != envelope.StoreEpoch && !PlantedBug.Is(Bug.StoreEpochIgnored))
        {
            if (partition.Restored.Enter(topic, partition.Number, place, read.Offset, envelope, out var skip) is { } entered)
            {
                place = entered;
            }
            else if (skip)
            {
                places[topic.Name] = place with { NextOffset = read.Offset + 1 };
                Repeated++;
                return true;
            }
            else
            {
                partition.Stop(partition.Restored.StoppedAt!.Reason);
                return false;
            }
        }

        if (place.StoreEpoch is not null && envelope.Position <= place.Position && !PlantedBug.Is(Bug.RepeatsApplied))
        {
            // The relay published it again after a crash.
            places[topic.Name] = place with { NextOffset = read.Offset + 1 };
            Repeated++;
            return true;
        }

        if (!topic.Compacted && !envelope.Follows(place.Position) && !PlantedBug.Is(Bug.PreviousIgnored))
        {
            partition.Miss(
                topic.Name,
                $"{topic.Name}[{partition.Number}]@{read.Offset} follows position {envelope.Previous} and {place.Position} was applied last: "
                + $"a record was lost on the way. Have the relay of {envelope.Source} resend from position {place.Position}.");
            return false;
        }

        foreach (var (other, position) in envelope.Watermarks)
        {
            if (other != topic.Name && places.TryGetValue(other, out var seen) && seen.Position < position
                && !partition.Restored.HasReached(other, position))
            {
                WaitsFor = $"{topic.Name}[{partition.Number}]@{read.Offset} waits for position {position} of {other}, which is at {seen.Position}";
                return false;
            }
        }

        if (subscription.Follows(envelope.Type))
        {
            // A link changes where the customer's other records go, so it has a transaction of its own.
            isFull = true;
            if (TookAny)
                return false;
        }

        if (!Apply(subscription, read, customer, envelope))
            return false;
        places[topic.Name] = new TopicPlace(read.Offset + 1, envelope.StoreEpoch, envelope.Position);
        if (envelope.TraceParent is { } traceParent)
            traceParents.Add(traceParent);
        Applied++;
        return true;
    }

    private bool Apply(Subscription subscription, ReadRecord read, Guid customer, Envelope envelope)
    {
        var topic = subscription.Topic.Name;
        var erases = envelope.Type == subscription.Erasure;
        if (!erases && (partition.IsErased(customer) || erasures.ContainsKey(customer)))
            return true;
        if (!erases && (partition.IsParked(customer) || unmappable.Contains(customer)) && !PlantedBug.Is(Bug.ParkedOvertaken))
        {
            parked.Add((Applied, topic, read, customer, BehindAnother));
            return true;
        }

        if (partition.ParkNext is { } refused)
        {
            unmappable.Add(customer);
            parked.Add((Applied, topic, read, customer, refused));
            return true;
        }

        var leadsNowhere = subscription.Ignores(envelope.Type);
        if (leadsNowhere && subscription.Effect is null)
            return true;
        var metadata = leadsNowhere ? EventMetadata.None : MetadataAt(topic, envelope);
        var context = new FactContext(customer, topic, partition.Number, read.Offset, envelope, metadata);
        var commands = new List<Command>();
        LinkChange? link = null;
        try
        {
            if (!leadsNowhere && read.Record.Value is { } value)
            {
                link = subscription.LinkOf(value, context);
                commands.AddRange(subscription.CommandsOf(value, context));
            }
        }
        catch (UnknownFactException unknown)
        {
            partition.Stop(unknown.Message);
            return false;
        }
#pragma warning disable CA1031 // Whatever a record's handling throws parks that record's customer and nothing else.
        catch (Exception fault)
#pragma warning restore CA1031
        {
            unmappable.Add(customer);
            parked.Add((Applied, topic, read, customer, Sentence(fault)));
            return true;
        }

        if (subscription.Effect is { } effect)
            facts.Add((effect, new ConsumedFact(context, read.Record.Value)));
        var unit = commands.Count > 0 || link is not null
            ? new UnitOfWork(commands) { Customer = customer, FaultsParkCustomer = !erases, Link = link, Metadata = metadata }
            : null;
        if (unit is not null)
            units.Add((unit, topic, read, Applied));
        if (erases)
            erasures[customer] = unit;
        return true;
    }

    /// <summary>What commands that follow from a record say of their cause: with it this much had been seen of each topic.</summary>
    private EventMetadata MetadataAt(string topic, Envelope envelope)
    {
        var seen = places.Where(p => p.Value.Position > 0).ToDictionary(p => p.Key, p => p.Value.Position);
        seen[topic] = envelope.Position;
        return new EventMetadata { TraceParent = envelope.TraceParent, Backfill = envelope.Backfill, Watermarks = seen };
    }

    /// <summary>Runs after the decisions of the transaction, each time it is tried: what faulted is parked instead of applied.</summary>
    private void WriteEffects(NpgsqlBatch transaction)
    {
        var faulted = units.Where(u => u.Unit.Fault is not null)
            .Select(u => (u.Place, u.Topic, u.Read, u.Unit.Customer, Reason: Sentence(u.Unit.Fault!)))
            .ToList();
        var skipped = faulted.Select(f => (f.Topic, f.Read.Offset)).ToHashSet();
        foreach (var effect in facts.Where(f => !skipped.Contains((f.Fact.Context.Topic, f.Fact.Context.Offset))).GroupBy(f => f.Effect))
            effect.Key.Apply([.. effect.Select(f => f.Fact)], transaction);

        // In the order in which they were taken, which is the one in which they have to be replayed.
        var inOrder = parked.Concat(faulted).OrderBy(p => p.Place).ToList();
        ParkedRecords.Write(
            transaction,
            [
                .. inOrder.Select(p => (p.Topic, partition.Number, p.Read, p.Customer, p.Reason)),
                .. inOrder.Select(p => (p.Customer, Change: LinkOf(p.Topic, p.Read, p.Customer))).Where(p => p.Change is not null)
                    .Select(p => ParkedRecords.Waiting(p.Change!, CustomerPartition.Of(p.Change!.Other, partitions))),
            ]);
        definition.Erased.Write(transaction, partition.Number, Erased);
    }

    /// <summary>What a record that is parked would have linked; null for nothing, or for what cannot be read.</summary>
    private LinkChange? LinkOf(string topic, ReadRecord read, Guid customer)
    {
        var subscription = definition.Subscriptions.First(s => s.Topic.Name == topic);
        if (read.Record.Value is not { } value || !Envelope.TryRead(read.Record.Headers, out var envelope, out _) || !subscription.Follows(envelope.Type))
            return null;
        try
        {
            return subscription.LinkOf(value, new FactContext(customer, topic, partition.Number, read.Offset, envelope, EventMetadata.None));
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or FormatException)
        {
            return null;
        }
    }

    internal static string Sentence(Exception fault) => fault is BehindAnotherException ? BehindAnother : $"{fault.GetType().Name}: {fault.Message}";
}
