using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>What was done about a customer's personal data, by whom and why: evidence without any personal data of the customer.</summary>
internal abstract record PrivacyEvent : ProfileEvent;

/// <summary>The last event of a customer: what follows is that nothing of them can be read any more.</summary>
/// <param name="Erasure">Whose receipt is asked for; the same for all customers that are erased together.</param>
/// <param name="Aliases">Customers that were merged into this one; each has such an event of its own, without aliases.</param>
/// <param name="Reason">One of <see cref="PrivacyRequest.Reasons"/>.</param>
/// <param name="Reference">The request's number elsewhere; never personal data.</param>
/// <param name="By">The caller's name.</param>
[EventName("profile.customer-erased.v1")]
internal sealed record Erased(Guid Erasure, IReadOnlyList<Guid> Aliases, string Reason, string Reference, string By) : PrivacyEvent
{
    /// <summary>The customer that this one was merged into; null for the one that the erasure was asked for.</summary>
    public Guid? With { get; init; }
}

/// <summary>A law keeps the customer's data for now; an erasure is refused until the hold is lifted.</summary>
[EventName("profile.hold-placed.v1")]
internal sealed record HoldPlaced(string Reason, string Reference, string By) : PrivacyEvent;

[EventName("profile.hold-lifted.v1")]
internal sealed record HoldLifted(string Reason, string Reference, string By) : PrivacyEvent;

/// <summary>Everything that is kept of the customer was handed out.</summary>
[EventName("profile.export-made.v1")]
internal sealed record ExportMade(string Reason, string Reference, string By) : PrivacyEvent;
