using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>What tells two customers apart for who decides on them, details masked. Null details: the key was destroyed, nobody can read them.</summary>
/// <param name="Merged">The customers that are merged into this one.</param>
internal sealed record CustomerGlance(
    Guid Id, MaskedDetails? Details, IReadOnlyList<ConsentView> Consents, int Identifiers, IReadOnlyList<Guid> Merged)
{
    public static CustomerGlance Of(Guid id, CustomerProfile customer, CustomerKey? key) => new(
        id, key is null ? null : MaskedDetails.Of(customer.Details, key), ConsentView.Of(customer), customer.Identifiers.Count,
        [.. customer.LinksOrNone.Nodes()]);
}
