using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>A person looks at two customers whom events named together, and says that they are two.</summary>
internal static class KeepApart
{
    /// <summary>The side of one of them; the other decides the same in the same transaction.</summary>
    public static Decision Decide(CustomerProfile customer, Guid other, Guid conflict, string who, string reason, CustomerKey? key)
    {
        if (key is null || customer.Erasure is not null)
            return new CustomerErased();
        return customer.LinksOrNone.MergedInto is null
            ? new CustomersKeptApart(other, conflict, who, key.Seal(reason, MergeCustomers.ReasonField))
            : new MergeOvertaken();
    }
}
