using System.Diagnostics;
using System.Text.Json.Serialization;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>An event of profile. Personal fields in it are sealed with the customer's data key; names and counts are not personal.</summary>
internal abstract record ProfileEvent : DomainEvent
{
    /// <summary>
    /// Keyed hash of the touchpoint's event, on the first event that it led to: the same source and id with another hash is a conflict.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Guid? Told { get; init; }

    /// <summary>The customer whose own identifier the touchpoint used, where that one is merged into this stream's: an unmerge goes by it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Guid? Origin { get; init; }
}

[EventName("profile.customer-registered.v1")]
internal sealed record CustomerRegistered(string Source) : ProfileEvent;

/// <param name="Kind">One of <see cref="IdentifierKind"/>.</param>
/// <param name="Hash">Keyed hash of the normalised value: finds the customer, tells nothing of the value.</param>
[EventName("profile.identifier-linked.v1")]
internal sealed record IdentifierLinked(IdentifierKind Kind, Guid Hash, string SealedValue) : ProfileEvent
{
    /// <summary>Keyed hash of the account, partner or source within which the value means something; null where it means the same everywhere.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Guid? Scope { get; init; }
}

/// <summary>A touchpoint named this customer together with an identifier that belongs to another; the identifier was not linked.</summary>
[EventName("profile.identifier-conflict-found.v1")]
internal sealed record IdentifierConflictFound(IdentifierKind Kind, Guid Hash, Guid BelongsTo) : ProfileEvent
{
    /// <summary>Why it was not linked; null where that is nothing for a person to decide.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public ConflictCause? Cause { get; init; }
}

/// <summary>All details as they are now, unchanged ones too, so that the event alone tells the current state.</summary>
/// <param name="Changed">The keys of the attributes that are new.</param>
/// <param name="ToldAt">When the touchpoint says that it was so; null for what was told before this was kept.</param>
/// <param name="Notes">What was told besides and how it was weighed.</param>
[EventName("profile.details-changed.v2")]
internal sealed record DetailsChanged(
    SealedDetails Details, IReadOnlyList<string> Changed, string Source, DateTimeOffset? ToldAt = null, IReadOnlyList<AttributeNote>? Notes = null)
    : ProfileEvent
{
    /// <summary>
    /// Null while nobody was merged into the customer: all that is known was told by themselves. Else the keys whose value was known and is now
    /// known to be newer; only these and the changed ones were told by this event, and the others may have come with somebody else.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<string>? Confirmed { get; init; }

    /// <summary>In clear, where it is among the changed; never stored.</summary>
    internal DateOnly? BirthDate { get; init; }
}

/// <param name="Version">From 1, one more with every consent of the customer that changes.</param>
/// <param name="Source">The touchpoint that asked.</param>
/// <param name="ChangedAt">When the person decided.</param>
/// <param name="Evidence">Null for what was told before evidence was kept.</param>
/// <param name="ExpiresAt">When a grant ends by itself; null for never.</param>
[EventName("profile.consent-changed.v2")]
internal sealed record ConsentChanged(
    string Channel, string Purpose, bool Granted, string Wording, string Source, DateTimeOffset ChangedAt, long Version,
    ConsentEvidence? Evidence = null, DateTimeOffset? ExpiresAt = null) : ProfileEvent;

/// <summary>A touchpoint told nothing that was new. Keeps the idempotency key, so that a repeat after a real change changes nothing.</summary>
[EventName("profile.details-confirmed.v1")]
internal sealed record DetailsConfirmed(string Source) : ProfileEvent;

[EventName("profile.purchase-recorded.v1")]
internal sealed record PurchaseRecorded(PurchaseFacts Purchase) : ProfileEvent;

/// <summary>Nobody was named: stream and customer are the purchase's own id, and there is no profile.</summary>
[EventName("profile.anonymous-purchase-recorded.v1")]
internal sealed record AnonymousPurchaseRecorded(PurchaseFacts Purchase) : ProfileEvent;

/// <summary>A purchase without a trace of the person.</summary>
/// <param name="Products">What the catalogue said of the lines' products when this was recorded; null when it knew none.</param>
/// <param name="Returned">The purchase that the return lines are from; null where nobody said.</param>
internal sealed record PurchaseFacts(
    Guid Id, string Source, string Receipt, PurchaseChannel Channel, string Store, DateTimeOffset OccurredAt, string Currency,
    IReadOnlyList<PurchaseLine> Lines, IReadOnlyList<KnownProduct>? Products = null, ReturnedPurchase? Returned = null);

/// <summary>A purchase as a return names it: by its id, or else by the receipt of a source.</summary>
internal sealed record ReturnedPurchase(Guid? Purchase, string Source, string Receipt);

internal enum PurchaseChannel
{
    Pos = 1,
    EShop = 2,
}

internal enum LineKind
{
    Sale = 1,
    Return = 2,
    Fee = 3,
    Adjustment = 4,
}

/// <summary>Stored as an array of four, because a purchase can have thousands.</summary>
/// <param name="Quantity">Pieces, from 1, whatever the kind.</param>
/// <param name="AmountMinor">For the whole line in minor units; negative when money goes back.</param>
[JsonConverter(typeof(PurchaseLineJson))]
internal readonly record struct PurchaseLine(string Product, LineKind Kind, int Quantity, long AmountMinor);

/// <summary>Base64 of <c>SealedBox</c> under the customer's key; null where nothing is known.</summary>
/// <param name="Attributes">Further attributes, each once.</param>
/// <param name="Origins">Where the attributes that are known come from, each key once; one that is missing was told before this was kept.</param>
internal sealed record SealedDetails(
    string? GivenName = null, string? FamilyName = null, string? Email = null, string? Phone = null, string? Language = null,
    string? TimeZone = null, string? Country = null, IReadOnlyList<SealedAttribute>? Attributes = null, IReadOnlyList<AttributeOrigin>? Origins = null);

/// <summary>An identifier that belongs to a customer.</summary>
internal readonly record struct LinkedIdentifier(IdentifierKind Kind, Guid Hash, Guid? Scope = null);

/// <summary>What deciding needs to know of a customer.</summary>
internal sealed record CustomerProfile(
    bool Registered, IReadOnlyList<LinkedIdentifier> Identifiers, IReadOnlyList<Guid> Conflicts, SealedDetails Details,
    IReadOnlyList<ConsentOf> Consents)
{
    /// <summary>The erasure that closed the customer; null while they may be known.</summary>
    public Guid? Erasure { get; init; }

    /// <summary>The reference of the legal hold that is in force.</summary>
    public string? Hold { get; init; }

    public static StreamKind<CustomerProfile> Kind { get; } =
        new("customer", new CustomerProfile(false, [], [], new SealedDetails(), []), Evolve, ProfileJson.Default.CustomerProfile, shape: 3);

    public static EventTypes Events { get; } = new EventTypes(
        ProfileJson.Default, typeof(CustomerRegistered), typeof(IdentifierLinked), typeof(IdentifierConflictFound), typeof(DetailsChanged),
        typeof(DetailsWeighed), typeof(ConsentChanged), typeof(OptInRequested), typeof(ConsentExpired), typeof(DetailsConfirmed),
        typeof(PurchaseRecorded), typeof(AnonymousPurchaseRecorded), typeof(BehaviourRecorded),
        typeof(ProductDescribed), typeof(ProductPriced), typeof(StockCounted), typeof(StoreDescribed),
        typeof(Erased), typeof(HoldPlaced), typeof(HoldLifted), typeof(ExportMade),
        typeof(CustomerMergedAway), typeof(CustomerAbsorbed), typeof(CustomerSplitOff), typeof(CustomerGaveBack), typeof(CustomersKeptApart),
        typeof(ConsentMoved), typeof(ConsentForgotten), typeof(TellingSetAside), typeof(BirthdayReached))
        // The second versions only tell more.
        .Upcast("profile.details-changed.v1", "profile.details-changed.v2", static body => body)
        .Upcast("profile.consent-changed.v1", "profile.consent-changed.v2", static body => body);

    /// <summary>Of the latest change of a consent, forgotten ones included.</summary>
    public long ConsentVersion { get; init; }

    /// <summary>Null until the customer is first merged or kept apart.</summary>
    public MergeLinks? Links { get; init; }

    [JsonIgnore]
    public MergeLinks LinksOrNone => Links ?? MergeLinks.None;

    /// <summary>Somebody is merged into this customer: what is known may be theirs.</summary>
    [JsonIgnore]
    public bool HoldsOthers => Links is { Absorbed.Count: > 0 };

    /// <summary>Neither this customer nor anybody whose identifiers were used has been merged or parted since they were recognised.</summary>
    public bool IsStill(Recognised who) =>
        Links is null ? who.Nodes.Count == 0 : Links.MergedInto is null && who.Nodes.All(n => Links.Nodes().Contains(n));

    public bool Has(IdentifierHash identifier) => Identifiers.Any(i => i.Hash == identifier.Hash);

    public static CustomerProfile Evolve(CustomerProfile customer, DomainEvent happened) => happened switch
    {
        CustomerRegistered => customer with { Registered = true },
        IdentifierLinked linked => customer with { Identifiers = [.. customer.Identifiers, new LinkedIdentifier(linked.Kind, linked.Hash, linked.Scope)] },
        IdentifierConflictFound found => customer with { Conflicts = [.. customer.Conflicts, found.Hash] },
        // Only what the event told, so that a fold which leaves somebody's events out leaves out what they told.
        DetailsChanged changed => customer with
        {
            Details = changed.Confirmed is null ? changed.Details : customer.Details.Take(changed.Details, changed.Changed.Concat(changed.Confirmed)),
        },
        DetailsWeighed weighed => customer with { Details = customer.Details.Confirmed(weighed) },
        ConsentChanged changed => customer.Decided(changed, changed.Version),
        OptInRequested asked => customer.Decided(asked, asked.Version),
        ConsentExpired expired => customer.Decided(expired, expired.Version),
        LinkEvent link => link.Apply(customer),
        Erased erased => new CustomerProfile(true, [], [], new SealedDetails(), []) { Erasure = erased.Erasure, ConsentVersion = customer.ConsentVersion },
        HoldPlaced placed => customer with { Hold = placed.Reference },
        HoldLifted => customer with { Hold = null },
        ExportMade or DetailsConfirmed or PurchaseRecorded or AnonymousPurchaseRecorded or BehaviourRecorded or BirthdayReached => customer,
        _ => throw new UnreachableException($"{happened.GetType().Name} is not an event of a customer."),
    };

    private CustomerProfile Decided(ProfileEvent happened, long version) =>
        this with { Consents = ConsentOf.Evolve(Consents, happened), ConsentVersion = version };
}
