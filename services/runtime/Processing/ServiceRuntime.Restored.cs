namespace Patron.Runtime.Processing;

/// <summary>What operators do after a store was restored from a backup.</summary>
public sealed partial class ServiceRuntime
{
    /// <summary>
    /// Says that this service's store was restored from an older backup: it begins another life, and readers elsewhere stop where they know
    /// more than the store does. No instance of the service may run meanwhile. Each call begins one more life: call it once a restore.
    /// </summary>
    /// <returns>The new store epoch.</returns>
    public async Task<Guid> DeclareRestoredAsync(CancellationToken cancellation)
    {
        await MigrateAsync(cancellation);
        var published = Definition.Publications.Select(p => p.Topic).Distinct().ToList();
        await eventLog.OpenAsync(published, cancellation);
        var ended = await StoreLife.ReadAsync(Database, cancellation);
        var others = await ended.OthersAsync(Database, Definition.Name, eventLog, published, cancellation);
        return await StoreLife.BeginAsync(Database, others, cancellation);
    }

    /// <summary>
    /// The partitions of this instance that stopped because a producer's store was restored, with what that store no longer knows: at most
    /// <paramref name="factsMax"/> facts each. They are looked up in the log, which takes a while.
    /// </summary>
    public async Task<IReadOnlyList<RestoredStore>> RestoredStoresAsync(int factsMax, CancellationToken cancellation)
    {
        var stores = new List<RestoredStore>();
        foreach (var life in Consumer?.ForeignLives ?? [])
            stores.Add(await UnknownFacts.ListAsync(eventLog, life, factsMax, cancellation));
        return stores;
    }

    /// <summary>
    /// Accepts that a producer's store was restored and does not know all that this service has applied. Decisions made from it are kept;
    /// every partition, on every instance, goes on with the store's new life within seconds; views are built anew without what is unknown.
    /// Safe to repeat. False when the service does not read that topic.
    /// </summary>
    public async Task<bool> AcceptRestoredAsync(string topic, Guid storeEpoch, string who, string why, CancellationToken cancellation)
    {
        if (Definition.Subscriptions.All(s => s.Topic.Name != topic))
            return false;
        await new RestoredTable(Database).AcceptAsync(topic, storeEpoch, who, why, cancellation);
        Consumer?.LookAgain();
        return true;
    }
}
