using Patron.Runtime.Privacy;

namespace Patron.Runtime.Processing;

/// <summary>What a service keeps of a customer, and what an erasure did to it.</summary>
public sealed partial class ServiceRuntime
{
    /// <summary>The erasures of these customers that this service has applied; one that is missing is yet to be read.</summary>
    public Task<IReadOnlyList<AppliedErasure>> ErasedAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation) =>
        ErasedCustomers.FindAsync(Database, customers, cancellation);

    /// <summary>
    /// Everything that is kept under a customer's id: events of all streams, rows of the service's own tables, timers, parked records. Read in
    /// one snapshot and item by item, whatever the amount.
    /// </summary>
    /// <param name="key">Opens what is sealed; null where the service may not or cannot.</param>
    public IAsyncEnumerable<ExportedItem> ExportAsync(Guid customer, CustomerKey? key, CancellationToken cancellation) =>
        new CustomerExport(Definition, key).ReadAsync(Database, customer, cancellation);
}
