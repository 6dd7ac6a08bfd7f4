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
/// <param name="Changed">The names of the fields that are new.</param>
[EventName("profile.details-changed.v1")]
internal sealed record DetailsChanged(SealedDetails Details, IReadOnlyList<string> Changed, string Source) : ProfileEvent
{
    /// <summary>When the touchpoint was told; absent in old events.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DateTimeOffset At { get; init; }
}

/// <param name="Version">From 1, one more with every consent of the customer that changes.</param>
/// <param name="Source">The touchpoint that asked.</param>
[EventName("profile.consent-changed.v1")]
internal sealed record ConsentChanged(
    string Channel, string Purpose, bool Granted, string Wording, string Source, DateTimeOffset ChangedAt, long Version) : ProfileEvent
{
    /// <summary>The merge or unmerge that changed it; null where a touchpoint did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public Guid? Link { get; init; }
}

/// <summary>A touchpoint told nothing that was new. Keeps the idempotency key, so that a repeat after a real change changes nothing.</summary>
[EventName("profile.details-confirmed.v1")]
internal sealed record DetailsConfirmed(string Source) : ProfileEvent;

[EventName("profile.purchase-recorded.v1")]
internal sealed record PurchaseRecorded(PurchaseFacts Purchase) : ProfileEvent;

/// <summary>Nobody was named: stream and customer are the purchase's own id, and there is no profile.</summary>
[EventName("profile.anonymous-purchase-recorded.v1")]
internal sealed record AnonymousPurchaseRecorded(PurchaseFacts Purchase) : ProfileEvent;

/// <summary>A purchase without a trace of the person.</summary>
internal sealed record PurchaseFacts(
    Guid Id, string Source, string Receipt, PurchaseChannel Channel, string Store, DateTimeOffset OccurredAt, string Currency,
    IReadOnlyList<PurchaseLine> Lines);

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
internal sealed record SealedDetails(
    string? GivenName = null, string? FamilyName = null, string? Email = null, string? Phone = null, string? Language = null,
    string? TimeZone = null, string? Country = null);

internal sealed record ConsentOf(string Channel, string Purpose, bool Granted, string Wording, DateTimeOffset ChangedAt, long Version)
{
    /// <summary>The merged customer by whose identifier it was decided; null where by this one's own.</summary>
    public Guid? Origin { get; init; }
}

/// <summary>An identifier that belongs to a customer.</summary>
internal readonly record struct LinkedIdentifier(IdentifierKind Kind, Guid Hash, Guid? Scope = null);

/// <summary>What deciding needs to know of a customer.</summary>
internal sealed record CustomerProfile(
    bool Registered, IReadOnlyList<LinkedIdentifier> Identifiers, IReadOnlyList<Guid> Conflicts, SealedDetails Details,
    IReadOnlyList<ConsentOf> Consents)
{
    public static StreamKind<CustomerProfile> Kind { get; } =
        new("customer", new CustomerProfile(false, [], [], new SealedDetails(), []), Evolve, ProfileJson.Default.CustomerProfile, shape: 2);

    public static EventTypes Events { get; } = new(
        ProfileJson.Default, typeof(CustomerRegistered), typeof(IdentifierLinked), typeof(IdentifierConflictFound), typeof(DetailsChanged),
        typeof(ConsentChanged), typeof(DetailsConfirmed), typeof(PurchaseRecorded), typeof(AnonymousPurchaseRecorded),
        typeof(CustomerMergedAway), typeof(CustomerAbsorbed), typeof(CustomerSplitOff), typeof(CustomerGaveBack), typeof(CustomersKeptApart),
        typeof(ConsentForgotten));

    /// <summary>When each detail was told; one that is missing was told before this was kept.</summary>
    public IReadOnlyDictionary<string, DateTimeOffset>? DetailTimes { get; init; }

    /// <summary>Of the latest change of a consent, forgotten ones included.</summary>
    public long ConsentVersion { get; init; }

    /// <summary>Null until the customer is first merged or kept apart.</summary>
    public CustomerLinks? Links { get; init; }

    [JsonIgnore]
    public CustomerLinks LinksOrNone => Links ?? CustomerLinks.None;

    /// <summary>Neither this customer nor anybody whose identifiers were used has been merged or parted since they were recognised.</summary>
    public bool IsStill(Recognised who) =>
        Links is null ? who.Nodes.Count == 0 : Links.MergedInto is null && who.Nodes.All(n => Links.Nodes().Contains(n));

    public bool Has(IdentifierHash identifier) => Identifiers.Any(i => i.Hash == identifier.Hash);

    public static CustomerProfile Evolve(CustomerProfile customer, DomainEvent happened) => happened switch
    {
        CustomerRegistered => customer with { Registered = true },
        IdentifierLinked linked => customer with { Identifiers = [.. customer.Identifiers, new LinkedIdentifier(linked.Kind, linked.Hash, linked.Scope)] },
        IdentifierConflictFound found => customer with { Conflicts = [.. customer.Conflicts, found.Hash] },
        DetailsChanged changed => customer with
        {
            Details = customer.Details.Take(changed.Details, changed.Changed),
            DetailTimes = customer.DetailTimes.With(changed.At == default ? [] : changed.Changed.Select(f => KeyValuePair.Create(f, changed.At))),
        },
        ConsentChanged changed => customer with
        {
            Consents = [.. customer.Consents.Where(c => !Same(c, changed)), Current(changed)],
            ConsentVersion = changed.Version,
        },
        LinkEvent link => link.Apply(customer),
        DetailsConfirmed or PurchaseRecorded or AnonymousPurchaseRecorded => customer,
        _ => throw new UnreachableException($"{happened.GetType().Name} is not an event of a customer."),
    };

    private static bool Same(ConsentOf consent, ConsentChanged changed) => consent.Channel == changed.Channel && consent.Purpose == changed.Purpose;

    private static ConsentOf Current(ConsentChanged changed) =>
        new(changed.Channel, changed.Purpose, changed.Granted, changed.Wording, changed.ChangedAt, changed.Version) { Origin = changed.Origin };
}
