using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>An event by which two customers became one person, or two again. Each says itself what it makes of a customer's state.</summary>
internal abstract record LinkEvent : ProfileEvent
{
    /// <summary>In clear, where the customer now has one that came or stayed with this; never stored.</summary>
    internal DateOnly? BirthDate { get; init; }

    public abstract CustomerProfile Apply(CustomerProfile customer);
}

/// <summary>Why two customers were taken for one person.</summary>
internal enum LinkCause
{
    /// <summary>A person said so.</summary>
    Decision = 1,

    /// <summary>One event named both by identifiers that are sure enough.</summary>
    Identifiers = 2,

    /// <summary>A device that nobody had been known by was named together with somebody.</summary>
    Device = 3,
}

/// <summary>The last event of a customer who is the same person as another, until <see cref="CustomerSplitOff"/>.</summary>
/// <param name="Link">Names this merge for ever; its other side and its undoing carry it too.</param>
/// <param name="Version">Grows with every merge and unmerge of this customer.</param>
/// <param name="Who">Who asked: a person's name or account, or the touchpoint.</param>
/// <param name="SealedReason">What a person gave as the reason: free text, and so sealed with this customer's key.</param>
[EventName("profile.customer-merged-away.v1")]
internal sealed record CustomerMergedAway(Guid Into, Guid Link, long Version, LinkCause Cause, string Who, string? SealedReason) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer with
    {
        Links = customer.LinksOrNone with { MergedInto = Into, Version = Version },
    };
}

/// <summary>What the other customer brings along; it is in the same transaction as their <see cref="CustomerMergedAway"/>.</summary>
/// <param name="Customer">Who is merged into this one.</param>
/// <param name="Version">The other's, as in their event.</param>
/// <param name="Nodes">The other and everybody merged into them before.</param>
/// <param name="Details">As they are now: of each attribute the value that counts, and who told it.</param>
/// <param name="Taken">The keys of the attributes that are the other's.</param>
/// <param name="Consents">The other's; what they change for this one follows.</param>
[EventName("profile.customer-absorbed.v1")]
internal sealed record CustomerAbsorbed(
    Guid Customer, Guid Link, long Version, IReadOnlyList<Guid> Nodes, IReadOnlyList<LinkedIdentifier> Identifiers,
    IReadOnlyList<Guid> Conflicts, IReadOnlyList<Guid> KeptApart, SealedDetails Details, IReadOnlyList<string> Taken,
    IReadOnlyList<ConsentOf> Consents) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer with
    {
        Identifiers = [.. customer.Identifiers.UnionBy(Identifiers, i => i.Hash)],
        Conflicts = [.. customer.Conflicts.Union(Conflicts)],
        Details = customer.Details.Take(Details, Taken),
        Links = customer.LinksOrNone with
        {
            Absorbed = [.. customer.LinksOrNone.Absorbed, new AbsorbedCustomer(Customer, Link, Version, Nodes)],
            KeptApart = [.. customer.LinksOrNone.KeptApart.Except(Nodes).Union(KeptApart)],
        },
    };
}

/// <summary>The customer stands alone again; what they did while merged follows in events of their own.</summary>
/// <param name="Details">As they are now, so that the event alone tells the current state.</param>
[EventName("profile.customer-split-off.v1")]
internal sealed record CustomerSplitOff(Guid From, Guid Link, long Version, string Who, string? SealedReason, SealedDetails Details) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer with
    {
        Links = customer.LinksOrNone with
        {
            MergedInto = null,
            Version = Version,
            KeptApart = [.. customer.LinksOrNone.KeptApart.Append(From).Distinct()],
        },
    };
}

/// <summary>What is left of this customer when the other one is given back; in the same transaction as their <see cref="CustomerSplitOff"/>.</summary>
[EventName("profile.customer-gave-back.v1")]
internal sealed record CustomerGaveBack(
    Guid Customer, Guid Link, long Version, IReadOnlyList<LinkedIdentifier> Identifiers, IReadOnlyList<Guid> Conflicts,
    IReadOnlyList<Guid> KeptApart, SealedDetails Details) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer with
    {
        Identifiers = Identifiers,
        Conflicts = Conflicts,
        Details = Details,
        Links = customer.LinksOrNone with
        {
            Absorbed = [.. customer.LinksOrNone.Absorbed.Where(a => a.Link != Link)],
            KeptApart = KeptApart,
        },
    };
}

/// <summary>A person looked at both and said that they are two.</summary>
/// <param name="Conflict">What asked for the decision.</param>
[EventName("profile.customers-kept-apart.v1")]
internal sealed record CustomersKeptApart(Guid Other, Guid? Conflict, string Who, string? SealedReason) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer with
    {
        Links = customer.LinksOrNone with { KeptApart = [.. customer.LinksOrNone.KeptApart.Append(Other).Distinct()] },
    };
}

/// <summary>
/// What is in force of a consent since two customers became one person, or two again. A decision of a merge's other side keeps its evidence
/// there, see <see cref="ConsentOf.Origin"/>.
/// </summary>
/// <param name="Consent">As it is now; its version is the customer's newest.</param>
/// <param name="Before">What was in force until then; null for nothing.</param>
/// <param name="Evidence">Of a decision that did not count while merged.</param>
[EventName("profile.consent-moved.v1")]
internal sealed record ConsentMoved(ConsentOf Consent, Guid Link, ConsentStatus? Before, ConsentEvidence? Evidence = null) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer with
    {
        Consents = ConsentOf.Replace(customer.Consents, Consent.Channel, Consent.Purpose, _ => Consent),
        ConsentVersion = Consent.Version,
    };
}

/// <summary>
/// A consent that came with another customer went back with them, and this one has never decided. Published as a withdrawal: that is how
/// others know it.
/// </summary>
[EventName("profile.consent-forgotten.v1")]
internal sealed record ConsentForgotten(string Channel, string Purpose, Guid Link, DateTimeOffset ChangedAt, long Version) : LinkEvent
{
    public override CustomerProfile Apply(CustomerProfile customer) => customer with
    {
        Consents = [.. customer.Consents.Where(c => (c.Channel, c.Purpose) != (Channel, Purpose))],
        ConsentVersion = Version,
    };
}

/// <summary>How a customer hangs together with others.</summary>
/// <param name="MergedInto">Null for one who stands alone.</param>
/// <param name="Version">Merges and unmerges of this customer so far.</param>
/// <param name="Absorbed">Who is merged into this one directly.</param>
/// <param name="KeptApart">Customers who are somebody else, by a person's decision.</param>
internal sealed record MergeLinks(
    Guid? MergedInto, long Version, IReadOnlyList<AbsorbedCustomer> Absorbed, IReadOnlyList<Guid> KeptApart)
{
    public static MergeLinks None { get; } = new(null, 0, [], []);

    /// <summary>Everybody merged into this customer, those merged into them included.</summary>
    public IEnumerable<Guid> Nodes() => Absorbed.SelectMany(a => a.Nodes);
}

internal sealed record AbsorbedCustomer(Guid Customer, Guid Link, long Version, IReadOnlyList<Guid> Nodes);
