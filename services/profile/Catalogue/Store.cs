using System.Diagnostics;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>Null and empty parts say nothing.</summary>
internal sealed record ToldStore(string Code, DateTimeOffset Since, StoreDescription Store) : ToldOfCatalogue(Code, Since)
{
    public override Command CommandOf(Guid? hash) =>
        Profile.Store.Kind.Command(Profile.Store.IdOf(Code), Profile.Store.IdOf(Code), store => Profile.Store.Decide(store, this, hash));
}

/// <summary>A store as the next decision needs it, and as it is shown.</summary>
/// <param name="Version">The number of changes, from 1.</param>
internal sealed record Store(string Code, int Version, DateTimeOffset? Since, StoreDescription Description)
{
    public static Store Unknown { get; } = new("", 0, null, new StoreDescription(new Dictionary<string, string>(), null, null, null, []));

    public static StreamKind<Store> Kind { get; } = new("store", Unknown, Evolve, ProfileJson.Default.Store);

    /// <summary>The stream of a store: a UUID (version 8) derived from its code.</summary>
    public static Guid IdOf(string code) => IngestReader.KeyOf("catalogue/store", code);

    /// <summary>What is older than what is known loses; what tells nothing new changes nothing.</summary>
    public static Decision Decide(Store store, ToldStore told, Guid? hash)
    {
        if (told.Since < store.Since)
            return Decision.Nothing;
        var known = store.Description;
        var names = new SortedDictionary<string, string>(known.Names.ToDictionary(), StringComparer.Ordinal);
        foreach (var (language, name) in told.Store.Names)
            names[language] = name;
        var now = new StoreDescription(
            names, told.Store.TimeZone ?? known.TimeZone, told.Store.Position ?? known.Position, told.Store.Channel ?? known.Channel,
            told.Store.Hours.Count > 0 ? told.Store.Hours : known.Hours);
        var isSame = names.SequenceEqual(known.Names.OrderBy(n => n.Key, StringComparer.Ordinal)) && now.Hours.SequenceEqual(known.Hours)
            && (now.TimeZone, now.Position, now.Channel) == (known.TimeZone, known.Position, known.Channel);
        return isSame && store.Version > 0 ? Decision.Nothing : new StoreDescribed(told.Code, told.Since, now) { Told = hash };
    }

    public static Store Evolve(Store store, DomainEvent happened) => happened switch
    {
        StoreDescribed described => new Store(described.Code, store.Version + 1, described.Since, described.Store),
        _ => throw new UnreachableException($"{happened.GetType().Name} is not an event of a store."),
    };
}
