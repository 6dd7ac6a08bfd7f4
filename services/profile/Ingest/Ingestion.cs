using System.Diagnostics;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

internal enum TakenAs
{
    /// <summary>Durable now.</summary>
    Accepted,

    /// <summary>Was durable before; nothing was changed.</summary>
    Repeated,

    /// <summary>The source and id belong to an event that told something else.</summary>
    Conflict,

    /// <summary>Understood and not allowed; see the detail.</summary>
    Refused,

    /// <summary>Left alone because another event of the call cannot be taken.</summary>
    NotApplied,
}

/// <param name="Customer">Whom it is about; null for an anonymous purchase, or when it was not taken.</param>
internal sealed record Taken(Told Event, TakenAs As, Guid? Customer, string? Detail = null)
{
    /// <summary>It is durable, now or since an earlier time.</summary>
    public bool IsTaken => As is TakenAs.Accepted or TakenAs.Repeated;
}

/// <summary>
/// Takes events that were found right, a batch at a time in a handful of round trips: known events, identifiers, keys, then the commands.
/// HTTP, the log and replays of quarantined records all come through here.
/// </summary>
internal sealed class Ingestion(ServiceRuntime profile, Identities identities, Merges merges, CustomerVault vault, Enrichment enrichment)
{
    // As often as customers may be merged or parted while their events are on the way.
    private const int RoundsMax = 10;

    // More pairs than a chain of customers in one batch of events needs.
    private const int JoinRoundsMax = 100;
    private const string ConflictDetail = "An event of this source and id was taken before and told something else; a new event needs a new id.";

    /// <summary>Returns when everything accepted is durable; results are in the order of the events. A retry is safe.</summary>
    /// <param name="allOrNone">
    /// Apply nothing when an event is known to conflict. (One that conflicts with a call of the same moment is found out only afterwards.)
    /// </param>
    public async Task<IReadOnlyList<Taken>> TakeAsync(IReadOnlyList<Told> events, bool allOrNone, CancellationToken cancellation)
    {
        var results = new Taken?[events.Count];
        var first = new Dictionary<Guid, int>(events.Count);
        var earlier = await EarlierAsync(events, cancellation);
        for (var i = 0; i < events.Count; i++)
        {
            if (earlier.TryGetValue(events[i].Key, out var known))
                results[i] = Compare(events[i], known.Hash, known.Customer);
            else if (!first.TryAdd(events[i].Key, i) && events[first[events[i].Key]].Hash != events[i].Hash)
                results[i] = new Taken(events[i], TakenAs.Conflict, null, ConflictDetail);
        }
        if (allOrNone && results.Any(r => r?.As == TakenAs.Conflict))
            return [.. results.Select((r, i) => r ?? new Taken(events[i], TakenAs.NotApplied, null))];

        var fresh = first.Values.Where(i => results[i] is null).Order().ToList();
        var applied = await ApplyAsync(fresh.ConvertAll(i => events[i]), cancellation);
        for (var i = 0; i < fresh.Count; i++)
            results[fresh[i]] = applied[i];
        // What is left came twice in this very call.
        for (var i = 0; i < events.Count; i++)
            results[i] ??= results[first[events[i].Key]]! with { Event = events[i], As = Again(results[first[events[i].Key]]!.As) };

        var repeats = results.Count(r => r!.As == TakenAs.Repeated);
        if (repeats > 0)
            await Figures.CountRepeatsAsync(profile.Database, repeats, cancellation);
        return results!;
    }

    private async Task<IReadOnlyList<Taken>> ApplyAsync(List<Told> events, CancellationToken cancellation)
    {
        if (events.Count == 0)
            return [];
        events = await enrichment.EnrichAsync(events, cancellation);
        var results = new Taken[events.Count];
        var left = Enumerable.Range(0, events.Count).ToList();
        for (var round = 0; left.Count > 0; round++)
        {
            var taken = await ApplyOnceAsync(left.ConvertAll(i => events[i]), cancellation);
            var again = new List<int>();
            var erased = new HashSet<Guid>();
            for (var i = 0; i < left.Count; i++)
            {
                results[left[i]] = taken[i].Outcome;
                if (taken[i].Refusal is CustomerElsewhere or CustomerErased && round < RoundsMax)
                    again.Add(left[i]);
                // An instance may remember for a while who was erased meanwhile; who is named now is somebody new.
                if (taken[i] is { Refusal: CustomerErased, Customer: { } customer })
                    erased.Add(customer);
            }
            left = again;
            await identities.ForgetAsync(left.Select(i => events[i]), cancellation);
            if (erased.Count > 0)
                await identities.EraseAsync(erased, cancellation);
        }
        await enrichment.LearnAsync(events, cancellation);
        return results;
    }

    /// <summary>
    /// A refusal of <see cref="CustomerElsewhere"/>: the customer was merged or parted between the look-up and the decision, so nothing was
    /// recorded for anybody.
    /// </summary>
    private async Task<List<(Taken Outcome, Refusal? Refusal, Guid? Customer)>> ApplyOnceAsync(List<Told> events, CancellationToken cancellation)
    {
        var who = await RecogniseAsync(events, cancellation);
        var keys = await vault.EnsureAsync(who.OfType<Recognised>().Select(w => w.Customer).ToHashSet(), cancellation);
        var commands = events.Select((told, i) => who[i] is { } named
            ? CommandOf(told, CustomerProfile.Kind.Command(named.Customer, named.Customer, Deciding(told, named, keys.GetValueOrDefault(named.Customer))))
            : CommandOf(told, told.Catalogue?.CommandOf(told.Hash) ?? CustomerProfile.Kind.Command(told.Key, told.Key, _ => Nobody(told)))).ToList();
        var results = await profile.ExecuteAsync(commands, cancellation);
        return [.. results.Select((result, i) => (Outcome(events[i], result, who[i]?.Customer), result.Refusal, who[i]?.Customer))];
    }

    private async Task<IReadOnlyList<Recognised?>> RecogniseAsync(List<Told> events, CancellationToken cancellation)
    {
        var refused = new Dictionary<Pair, ConflictCause?>();
        for (var round = 0; round < JoinRoundsMax; round++)
        {
            var matches = await identities.RecogniseAsync(events, refused, cancellation);
            if (matches.Joins.Count == 0)
                return matches.Who;
            // Each round merges a pair at least, or learns why not.
            foreach (var (pair, cause) in await merges.JoinAsync(matches.Joins, cancellation))
                refused[pair] = cause;
            await identities.ForgetAsync(matches.Joins.Select(join => events[join.Event]), cancellation);
        }
        throw new InvalidOperationException($"Customers of a batch were merged and parted {JoinRoundsMax} times in a row.");
    }

    private static Func<CustomerProfile, Decision> Deciding(Told told, Recognised who, Runtime.Privacy.CustomerKey? key) => customer =>
        customer.Erasure is not null ? new CustomerErased() : !customer.IsStill(who) ? new CustomerElsewhere() : told switch
        {
            { Purchase: not null } => RecordPurchase.Decide(customer, told, who, key),
            { Behaviour: not null } => RecordBehaviour.Decide(customer, told, who, key),
            _ => UpdateCustomer.Decide(customer, told, who, key),
        };

    // All that was told is shared by too many to name anybody.
    private static Decision Nobody(Told told) => told.Purchase is null ? new NobodyNamed() : RecordPurchase.DecideAnonymous(told);

    private static Command CommandOf(Told told, Command command) => command with
    {
        IdempotencyKey = told.Key,
        Metadata = new EventMetadata { TraceParent = told.TraceParent ?? Activity.Current?.Id },
    };

    private static Taken Outcome(Told told, CommandResult result, Guid? customer)
    {
        if (result.Refusal is { } refusal)
            return new Taken(told, TakenAs.Refused, null, refusal.Detail);
        return result.Repeated
            ? Compare(told, ((ProfileEvent)result.Events[0].Event).Told, result.Events[0].Customer)
            : new Taken(told, TakenAs.Accepted, customer);
    }

    private static Taken Compare(Told told, Guid? hash, Guid customer) => hash == told.Hash
        ? new Taken(told, TakenAs.Repeated, customer == told.Key || told.Catalogue is not null ? null : customer)
        : new Taken(told, TakenAs.Conflict, null, ConflictDetail);

    private static TakenAs Again(TakenAs first) => first == TakenAs.Accepted ? TakenAs.Repeated : first;

    // The store would find them too, but only after the other events of the call were applied.
    private async Task<Dictionary<Guid, (Guid Customer, Guid? Hash)>> EarlierAsync(IReadOnlyList<Told> events, CancellationToken cancellation)
    {
        var earlier = new Dictionary<Guid, (Guid, Guid?)>();
        await using var command = profile.Database.CreateCommand("select key, customer, (data::json ->> 'told')::uuid from events where key = any($1)");
        command.Parameters.Add(Statements.Uuids(events.Select(e => e.Key)));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            earlier.Add(row.GetGuid(0), (row.GetGuid(1), row.IsDBNull(2) ? null : row.GetGuid(2)));
        return earlier;
    }
}
