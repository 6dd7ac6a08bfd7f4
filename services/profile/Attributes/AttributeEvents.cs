using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>Nothing that a touchpoint told became a value: it was known and is now known to be newer, or it was passed over.</summary>
/// <param name="Origins">Of the attributes whose value was confirmed, as they are now.</param>
[EventName("profile.details-weighed.v1")]
internal sealed record DetailsWeighed(string Source, DateTimeOffset ToldAt, IReadOnlyList<AttributeOrigin> Origins, IReadOnlyList<AttributeNote> Notes)
    : ProfileEvent;

/// <summary>How something that was told about an attribute was weighed, where that is not plain. Numbers are stored.</summary>
internal enum AttributeOutcome
{
    /// <summary>What is known was told later.</summary>
    Older = 1,

    /// <summary>What is known comes from a source that goes before.</summary>
    LowerPriority = 2,

    /// <summary>Told at the same moment as what is known, which stays.</summary>
    TieLost = 3,

    /// <summary>Told at the same moment as what was known, which it replaced.</summary>
    TieWon = 4,

    /// <summary>No value of anybody, such as test or 0000.</summary>
    Placeholder = 5,
}

internal sealed record AttributeNote(string Key, AttributeOutcome Outcome);

/// <summary>Where the value of an attribute comes from.</summary>
/// <param name="ToldAt">When the touchpoint says that it was so.</param>
/// <param name="RecordedAt">Business time at which it was taken.</param>
/// <param name="Inferred">Taken from a receipt: nobody asked for it, so that anything that is told goes before.</param>
internal sealed record AttributeOrigin(string Key, string Source, DateTimeOffset ToldAt, DateTimeOffset RecordedAt, bool Inferred = false);

/// <param name="Value">Sealed under the field <see cref="SealedFields.Attribute"/>.</param>
internal sealed record SealedAttribute(string Key, string Value);

/// <summary>All attributes by their keys, the seven that have a place of their own and the further ones alike.</summary>
internal static class AttributesByKey
{
    /// <summary>The keys of those with a place of their own, which are also the names of their fields.</summary>
    public static readonly IReadOnlyList<string> Own =
    [
        SealedFields.GivenName, SealedFields.FamilyName, SealedFields.Email, SealedFields.Phone, SealedFields.Language, SealedFields.TimeZone,
        SealedFields.Country,
    ];

    /// <summary>The field name that the sealed value is bound to.</summary>
    public static string FieldOf(string key) => Own.Contains(key) ? key : SealedFields.Attribute(key);

    public static string? Find(this SealedDetails details, string key) => key switch
    {
        SealedFields.GivenName => details.GivenName,
        SealedFields.FamilyName => details.FamilyName,
        SealedFields.Email => details.Email,
        SealedFields.Phone => details.Phone,
        SealedFields.Language => details.Language,
        SealedFields.TimeZone => details.TimeZone,
        SealedFields.Country => details.Country,
        _ => details.Attributes?.FirstOrDefault(a => a.Key == key)?.Value,
    };

    public static SealedDetails With(this SealedDetails details, string key, string value) => key switch
    {
        SealedFields.GivenName => details with { GivenName = value },
        SealedFields.FamilyName => details with { FamilyName = value },
        SealedFields.Email => details with { Email = value },
        SealedFields.Phone => details with { Phone = value },
        SealedFields.Language => details with { Language = value },
        SealedFields.TimeZone => details with { TimeZone = value },
        SealedFields.Country => details with { Country = value },
        _ => details with { Attributes = [.. (details.Attributes ?? []).Where(a => a.Key != key), new SealedAttribute(key, value)] },
    };

    /// <summary>The keys of everything that is known.</summary>
    public static IEnumerable<string> Keys(this SealedDetails details) =>
        Own.Where(key => details.Find(key) is not null).Concat((details.Attributes ?? []).Select(a => a.Key));

    public static AttributeOrigin? OriginOf(this SealedDetails details, string key) => details.Origins?.FirstOrDefault(o => o.Key == key);

    public static SealedDetails From(this SealedDetails details, AttributeOrigin origin) =>
        details with { Origins = [.. (details.Origins ?? []).Where(o => o.Key != origin.Key), origin] };

    public static SealedDetails Confirmed(this SealedDetails details, DetailsWeighed weighed) =>
        weighed.Origins.Aggregate(details, (now, origin) => now.From(origin));
}
