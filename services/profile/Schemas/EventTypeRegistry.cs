using System.Text.Json;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>The latest version of an event type, ready to check events.</summary>
internal sealed record EventType(string Name, int Version, SchemaNode Schema)
{
    /// <summary>What is made of a type that nobody registered, where the brand takes such: any field, all of them personal.</summary>
    public static EventType FreeForm(string name) => new(name, 0, SchemaNode.Anything);
}

/// <summary>
/// The event types of this instance. What another instance registers is in force here after <see cref="CollectSettings.EventTypesHeldFor"/>; a
/// name that is not known is looked for at once, though not more often than every second.
/// </summary>
internal sealed class EventTypeRegistry(EventTypeStore store, SchemaReader reader, CollectSettings settings, SystemClock clock) : IDisposable
{
    private static readonly TimeSpan UnknownAgainAfter = TimeSpan.FromSeconds(1);
    private readonly SemaphoreSlim loading = new(1);
    private volatile Held held = new([], null);

    /// <summary>The type of this name, or null when events of it cannot be taken. Does not wait while what is held is fresh.</summary>
    public async ValueTask<EventType?> FindAsync(string name, CancellationToken cancellation)
    {
        var now = held;
        var age = now.Since is { } since ? clock.GetElapsedTime(since) : TimeSpan.MaxValue;
        if (age >= settings.EventTypesHeldFor || (age >= UnknownAgainAfter && !now.Types.ContainsKey(name)))
            now = await RefreshAsync(now, cancellation);
        return now.Types.TryGetValue(name, out var known) ? known : settings.FreeFormTypes ? EventType.FreeForm(name) : null;
    }

    /// <summary>Takes up at once what this instance registered.</summary>
    public Task RefreshAsync(CancellationToken cancellation) => RefreshAsync(held, cancellation);

    public void Dispose() => loading.Dispose();

    private async Task<Held> RefreshAsync(Held stale, CancellationToken cancellation)
    {
        await loading.WaitAsync(cancellation);
        try
        {
            // Whoever waited behind another finds the work done.
            if (!ReferenceEquals(held, stale))
                return held;
            var since = clock.GetTimestamp();
            var newer = await store.NewerAsync([.. stale.Types.Values.Select(t => (t.Name, t.Version))], cancellation);
            var types = newer.Count == 0 ? stale.Types : new Dictionary<string, EventType>(stale.Types);
            foreach (var version in newer)
                types[version.Name] = new EventType(version.Name, version.Version, Open(version.Schema));
            return held = new Held(types, since);
        }
        finally
        {
            loading.Release();
        }
    }

    // What was registered was found right; a newer build may take keywords that this one does not, and then checks more.
    private SchemaNode Open(string schema)
    {
        using var json = JsonDocument.Parse(schema);
        return reader.Read(json.RootElement, new FieldErrors());
    }

    private sealed record Held(Dictionary<string, EventType> Types, long? Since);
}
