using Patron.Runtime.EventStore;

namespace Patron.Journey;

/// <summary>All that runs goes on for the customer who is the same person; timers and send ids stay what they are.</summary>
[EventName("journey.handed-over.v1")]
internal sealed record JourneysHandedOver(Guid Into, Guid Link, long Version, IReadOnlyList<Guid> Instances) : JourneyEvent;

/// <summary>What another customer was on goes on here, with its origin.</summary>
[EventName("journey.joined.v1")]
internal sealed record JourneysJoined(
    Guid Customer, Guid Link, long Version, IReadOnlyList<Instance> Instances, IReadOnlyList<LastEntry> Entries) : JourneyEvent;

/// <summary>A customer turned out to be another person: what is still running of these origins went back.</summary>
[EventName("journey.given-back.v1")]
internal sealed record JourneysGivenBack(
    Guid Customer, Guid Link, long Version, IReadOnlyList<Guid> Origins, IReadOnlyList<Guid> Instances) : JourneyEvent;

[EventName("journey.reopened.v1")]
internal sealed record JourneysReopened(
    Guid From, Guid Link, long Version, IReadOnlyList<Instance> Instances, IReadOnlyList<LastEntry> Entries) : JourneyEvent;

/// <summary>Of two instances of a journey that nobody enters twice, the older one runs and this one rests.</summary>
[EventName("journey.suspended.v1")]
internal sealed record Suspended(Guid Instance, string Journey, string Reason) : JourneyEvent;

/// <summary>The instance goes on where it rested; what it waited for until then may be over.</summary>
[EventName("journey.resumed.v1")]
internal sealed record Resumed(Guid Instance, string Journey, DateTimeOffset? Until, string Reason) : JourneyEvent;

/// <summary>When a customer last entered a journey; null is the traveller's own.</summary>
internal sealed record LastEntry(Guid? Origin, string Journey, DateTimeOffset At);

/// <summary>Two customers are one person, or are not after all.</summary>
internal static class MergeTravellers
{
    public static HandoverRules Rules { get; } = new(
        handover => Traveller.Kind.Handover(
            handover.Customer, handover.Root, (from, into) => Join(from, into, handover),
            from => IsEmpty(from) ? Decision.Nothing : new JourneysHandedOver(handover.Root, handover.Link, handover.Version, Ids(from.Running))),
        handover => Traveller.Kind.Handover(
            handover.Root, handover.Customer, (from, opened) => Reopen(from, opened, handover), from => GiveBack(from, handover)));

    public static Decision Join(Traveller from, Traveller into, Handover handover)
    {
        if (IsEmpty(from))
            return Decision.Nothing;
        var joined = new JourneysJoined(
            handover.Customer, handover.Link, handover.Version, Seen(from.Running, handover.Customer, handover.Root),
            Seen(from.Entries, handover.Customer, handover.Root));
        var running = into.Running.Concat(joined.Instances).Where(instance => !instance.Suspended && IsOnce(instance));
        var resting = running.GroupBy(instance => instance.Journey)
            .SelectMany(same => same.OrderBy(instance => instance.Since).ThenBy(instance => instance.Id).Skip(1));
        return Decision.Of([joined, .. resting.Select(i => new Suspended(i.Id, i.Journey, "the same person is on this journey already, for longer"))]);
    }

    public static Decision GiveBack(Traveller from, Handover handover)
    {
        var (going, staying) = (from.Running.Where(i => Goes(i.Origin, handover)), from.Running.Where(i => !Goes(i.Origin, handover)));
        if (!going.Any() && !from.Joined.Any(entry => Goes(entry.Origin, handover)))
            return Decision.Nothing;
        var given = new JourneysGivenBack(handover.Customer, handover.Link, handover.Version, [.. handover.Origins.Order()], Ids(going));
        return Decision.Of([given, .. Resume(staying, from.Entries.Where(entry => !Goes(entry.Origin, handover)))]);
    }

    public static Decision Reopen(Traveller from, Traveller opened, Handover handover)
    {
        var instances = Seen(from.Running.Where(i => Goes(i.Origin, handover)), handover.Root, handover.Customer);
        var entries = Seen(from.Joined.Where(entry => Goes(entry.Origin, handover)), handover.Root, handover.Customer);
        if (instances.Count + entries.Count == 0)
            return Decision.Nothing;
        var reopened = new JourneysReopened(handover.Root, handover.Link, handover.Version, instances, entries);
        return Decision.Of([reopened, .. Resume(instances, entries)]);
    }

    /// <summary>What rested because of somebody else goes on; not what rests because of somebody who is still the same person.</summary>
    private static IEnumerable<Resumed> Resume(IEnumerable<Instance> instances, IEnumerable<LastEntry> entries)
    {
        var entered = entries.ToLookup(entry => entry.Journey);
        return instances.Where(i => i.Suspended && entered[i.Journey].All(entry => entry.Origin == i.Origin))
            .Select(i => new Resumed(i.Id, i.Journey, i.Until, "the other one on this journey is another person after all"));
    }

    private static bool IsEmpty(Traveller traveller) => traveller.Running.Count == 0 && !traveller.Entries.Any();

    private static bool IsOnce(Instance instance) => Journeys.Of(instance.Journey, instance.Version).AgainAfter is null;

    private static bool Goes(Guid? origin, Handover handover) => origin is { } customer && handover.Origins.Contains(customer);

    private static Guid[] Ids(IEnumerable<Instance> instances) => [.. instances.Select(instance => instance.Id)];

    private static IReadOnlyList<Instance> Seen(IEnumerable<Instance> instances, Guid owner, Guid receiver) =>
        [.. instances.Select(instance => instance with { Origin = Named(instance.Origin ?? owner, receiver) })];

    private static IReadOnlyList<LastEntry> Seen(IEnumerable<LastEntry> entries, Guid owner, Guid receiver) =>
        [.. entries.Select(entry => entry with { Origin = Named(entry.Origin ?? owner, receiver) })];

    private static Guid? Named(Guid customer, Guid receiver) => customer == receiver ? null : customer;
}
