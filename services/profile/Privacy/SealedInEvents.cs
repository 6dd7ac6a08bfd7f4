using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Every place where an event of profile holds something under the customer's seal. An export opens these; a test finds one that is missing.</summary>
internal static class SealedInEvents
{
    // Events keep the name under which they were stored.
    private static readonly string[] Details =
    [
        "profile.details-changed.v1", "profile.details-changed.v2", "profile.customer-absorbed.v1", "profile.customer-split-off.v1",
        "profile.customer-gave-back.v1", "profile.telling-set-aside.v1",
    ];

    private static readonly string[] Consents = ["profile.consent-changed.v2", "profile.opt-in-requested.v1", "profile.consent-moved.v1"];
    private static readonly string[] Reasons =
        ["profile.customer-merged-away.v1", "profile.customer-split-off.v1", "profile.customers-kept-apart.v1"];

    public static IReadOnlyList<SealedPlace> Places { get; } =
    [
        new("profile.identifier-linked.v1", "sealedValue", linked => Recognition.FieldOf((IdentifierKind)(int)linked["kind"]!)),
        .. Details.SelectMany(InDetails),
        .. Consents.SelectMany(happened => InEvidence(happened, "evidence")),
        .. InEvidence("profile.telling-set-aside.v1", "consents.evidence"),
        .. Reasons.Select(happened => new SealedPlace(happened, "sealedReason", MergeCustomers.ReasonField)),
        new("profile.behaviour-recorded.v1", "sealedProperties", RecordBehaviour.SealedField),
    ];

    private static IEnumerable<SealedPlace> InDetails(string happened) =>
    [
        new(happened, "details.givenName", SealedFields.GivenName),
        new(happened, "details.familyName", SealedFields.FamilyName),
        new(happened, "details.email", SealedFields.Email),
        new(happened, "details.phone", SealedFields.Phone),
        new(happened, "details.language", SealedFields.Language),
        new(happened, "details.timeZone", SealedFields.TimeZone),
        new(happened, "details.country", SealedFields.Country),
        new(happened, "details.attributes.value", attribute => AttributesByKey.FieldOf((string)attribute["key"]!)),
    ];

    private static IEnumerable<SealedPlace> InEvidence(string happened, string path) =>
    [
        new(happened, $"{path}.takenBy", ToldEvidence.TakenByField),
        new(happened, $"{path}.address", ToldEvidence.AddressField),
        new(happened, $"{path}.agent", ToldEvidence.AgentField),
    ];
}
