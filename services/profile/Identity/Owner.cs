namespace Patron.Profile;

/// <summary>Whose an identifier is.</summary>
/// <param name="Node">The customer it was first linked to; never changes.</param>
/// <param name="Root">The customer whom that one is merged into by now; the same where not merged.</param>
/// <param name="Anonymous">Known by a device only.</param>
/// <param name="Shared">Named with so many persons that it says nothing any more.</param>
internal readonly record struct Owner(Guid Node, Guid Root, bool Anonymous = false, bool Shared = false)
{
    public static Owner Of(Guid customer) => new(customer, customer);
}

/// <summary>What makes an identifier single-valued: a customer has one of the kind at most, within a scope where the kind has them.</summary>
internal readonly record struct SingleValue(Guid Customer, IdentifierKind Kind, Guid? Scope);

/// <summary>Two customers whom one event named together; the first by the surer identifier.</summary>
internal readonly record struct Pair(Guid One, Guid Other)
{
    /// <summary>The same pair whoever was named first.</summary>
    public Pair InOrder() => One.CompareTo(Other) <= 0 ? this : new Pair(Other, One);
}

/// <summary>A merge that an event asks for.</summary>
/// <param name="Event">Its place in the batch.</param>
internal readonly record struct Join(Pair Pair, LinkCause Cause, int Event);
