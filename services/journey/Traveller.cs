using System.Diagnostics;
using Patron.Runtime.EventStore;

namespace Patron.Journey;

internal abstract record JourneyEvent : DomainEvent;

/// <param name="Data">What the templates need beyond the customer, such as the tier.</param>
[EventName("journey.entered.v1")]
internal sealed record Entered(
    Guid Instance, string Journey, int Version, DateTimeOffset At, string Reason, IReadOnlyDictionary<string, string> Data) : JourneyEvent;

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
        string? WaitingAt, bool ForPurchase, DateTimeOffset? Until);

/// <summary>Where a customer is in all journeys: one stream per customer.</summary>
/// <param name="LastEntered">Journey name to the business time of the last entry; decides about re-entry.</param>
internal sealed record Traveller(IReadOnlyList<Instance> Running, IReadOnlyDictionary<string, DateTimeOffset> LastEntered)
{
    public static readonly StreamKind<Traveller> Kind = new(
        "traveller", new Traveller([], new Dictionary<string, DateTimeOffset>()), Evolve, JourneyJson.Default.Traveller);

    public static readonly EventTypes Events = new(
        JourneyJson.Default, typeof(Entered), typeof(Waiting), typeof(WaitEnded), typeof(SendRequested), typeof(Left));

    private static Traveller Evolve(Traveller traveller, DomainEvent happened) => (JourneyEvent)happened switch
    {
        Entered e => new Traveller(
            [.. traveller.Running, new Instance(e.Instance, e.Journey, e.Version, e.At, e.Data, null, false, null)],
            new Dictionary<string, DateTimeOffset>(traveller.LastEntered) { [e.Journey] = e.At }),
        Waiting e => traveller.With(e.Instance, i => i with { WaitingAt = e.Step, ForPurchase = e.ForPurchase, Until = e.Until }),
        WaitEnded e => traveller.With(e.Instance, i => i with { WaitingAt = null, ForPurchase = false, Until = null }),
        SendRequested => traveller,
        Left e => traveller with { Running = [.. traveller.Running.Where(i => i.Id != e.Instance)] },
        _ => throw new UnreachableException($"A traveller does not know {happened.GetType().Name}."),
    };

    private Traveller With(Guid instance, Func<Instance, Instance> change) =>
        this with { Running = [.. Running.Select(i => i.Id == instance ? change(i) : i)] };
}
