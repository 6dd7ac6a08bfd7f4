using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>The customers that turned out to be one person.</summary>
/// <param name="Root">Whom others were merged into.</param>
/// <param name="Aliases">Without the root.</param>
internal sealed record Person(Guid Root, IReadOnlyList<Guid> Aliases)
{
    public IReadOnlyList<Guid> All => [Root, .. Aliases];

    /// <summary>One who was never merged stands alone.</summary>
    public static async Task<Person> OfAsync(Guid customer, ServiceRuntime profile, Identities identities, CancellationToken cancellation)
    {
        var root = (await identities.RootsAsync([customer], cancellation)).GetValueOrDefault(customer, customer);
        var state = await profile.StateAsync(CustomerProfile.Kind, root, cancellation);
        return new Person(root, [.. state?.LinksOrNone.Nodes() ?? []]);
    }
}
