using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>Nothing that a touchpoint told became a value: it was known and is now known to be newer, or it was passed over.</summary>
/// <param name="Confirmed">The keys of the attributes whose value was confirmed.</param>
[EventName("profile.details-weighed.v1")]
internal sealed record DetailsWeighed(
    string Source, DateTimeOffset ToldAt, DateTimeOffset RecordedAt, IReadOnlyList<string> Confirmed, IReadOnlyList<AttributeNote> Notes) : ProfileEvent;

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

/// <summary>Where the values of some attributes come from: most are told together, and a customer's state is read with every purchase.</summary>
/// <param name="ToldAt">When the touchpoint says that it was so.</param>
/// <param name="RecordedAt">Business time at which it was taken.</param>
/// <param name="Inferred">Taken from a receipt: nobody asked for it, so that anything that is told goes before.</param>
internal sealed record AttributeOrigin(
    string Source, DateTimeOffset ToldAt, DateTimeOffset RecordedAt, IReadOnlyList<string> Keys, bool Inferred = false);

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

    /// <summary>Who told the value; null when that was before this was kept.</summary>
    public static Teller? OriginOf(this SealedDetails details, string key) =>
        details.Origins?.FirstOrDefault(o => o.Keys.Contains(key)) is { } origin ? TellerOf(origin) : null;

    public static SealedDetails From(this SealedDetails details, string key, Teller teller)
    {
        var origins = (details.Origins ?? []).Select(o => o.Keys.Contains(key) ? o with { Keys = [.. o.Keys.Where(k => k != key)] } : o)
            .Where(o => o.Keys.Count > 0).ToList();
        var same = origins.FindIndex(o => TellerOf(o) == teller);
        if (same < 0)
            origins.Add(new AttributeOrigin(teller.Source, teller.ToldAt, teller.RecordedAt, [key], teller.Inferred));
        else
            origins[same] = origins[same] with { Keys = [.. origins[same].Keys, key] };
        return details with { Origins = origins };
    }

    /// <summary>These attributes as they are in the others, with where they come from; all else as it was.</summary>
    public static SealedDetails Take(this SealedDetails details, SealedDetails others, IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            details = details.With(key, others.Find(key)!);
            details = others.OriginOf(key) is { } teller ? details.From(key, teller) : details;
        }

        return details;
    }

    /// <summary>The same attributes under another customer's key.</summary>
    public static SealedDetails Reseal(this SealedDetails details, CustomerKey from, CustomerKey to) => details.Keys().Aggregate(
        details, (now, key) => now.With(key, to.Seal(from.Unseal(now.Find(key)!, FieldOf(key)), FieldOf(key))));

    public static SealedDetails Confirmed(this SealedDetails details, DetailsWeighed weighed)
    {
        var teller = new Teller(weighed.Source, weighed.ToldAt, weighed.RecordedAt);
        return weighed.Confirmed.Aggregate(details, (now, key) => now.From(key, teller));
    }

    private static Teller TellerOf(AttributeOrigin origin) => new(origin.Source, origin.ToldAt, origin.RecordedAt, origin.Inferred);
}
