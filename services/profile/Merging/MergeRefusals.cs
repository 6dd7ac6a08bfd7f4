using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>Why two customers may not be merged just so.</summary>
internal enum ConflictCause
{
    /// <summary>Each has an identifier of which a person has one at most.</summary>
    SingleValued = 1,

    /// <summary>A person said that they are two.</summary>
    KeptApart = 2,

    /// <summary>What they were named by together is not sure enough to decide by itself.</summary>
    NotSure = 3,
}

/// <summary>A reason against a merge.</summary>
/// <param name="Kind">The kind of identifier of which both have one; null for other causes.</param>
internal sealed record MergeConflict(ConflictCause Cause, IdentifierKind? Kind);

internal sealed record MergeConflicted(IReadOnlyList<MergeConflict> Conflicts) : Refusal
{
    public override string Code => "merge-conflict";

    public override string Detail =>
        $"These two are probably not one person ({string.Join(", ", Conflicts.Select(Words))}). Look at the preview; to merge them all the same, " +
        "repeat the request with despiteConflicts.";

    public bool Equals(MergeConflicted? other) => other is not null && Conflicts.SequenceEqual(other.Conflicts);

    public override int GetHashCode() => Conflicts.Count;

    private static string Words(MergeConflict conflict) => conflict.Cause == ConflictCause.SingleValued
        ? $"each has a {Story.Word(conflict.Kind!.Value)} of their own"
        : "somebody has decided to keep them apart";
}

/// <summary>Both ids belong to one customer already.</summary>
internal sealed record OneCustomerAlready(Guid Customer) : Refusal
{
    public override string Code => "one-customer-already";

    public override string Detail => $"Both are customer {Customer:D} already; there is nothing to merge.";
}

internal sealed record NoSuchCustomer(Guid Customer) : Refusal
{
    public override string Code => "no-such-customer";

    public override string Detail => $"There is no customer {Customer:D}.";
}

/// <summary>A device that somebody is known by is no reason to merge.</summary>
internal sealed record DeviceIsKnown : Refusal
{
    public override string Code => "device-is-known";

    public override string Detail => "The device belongs to a customer who is known by something surer.";
}

/// <summary>One of the two was merged or changed meanwhile: look up who is who and decide anew.</summary>
internal sealed record MergeOvertaken : Refusal
{
    public override string Code => "merge-overtaken";

    public override string Detail => "One of the customers was merged, parted or changed at the same moment. Repeat the request.";
}

internal sealed record NoSuchLink : Refusal
{
    public override string Code => "no-such-merge";

    public override string Detail => "There is no merge with this id.";
}

/// <summary>Merges are undone from the outside in, so that each gives back exactly what it brought.</summary>
internal sealed record MergedFurther(Guid Customer, Guid Link) : Refusal
{
    public override string Code => "merged-further";

    public override string Detail => $"Customer {Customer:D} was merged into another one later. Undo merge {Link:D} first.";
}

/// <summary>The customer was merged, or an identifier's owner parted, since the event was recognised: it belongs to somebody else now.</summary>
internal sealed record CustomerElsewhere : Refusal
{
    public override string Code => "customer-elsewhere";

    public override string Detail => "The customer was merged or parted at this very moment, again and again. Repeat the request.";
}
