using System.Diagnostics;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Journey;

internal abstract record JourneyEvent : DomainEvent;

/// <param name="Data">What the templates need beyond the customer, such as the tier.</param>
/// <param name="Origin">Whose identifier was used, where that customer is merged into this one; otherwise null.</param>
[EventName("journey.entered.v1")]
internal sealed record Entered(
    Guid Instance, string Journey, int Version, DateTimeOffset At, string Reason, IReadOnlyDictionary<string, string> Data, Guid? Origin = null) : JourneyEvent;

/// <summary>The instance is at a step that waits, until <paramref name="Until"/> or, for some, until a purchase.</summary>
[EventName("journey.waiting.v1")]
internal sealed record Waiting(Guid Instance, string Journey, string Step, DateTimeOffset Until, bool ForPurchase, string Reason) : JourneyEvent;

/// <summary>The wait ended: its time came.</summary>
[EventName("journey.wait-ended.v1")]
internal sealed record WaitEnded(Guid Instance, string Journey, string Step, string Reason) : JourneyEvent;

[EventName("journey.send-requested.v1")]
internal sealed record SendRequested(
    Guid Instance, string Journey, string Step, Guid SendId, string Channel, string Purpose, string Template, IReadOnlyDictionary<string, string> Data,
    DateTimeOffset Deadline, string Reason) : JourneyEvent;

[EventName("journey.left.v1")]
internal sealed record Left(Guid Instance, string Journey, string Outcome, string Reason) : JourneyEvent;

/// <summary>One run of a customer through a journey version.</summary>
/// <param name="Since">Business time of entering; earlier purchases do not count as what it waits for.</param>
internal sealed record Instance(
    Guid Id, string Journey, int Version, DateTimeOffset Since, IReadOnlyDictionary<string, string> Data,
        string? WaitingAt, bool ForPurchase, DateTimeOffset? Until)
{
    /// <summary>Whose it was or would be, where that customer is merged into the traveller; an unmerge gives back by it.</summary>
    public Guid? Origin { get; init; }

    /// <summary>An older one of a journey that nobody enters twice runs instead, until an unmerge.</summary>
    public bool Suspended { get; init; }
}

/// <summary>Where a customer is in all journeys: one stream per customer.</summary>
/// <param name="LastEntered">Journey name to the business time of the last entry; decides about re-entry.</param>
internal sealed record Traveller(IReadOnlyList<Instance> Running, IReadOnlyDictionary<string, DateTimeOffset> LastEntered)
{
    /// <summary>The last entries of customers who are merged into this one.</summary>
    public IReadOnlyList<LastEntry> Joined { get; init; } = [];

    public static readonly StreamKind<Traveller> Kind = new(
        "traveller", new Traveller([], new Dictionary<string, DateTimeOffset>()), Evolve, JourneyJson.Default.Traveller, shape: 2);

    public static readonly EventTypes Events = new(
        JourneyJson.Default, typeof(Entered), typeof(Waiting), typeof(WaitEnded), typeof(SendRequested), typeof(Left),
        typeof(JourneysHandedOver), typeof(JourneysJoined), typeof(JourneysGivenBack), typeof(JourneysReopened), typeof(Suspended), typeof(Resumed));

    private static Traveller Evolve(Traveller traveller, DomainEvent happened) => (JourneyEvent)happened switch
    {
        Entered e => traveller.EnteredAs(e.Origin, e.Journey, e.At) with
        {
            Running = [.. traveller.Running, new Instance(e.Instance, e.Journey, e.Version, e.At, e.Data, null, false, null) { Origin = e.Origin }],
        },
        Waiting e => traveller.With(e.Instance, i => i with { WaitingAt = e.Step, ForPurchase = e.ForPurchase, Until = e.Until }),
        WaitEnded e => traveller.With(e.Instance, i => i with { WaitingAt = null, ForPurchase = false, Until = null }),
        SendRequested => traveller,
        JourneysHandedOver => Kind.Fold([]),
        JourneysJoined e => traveller with { Running = [.. traveller.Running, .. e.Instances], Joined = [.. traveller.Joined, .. e.Entries] },
        JourneysGivenBack e => traveller.Without(e.Origins.ToHashSet()),
        JourneysReopened e => e.Entries.Aggregate(
            traveller with { Running = e.Instances }, (reopened, entry) => reopened.EnteredAs(entry.Origin, entry.Journey, entry.At)),
        Suspended e => traveller.With(e.Instance, i => i with { Suspended = true }),
        Resumed e => traveller.With(e.Instance, i => i with { Suspended = false }),
        Left e => traveller with { Running = [.. traveller.Running.Where(i => i.Id != e.Instance)] },
        _ => throw new UnreachableException($"A traveller does not know {happened.GetType().Name}."),
    };

    /// <summary>Every last entry; null is the traveller's own.</summary>
    [JsonIgnore]
    public IEnumerable<LastEntry> Entries => LastEntered.Select(entered => new LastEntry(null, entered.Key, entered.Value)).Concat(Joined);

    private Traveller EnteredAs(Guid? origin, string journey, DateTimeOffset at) => origin is null
        ? this with { LastEntered = new Dictionary<string, DateTimeOffset>(LastEntered) { [journey] = at } }
        : this with { Joined = [.. Joined.Where(entry => (entry.Origin, entry.Journey) != (origin, journey)), new LastEntry(origin, journey, at)] };

    private Traveller Without(HashSet<Guid> origins) => this with
    {
        Running = [.. Running.Where(instance => !origins.Contains(instance.Origin ?? Guid.Empty))],
        Joined = [.. Joined.Where(entry => !origins.Contains(entry.Origin!.Value))],
    };

    private Traveller With(Guid instance, Func<Instance, Instance> change) =>
        this with { Running = [.. Running.Select(i => i.Id == instance ? change(i) : i)] };
}
