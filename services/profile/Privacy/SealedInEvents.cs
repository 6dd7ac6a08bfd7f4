using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Every place where an event of profile holds something under the customer's seal. An export opens these; a test finds one that is missing.</summary>
internal static class SealedInEvents
{
    private const string Details = "profile.details-changed.v1";
    private const string Linked = "profile.identifier-linked.v1";

    public static IReadOnlyList<SealedPlace> Places { get; } =
    [
        new(Linked, "sealedValue", data => Recognition.FieldOf((IdentifierKind)(int)data["kind"]!)),
        new(Details, "details.givenName", SealedFields.GivenName),
        new(Details, "details.familyName", SealedFields.FamilyName),
        new(Details, "details.email", SealedFields.Email),
        new(Details, "details.phone", SealedFields.Phone),
        new(Details, "details.language", SealedFields.Language),
        new(Details, "details.timeZone", SealedFields.TimeZone),
        new(Details, "details.country", SealedFields.Country),
    ];
}
