using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>The customer's key was destroyed, so nothing personal can be kept of them any more.</summary>
internal sealed record CustomerErased : Refusal
{
    public override string Code => "customer-erased";

    public override string Detail => "This customer was erased; nothing more is recorded for them.";
}

internal static class TouchpointEvents
{
    /// <summary>The first event keeps the hash of what was told, because the store keeps the idempotency key there too.</summary>
    public static Decision Of(List<ProfileEvent> events, Told told)
    {
        events[0] = events[0] with { Told = told.Hash };
        return Decision.Of(events);
    }
}
