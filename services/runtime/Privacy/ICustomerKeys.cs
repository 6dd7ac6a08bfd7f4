namespace Patron.Runtime.Privacy;

/// <summary>
/// Where customer keys come from: profile's own table, or, for every other service, profile over HTTP. Keys are held in memory only, and
/// for a bounded time.
/// </summary>
public interface ICustomerKeys
{
    /// <summary>The keys of these customers; one that is missing was erased or never existed. Reads only: a retry is safe.</summary>
    ValueTask<IReadOnlyDictionary<Guid, CustomerKey>> GetAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation);

    /// <summary>Forgets a customer's key here at once: they were erased. Other instances forget it when its time in memory is over.</summary>
    void Forget(Guid customer);
}
