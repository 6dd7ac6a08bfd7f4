using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// Finds the customers of a batch of events by their identifiers, and gives new identifiers an owner before any command runs. A mapping whose
/// command then fails does no harm: the first command that succeeds registers the customer. What is answered may be overtaken by a merge at
/// the same moment; whoever decides under the customer's lock finds that out, forgets the events' identifiers here and asks again.
/// </summary>
internal sealed class Identities(
    ServiceRuntime profile, MatchingRules rules, BoundedCache<IdentifierHash, Owner> known, BoundedCache<Pair, ConflictCause?> apart, BusinessClock clock)
{
    // Every round that is lost has found more owners than the one before; a batch that loses this often meets a fault.
    private const int RoundsMax = 50;
    private static readonly HashSet<SingleValue> NoSingles = [];

    private readonly OwnerTable table = new(profile.Database, rules);

    /// <summary>
    /// Answers for each event whom it is about, null for one that names nobody; or which customers have to be merged before that can be said,
    /// and then gives no owners yet. A retry is safe.
    /// </summary>
    /// <param name="refused">Pairs, in order, whose merge was asked for and refused, and why.</param>
    public async Task<Matches> RecogniseAsync(
        IReadOnlyList<Told> events, IReadOnlyDictionary<Pair, ConflictCause?> refused, CancellationToken cancellation)
    {
        var owners = new Dictionary<IdentifierHash, Owner>(events.Count);
        var unknown = new HashSet<IdentifierHash>();
        foreach (var told in events)
        {
            foreach (var identifier in told.Identifiers)
            {
                if (owners.ContainsKey(identifier.Hash) || unknown.Contains(identifier.Hash))
                    continue;
                if (known.TryGet(identifier.Hash, out var owner))
                    owners.Add(identifier.Hash, owner);
                else
                    unknown.Add(identifier.Hash);
            }
        }

        await LookUpAsync(unknown, owners, cancellation);
        for (var round = 0; round < RoundsMax; round++)
        {
            var matches = await MatchAsync(events, owners, refused, cancellation);
            if (matches.Joins.Count > 0 || matches.New.Count == 0)
                return matches;
            if (await table.TryClaimAsync(matches, cancellation))
            {
                foreach (var (hash, owner) in matches.New)
                    known.Set(hash, owner);
                foreach (var (hash, owner) in owners.Where(o => o.Value.Anonymous && matches.BecameKnown.Contains(o.Value.Node)))
                    known.Set(hash, owner with { Anonymous = false });
                return matches;
            }
            await LookUpAsync([.. matches.New.Keys, .. owners.Where(o => o.Value.Anonymous).Select(o => o.Key)], owners, cancellation);
        }
        throw new InvalidOperationException($"Identifiers of a batch were taken by others {RoundsMax} times in a row.");
    }

    /// <summary>Whose an identifier is by now, or null.</summary>
    public async Task<Guid?> FindAsync(IdentifierHash hash, CancellationToken cancellation)
    {
        var owners = new Dictionary<IdentifierHash, Owner>();
        await LookUpAsync([hash], owners, cancellation);
        if (!owners.TryGetValue(hash, out var owner))
            return null;
        return owner.Root == owner.Node ? (await table.RootsAsync([owner.Node], cancellation)).GetValueOrDefault(owner.Node, owner.Node) : owner.Root;
    }

    /// <summary>
    /// Takes all identifiers from these customers, who were erased, and from everybody merged into them: whoever names one of them again names
    /// somebody new. A retry is safe.
    /// </summary>
    /// <param name="named">Identifiers that may be remembered here as theirs.</param>
    public async Task<int> EraseAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation, params IEnumerable<IdentifierHash> named)
    {
        var gone = await table.EraseAsync(customers, cancellation);
        foreach (var hash in gone.Concat(named))
            known.Remove(hash);
        return gone.Count;
    }

    /// <summary>Whom these customers are merged into by now; those that are not merged are left out.</summary>
    public Task<IReadOnlyDictionary<Guid, Guid>> RootsAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation) =>
        table.RootsAsync(customers, cancellation);

    /// <summary>Takes devices' customers over for those who are named with them now; answers those whom nobody else has taken.</summary>
    public Task<IReadOnlySet<Guid>> TakeOverAsync(IReadOnlyCollection<Pair> devices, CancellationToken cancellation) =>
        table.TakeOverAsync(devices, cancellation);

    /// <summary>Looks these events' identifiers up anew the next time, after a merge or a split that overtook what was found.</summary>
    public async Task ForgetAsync(IEnumerable<Told> events, CancellationToken cancellation)
    {
        var hashes = events.SelectMany(told => told.Identifiers).Select(identifier => identifier.Hash).ToHashSet();
        if (hashes.Count == 0)
            return;
        await table.MarkMergedAsync(hashes, cancellation);
        foreach (var hash in hashes)
            known.Remove(hash);
    }

    /// <summary>Keeps in mind for a while that two customers are not merged by what events say.</summary>
    public void KeepApart(Pair pair, ConflictCause? cause) => apart.Set(pair.InOrder(), cause);

    private async Task<Matches> MatchAsync(
        IReadOnlyList<Told> events, Dictionary<IdentifierHash, Owner> owners, IReadOnlyDictionary<Pair, ConflictCause?> refused,
        CancellationToken cancellation)
    {
        var matches = Match(NoSingles);
        if (matches.WouldGetSingle.Count == 0)
            return matches;

        // Rare: somebody who was met before shows a card, or the like, for the first time.
        var met = owners.Values.Select(o => o.Root).Where(matches.WouldGetSingle.Contains).ToHashSet();
        if (met.Count == 0)
            return matches;
        var states = await profile.StatesAsync(CustomerProfile.Kind, met, cancellation);
        var singles = states.SelectMany(s => s.Value.Identifiers.Where(i => rules.IsSingle(i.Kind)).Select(i => new SingleValue(s.Key, i.Kind, i.Scope)));
        return Match(singles.ToHashSet());

        Matches Match(HashSet<SingleValue> singles) =>
            new Matching(rules, owners, singles, IsApart, () => Guid.CreateVersion7(clock.GetUtcNow())).Match(events);

        (bool, ConflictCause?) IsApart(Pair pair) =>
            refused.TryGetValue(pair, out var cause) || apart.TryGet(pair, out cause) ? (true, cause) : (false, null);
    }

    private async Task LookUpAsync(HashSet<IdentifierHash> hashes, Dictionary<IdentifierHash, Owner> owners, CancellationToken cancellation)
    {
        if (hashes.Count == 0)
            return;
        await table.FindAsync(hashes, owners, cancellation);
        foreach (var hash in hashes)
        {
            if (owners.TryGetValue(hash, out var owner))
                known.Set(hash, owner);
        }
    }
}
