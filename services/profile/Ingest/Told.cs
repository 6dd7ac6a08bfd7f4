using System.Collections.ObjectModel;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>An event of a touchpoint, understood and found right: what it tells of whom.</summary>
/// <param name="Place">JSON pointer to the event in its body, to name it in an answer.</param>
/// <param name="Key">Derived from source and id: the idempotency key for ever, and the id of the purchase.</param>
/// <param name="Hash">Keyed hash of what was told: tells a repeat from another event under the same source and id.</param>
/// <param name="Identifiers">Normalised, the surest first; none makes a purchase anonymous.</param>
/// <param name="Details">Personal; null fields say nothing.</param>
internal sealed record Told(
    string Place, string Source, string Id, DateTimeOffset Time, Guid Key, Guid Hash, IReadOnlyList<Identifier> Identifiers,
    Details Details, IReadOnlyList<ToldConsent> Consents, PurchaseFacts? Purchase)
{
    public ToldBehaviour? Behaviour { get; init; }

    public string? TraceParent { get; init; }

    /// <summary>Business time at which it was taken.</summary>
    public DateTimeOffset RecordedAt { get; init; } = Time;

    /// <summary>Further attributes, cleansed. Personal.</summary>
    public IReadOnlyList<ToldAttribute> Attributes { get; init; } = [];

    /// <summary>What was left out when it was cleansed.</summary>
    public IReadOnlyList<AttributeNote> Notes { get; init; } = [];

    /// <summary>The sources that go before others, by attribute, as declared when the event was taken.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<string>> Priorities { get; init; } = ReadOnlyDictionary<string, IReadOnlyList<string>>.Empty;

    /// <summary>Told of a product or a store, and then of nobody.</summary>
    public ToldOfCatalogue? Catalogue { get; init; }

    public bool IsAnonymous => Identifiers.Count == 0;
}

/// <summary>Personal details in clear, normalised; they live only while an event is being handled.</summary>
internal sealed record Details(
    string? GivenName = null, string? FamilyName = null, string? Email = null, string? Phone = null, string? Language = null,
    string? TimeZone = null, string? Country = null)
{
    public static Details Of(IEnumerable<ToldAttribute> told)
    {
        var values = told.ToDictionary(a => a.Key, a => a.Value);
        return new Details(
            values.GetValueOrDefault(SealedFields.GivenName), values.GetValueOrDefault(SealedFields.FamilyName), values.GetValueOrDefault(SealedFields.Email),
            values.GetValueOrDefault(SealedFields.Phone), values.GetValueOrDefault(SealedFields.Language), values.GetValueOrDefault(SealedFields.TimeZone),
            values.GetValueOrDefault(SealedFields.Country));
    }

    /// <summary>Those that say something, by their keys.</summary>
    public IEnumerable<ToldAttribute> Told()
    {
        (string Key, string? Value)[] all =
        [
            (SealedFields.GivenName, GivenName), (SealedFields.FamilyName, FamilyName), (SealedFields.Email, Email), (SealedFields.Phone, Phone),
            (SealedFields.Language, Language), (SealedFields.TimeZone, TimeZone), (SealedFields.Country, Country),
        ];
        return all.Where(a => a.Value is not null).Select(a => new ToldAttribute(a.Key, a.Value!));
    }
}

/// <param name="Personal">A JSON object of the values that are not marked as open; null when there are none.</param>
internal sealed record ToldBehaviour(BehaviourFacts Facts, string? Personal);

/// <summary>Whom an event is about, after its identifiers were looked up together.</summary>
/// <param name="Linked">The identifiers that belong to the customer.</param>
/// <param name="Foreign">Those that belong to somebody else already.</param>
internal sealed record Recognised(Guid Customer, IReadOnlyList<Identifier> Linked, IReadOnlyList<ForeignIdentifier> Foreign)
{
    /// <summary>Somebody is known by these identifiers; otherwise a device was named that nobody has been known by.</summary>
    public bool Known { get; init; } = true;

    /// <summary>Customers merged into this one whose identifiers were used.</summary>
    public IReadOnlyList<Guid> Nodes { get; init; } = [];

    /// <summary>The merged customer whose identifier was the surest; null where it was this customer's own.</summary>
    public Guid? Origin { get; init; }
}

/// <param name="Cause">Why this is for a person to decide; null where it only was seen together, as devices are.</param>
internal readonly record struct ForeignIdentifier(Identifier Identifier, Guid BelongsTo, ConflictCause? Cause = ConflictCause.NotSure);
