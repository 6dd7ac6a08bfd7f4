using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>The customer's key was destroyed, so nothing personal can be kept of them any more.</summary>
internal sealed record CustomerErased : Refusal
{
    public override string Code => "customer-erased";

    public override string Detail => "This customer was erased; nothing more is recorded for them.";
}

/// <summary>Every identifier of the event is shared by more persons than the matching rules let it find.</summary>
internal sealed record NobodyNamed : Refusal
{
    public override string Code => "nobody-named";

    public override string Detail => "The identifiers of this event are shared by many customers, so it names none; add one that is the customer's own.";
}

internal static class TouchpointEvents
{
    /// <summary>
    /// The first event keeps the hash of what was told, because the store keeps the idempotency key there too; each keeps whose identifier was
    /// used.
    /// </summary>
    public static Decision Of(List<ProfileEvent> events, Told told, Recognised? who)
    {
        events[0] = events[0] with { Told = told.Hash };
        return By(events, who?.Origin);
    }

    /// <param name="origin">The merged customer by whose identifier or link it was told; null where by the customer's own.</param>
    public static Decision By(List<ProfileEvent> events, Guid? origin) =>
        Decision.Of(origin is null ? events : events.ConvertAll(e => e with { Origin = origin }));
}
