using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <param name="SealedProperties">
/// A JSON object of the values that are not open by their JSON pointers, under the customer's key; null when there are none.
/// </param>
[EventName("profile.behaviour-recorded.v1")]
internal sealed record BehaviourRecorded(BehaviourFacts Behaviour, string? SealedProperties) : ProfileEvent;

/// <summary>A behaviour without a trace of the person.</summary>
/// <param name="SchemaVersion">The version of the type that it was checked by; 0 where the type is not registered.</param>
/// <param name="Properties">The values that the type marks as not personal, by their names joined with dots.</param>
internal sealed record BehaviourFacts(
    Guid Id, string Type, int SchemaVersion, string Source, DateTimeOffset OccurredAt, IReadOnlyDictionary<string, string> Properties);

/// <summary>A touchpoint tells what somebody did. One event, which leaves the customer's state as it is.</summary>
internal static class RecordBehaviour
{
    /// <summary>The field name that sealed properties are bound to.</summary>
    public const string SealedField = "behaviour";

    public static Decision Decide(CustomerProfile customer, Told told, Recognised who, CustomerKey? key)
    {
        if (key is null)
            return new CustomerErased();
        var events = Recognition.Recognise(customer, told, who, key);
        var behaviour = told.Behaviour!;
        events.Add(new BehaviourRecorded(behaviour.Facts, behaviour.Personal is null ? null : key.Seal(behaviour.Personal, SealedField)));
        return TouchpointEvents.Of(events, told, who);
    }
}
