namespace Patron.Profile;

/// <summary>The customers that turned out to be one person.</summary>
internal interface IAliases
{
    /// <summary>The customer that stands for all of them, and the others. One who was never merged stands alone.</summary>
    ValueTask<Person> OfAsync(Guid customer, CancellationToken cancellation);
}

/// <param name="Root">Whom others were merged into.</param>
/// <param name="Aliases">Without the root.</param>
internal sealed record Person(Guid Root, IReadOnlyList<Guid> Aliases)
{
    public IReadOnlyList<Guid> All => [Root, .. Aliases];
}

/// <summary>While customers are not merged, everybody stands alone.</summary>
internal sealed class NoAliases : IAliases
{
    public ValueTask<Person> OfAsync(Guid customer, CancellationToken cancellation) => new(new Person(customer, []));
}
