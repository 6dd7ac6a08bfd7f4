namespace Patron.Runtime.EventStore;

/// <summary>What a consumed fact says of two customers who are one person, or are not after all.</summary>
/// <param name="Other">Whom the customer is merged into, or was.</param>
/// <param name="Version">Of the customer's links: one that is not above the last changes nothing.</param>
/// <param name="IsMerge">False when the customer stands on its own again.</param>
/// <param name="At">Business time at which it was decided.</param>
public sealed record LinkChange(Guid Customer, Guid Other, Guid Link, long Version, bool IsMerge, DateTimeOffset At);

/// <summary>A merge, or its undoing, as a service carries it out: under the locks of both customers, once.</summary>
/// <param name="Customer">Whose streams are closed, or opened again.</param>
/// <param name="Root">Who takes their content over, or gives it back: at the end of the chain of merges.</param>
/// <param name="Origins">The customer and all that are merged into it: what is theirs goes along.</param>
/// <param name="At">Business time at which it was decided.</param>
public sealed record Handover(Guid Customer, Guid Root, Guid Link, long Version, bool IsMerge, DateTimeOffset At, IReadOnlySet<Guid> Origins);

/// <summary>What a service does with its streams when customers are merged and split. Both are pure, like every mapping to commands.</summary>
/// <param name="Merged">Closes the customer's streams and hands their content to the root's.</param>
/// <param name="Split">Takes what is the origins' out of the root's streams and opens the customer's again.</param>
public sealed record HandoverRules(Func<Handover, IEnumerable<Command>> Merged, Func<Handover, IEnumerable<Command>> Split)
{
    /// <summary>Nothing is kept by customer: later commands alone go to the root.</summary>
    public static HandoverRules Nothing { get; } = new(_ => [], _ => []);

    /// <summary>These and those of another kind of stream.</summary>
    public HandoverRules And(HandoverRules others) =>
        new(handover => Merged(handover).Concat(others.Merged(handover)), handover => Split(handover).Concat(others.Split(handover)));
}

/// <summary>Records of the other customer of a merge are parked, so the merge waits too.</summary>
internal sealed class OtherParkedException(Guid other) : Exception(
    $"Records of the customer {other:D}, to whom this one belongs, are parked. Replay that one first.");
