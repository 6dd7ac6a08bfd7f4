using System.Diagnostics;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>Details field by field, by the names under which they are sealed.</summary>
internal static class DetailFields
{
    public static IReadOnlyList<string> Names { get; } =
    [
        SealedFields.GivenName, SealedFields.FamilyName, SealedFields.Email, SealedFields.Phone, SealedFields.Language, SealedFields.TimeZone,
        SealedFields.Country,
    ];

    public static string? Of(this SealedDetails details, string field) => field switch
    {
        SealedFields.GivenName => details.GivenName,
        SealedFields.FamilyName => details.FamilyName,
        SealedFields.Email => details.Email,
        SealedFields.Phone => details.Phone,
        SealedFields.Language => details.Language,
        SealedFields.TimeZone => details.TimeZone,
        SealedFields.Country => details.Country,
        _ => throw NoField(field),
    };

    public static SealedDetails With(this SealedDetails details, string field, string? sealedText) => field switch
    {
        SealedFields.GivenName => details with { GivenName = sealedText },
        SealedFields.FamilyName => details with { FamilyName = sealedText },
        SealedFields.Email => details with { Email = sealedText },
        SealedFields.Phone => details with { Phone = sealedText },
        SealedFields.Language => details with { Language = sealedText },
        SealedFields.TimeZone => details with { TimeZone = sealedText },
        SealedFields.Country => details with { Country = sealedText },
        _ => throw NoField(field),
    };

    /// <summary>These fields as they are in the others, all else as it was.</summary>
    public static SealedDetails Take(this SealedDetails details, SealedDetails others, IEnumerable<string> fields) =>
        fields.Aggregate(details, (taken, field) => taken.With(field, others.Of(field)));

    /// <summary>A sealed field under another customer's key.</summary>
    public static string? Resealed(this SealedDetails details, string field, CustomerKey from, CustomerKey to) =>
        details.Of(field) is { } text ? to.Seal(from.Unseal(text, field), field) : null;

    public static IReadOnlyDictionary<string, DateTimeOffset>? With(
        this IReadOnlyDictionary<string, DateTimeOffset>? times, IEnumerable<KeyValuePair<string, DateTimeOffset>> later)
    {
        var all = new SortedDictionary<string, DateTimeOffset>(times?.ToDictionary() ?? [], StringComparer.Ordinal);
        foreach (var (field, time) in later)
            all[field] = time;
        return all.Count == 0 ? null : all;
    }

    private static UnreachableException NoField(string field) => new($"{field} is not a field of details.");
}
