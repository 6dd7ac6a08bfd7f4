namespace Patron.Runtime.Processing;

/// <summary>
/// A table of a service's own with rows of customers. An export of a customer shows its rows and an erasure deletes them; a test compares
/// what services declare with the tables that they have.
/// </summary>
/// <param name="Name">In the service's schema.</param>
/// <param name="Key">The column of type <c>uuid</c> that holds the customer's id.</param>
public sealed record CustomerTable(string Name, string Key = "customer")
{
    /// <summary>
    /// A projection keeps the rows, and deletes them when it reads of the erasure; while it is first built there is no such table. An export
    /// leaves them out: they follow from events that are in the exports of the services that decided them.
    /// </summary>
    public bool OfProjection { get; init; }

    /// <summary>Why an erasure leaves the rows; null where it deletes them.</summary>
    public string? KeptBecause { get; init; }

    /// <summary>Columns that are sealed with the customer's key, and the field that each is bound to: an export shows them opened.</summary>
    public IReadOnlyDictionary<string, string> Sealed { get; init; } = new Dictionary<string, string>();
}
