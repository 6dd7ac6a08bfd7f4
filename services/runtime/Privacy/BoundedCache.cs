namespace Patron.Runtime.Privacy;

/// <summary>
/// A cache that never holds more than a number of entries, and none longer than a lifetime. Two generations instead of a list in order of
/// use: when the young one is full it becomes the old one and the former old one is dropped, so that what is used stays. Thread safe.
/// </summary>
/// <param name="entriesMax">At least 2.</param>
/// <param name="lifetime">How long after <see cref="Set"/> an entry is answered, however often it is used.</param>
public sealed class BoundedCache<TKey, TValue>(int entriesMax, TimeSpan lifetime, TimeProvider clock)
    where TKey : notnull
{
    private readonly Lock gate = new();
    private readonly int generationMax = Math.Max(1, entriesMax / 2);
    private Dictionary<TKey, Entry> young = [];
    private Dictionary<TKey, Entry> old = [];

    public bool TryGet(TKey key, out TValue value)
    {
        lock (gate)
        {
            if (!young.TryGetValue(key, out var entry))
            {
                if (!old.TryGetValue(key, out entry))
                {
                    value = default!;
                    return false;
                }
                Keep(key, entry);
            }
            value = entry.Value;
            return clock.GetElapsedTime(entry.Since) < lifetime;
        }
    }

    public void Set(TKey key, TValue value)
    {
        lock (gate)
            Keep(key, new Entry(value, clock.GetTimestamp()));
    }

    /// <summary>Forgets an entry at once, such as a key that was destroyed.</summary>
    public void Remove(TKey key)
    {
        lock (gate)
        {
            young.Remove(key);
            old.Remove(key);
        }
    }

    private void Keep(TKey key, Entry entry)
    {
        if (young.Count >= generationMax && !young.ContainsKey(key))
            (old, young) = (young, []);
        young[key] = entry;
    }

    private readonly record struct Entry(TValue Value, long Since);
}
