using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Channels.Email;

/// <summary>
/// What this service keeps of a customer. After an erasure a send that waits finds neither contact nor consent, and ends as suppressed like any
/// other; one that is being handed over ends by its answer.
/// </summary>
internal static class CustomerTables
{
    public static IReadOnlyList<CustomerTable> All { get; } =
    [
        new CustomerTable("contacts")
        {
            Sealed = new Dictionary<string, string>
            {
                ["given_name"] = SealedFields.GivenName,
                ["family_name"] = SealedFields.FamilyName,
                ["email"] = SealedFields.Email,
                ["language"] = SealedFields.Language,
            },
        },
        new CustomerTable("consents"),
        new CustomerTable("untold"),
        new CustomerTable("outbox") { KeptBecause = "a send ends by its own decision, which finds nothing to send to" },
        new CustomerTable("suppressions") { KeptBecause = "who asked for no mail gets none, whatever is imported later; the address is only a keyed hash" },
    ];
}
