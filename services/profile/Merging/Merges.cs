using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>Two customers to be made one.</summary>
/// <param name="Reason">A person's; null for a merge that events ask for.</param>
internal sealed record MergeWanted(Pair Pair, LinkCause Cause, string Who, string? Reason = null, bool DespiteConflicts = false);

/// <summary>What became of it: the link, or why there is none.</summary>
internal sealed record MergeOutcome(Guid? Link, Guid? Survivor, Guid? Away, Refusal? Refusal);

/// <summary>
/// Merges and parts customers, each in one transaction over both. Who is merged into whom is looked up first and found out again under the
/// locks: where somebody else was faster, the merge is looked up and decided anew.
/// </summary>
internal sealed class Merges(ServiceRuntime profile, Identities identities, CustomerVault vault, MatchingRules rules, AttributeRegistry attributes,
    BusinessClock clock)
{
    // More concurrent merges of one customer than this are a fault.
    private const int RoundsMax = 20;
    private const string ByRules = "matching rules";

    /// <summary>Merges these pairs, or says why not; results in the same order. A retry is safe: one customer is not merged with themselves.</summary>
    public async Task<IReadOnlyList<MergeOutcome>> MergeAsync(IReadOnlyList<MergeWanted> wanted, CancellationToken cancellation)
    {
        var outcomes = new MergeOutcome?[wanted.Count];
        for (var round = 0; round < RoundsMax && Array.Exists(outcomes, IsOpen); round++)
        {
            var orders = await OrdersAsync(wanted, outcomes, cancellation);
            if (orders.Count == 0)
                break;
            var keys = await vault.EnsureAsync(orders.SelectMany(o => new[] { o.Order.Away, o.Order.Survivor }).ToHashSet(), cancellation);
            var results = await profile.ExecuteTogetherAsync([.. orders.Select(o => CommandsOf(o.Order, keys))], cancellation);
            foreach (var ((index, order), result) in orders.Zip(results))
            {
                outcomes[index] = result[0].Refusal is { } refusal
                    ? new MergeOutcome(null, null, null, refusal)
                    : new MergeOutcome(order.Link, order.Survivor, order.Away, null);
            }
        }
        return outcomes!;
    }

    /// <summary>
    /// Merges what events ask for; answers what was refused, and keeps that in mind, so that the next event does not ask again at once.
    /// </summary>
    public async Task<IReadOnlyDictionary<Pair, ConflictCause?>> JoinAsync(IReadOnlyList<Join> joins, CancellationToken cancellation)
    {
        var refused = new Dictionary<Pair, ConflictCause?>();
        var pairs = joins.DistinctBy(j => j.Pair.InOrder()).ToList();
        var devices = pairs.Where(j => j.Cause == LinkCause.Device).Select(j => j.Pair).DistinctBy(p => p.Other).ToList();
        var taken = devices.Count == 0 ? new HashSet<Guid>() : await identities.TakeOverAsync(devices, cancellation);
        foreach (var join in pairs.Where(j => j.Cause == LinkCause.Device && !taken.Contains(j.Pair.Other)))
            refused[join.Pair.InOrder()] = null;

        var mergeable = pairs.FindAll(j => j.Cause != LinkCause.Device || taken.Contains(j.Pair.Other));
        var outcomes = await MergeAsync(mergeable.ConvertAll(j => new MergeWanted(j.Pair, j.Cause, ByRules)), cancellation);
        foreach (var (join, outcome) in mergeable.Zip(outcomes))
        {
            if (outcome.Refusal is not (null or OneCustomerAlready or MergeOvertaken))
                refused[join.Pair.InOrder()] = CauseOf(outcome.Refusal);
        }
        foreach (var (pair, cause) in refused)
            identities.KeepApart(pair, cause);
        return refused;
    }

    /// <summary>Undoes a merge: both are again what they were, with what each did meanwhile. Safe to repeat.</summary>
    /// <returns>Null when both stand alone, else why not.</returns>
    public async Task<Refusal?> UndoAsync(Guid link, string who, string reason, CancellationToken cancellation)
    {
        for (var round = 0; ; round++)
        {
            if (await FindAsync(link, cancellation) is not { } found)
                return new NoSuchLink();
            if (found.Undone)
                return null;
            var order = new UnmergeOrder(found.Customer, found.Into, link, who, reason);
            var keys = await vault.GetAsync([order.Customer, order.From], cancellation);
            var result = (await profile.ExecuteTogetherAsync([CommandsOf(order, keys)], cancellation))[0][0];
            if (result.Refusal is not MergeOvertaken || round == RoundsMax)
                return result.Refusal;
            if (found.Outer is { } outer)
                return new MergedFurther(order.From, outer);
        }
    }

    /// <summary>A person's decision that two customers are two: events do not merge them any more. Safe to repeat.</summary>
    /// <param name="conflict">What asked for the decision.</param>
    public async Task<Refusal?> KeepApartAsync(Pair pair, Guid conflict, string who, string reason, CancellationToken cancellation)
    {
        Refusal? refusal = new MergeOvertaken();
        for (var round = 0; round < RoundsMax && refusal is MergeOvertaken; round++)
        {
            var roots = await identities.RootsAsync([pair.One, pair.Other], cancellation);
            var (one, other) = RootsOf(pair, roots);
            if (one == other)
                return new OneCustomerAlready(one);
            var keys = await vault.GetAsync([one, other], cancellation);
            refusal = (await profile.ExecuteTogetherAsync([[Apart(one, other), Apart(other, one)]], cancellation))[0][0].Refusal;

            Command Apart(Guid customer, Guid from) => CustomerProfile.Kind.Command(
                customer, customer, state => KeepApart.Decide(state, from, conflict, who, reason, keys.GetValueOrDefault(customer)));
        }
        return refusal;
    }

    private async Task<List<(int Index, MergeOrder Order)>> OrdersAsync(
        IReadOnlyList<MergeWanted> wanted, MergeOutcome?[] outcomes, CancellationToken cancellation)
    {
        var open = Enumerable.Range(0, wanted.Count).Where(i => IsOpen(outcomes[i])).ToList();
        var named = open.SelectMany(i => new[] { wanted[i].Pair.One, wanted[i].Pair.Other }).ToHashSet();
        var roots = await identities.RootsAsync(named, cancellation);
        var states = await profile.StatesAsync(CustomerProfile.Kind, named.Select(n => roots.GetValueOrDefault(n, n)).ToHashSet(), cancellation);
        var orders = new List<(int, MergeOrder)>();
        foreach (var i in open)
        {
            var (one, other) = RootsOf(wanted[i].Pair, roots);
            if (one == other)
                outcomes[i] = new MergeOutcome(null, null, null, new OneCustomerAlready(one));
            else if (wanted[i].Cause == LinkCause.Decision && MissingOf(one, other, states) is { } missing)
                outcomes[i] = new MergeOutcome(null, null, null, new NoSuchCustomer(missing));
            else
                orders.Add((i, OrderOf(wanted[i], one, other, states)));
        }
        return orders;
    }

    private MergeOrder OrderOf(MergeWanted wanted, Guid one, Guid other, IReadOnlyDictionary<Guid, CustomerProfile> states)
    {
        var stays = MergeCustomers.Stays(one, StateOf(one), other, StateOf(other), rules);
        return new MergeOrder(
            stays ? other : one, stays ? one : other, Guid.CreateVersion7(clock.GetUtcNow()), wanted.Cause, wanted.Who, wanted.Reason, wanted.DespiteConflicts);

        CustomerProfile StateOf(Guid customer) => states.TryGetValue(customer, out var state) ? state : CustomerProfile.Kind.Fold([]);
    }

    private IReadOnlyList<Command> CommandsOf(MergeOrder order, IReadOnlyDictionary<Guid, CustomerKey> keys)
    {
        // The second decision needs what the first has seen; both run under the locks of both, one after the other.
        CustomerProfile? before = null;
        var awayKey = keys.GetValueOrDefault(order.Away);
        var priorities = attributes.Current.Priorities;
        return
        [
            CustomerProfile.Kind.Command(order.Away, order.Away, away =>
            {
                before = away;
                return MergeCustomers.DecideAway(away, order, awayKey);
            }),
            CustomerProfile.Kind.Command(
                order.Survivor, order.Survivor,
                customer => MergeCustomers.DecideStay(
                    customer, before!, order, rules, priorities, keys.GetValueOrDefault(order.Survivor), awayKey)),
        ];
    }

    private IReadOnlyList<Command> CommandsOf(UnmergeOrder order, IReadOnlyDictionary<Guid, CustomerKey> keys)
    {
        IReadOnlyList<DomainEvent> before = [];
        var (key, holderKey) = (keys.GetValueOrDefault(order.Customer), keys.GetValueOrDefault(order.From));
        var terms = new PartingTerms(attributes.Current.Priorities, clock.GetUtcNow());
        return
        [
            CustomerProfile.Kind.CommandWithHistory(order.From, order.From, (holder, _, history) =>
            {
                before = [.. history.Select(h => h.Event)];
                return UnmergeCustomers.DecideGiveBack(holder, before, order, terms, holderKey);
            }),
            CustomerProfile.Kind.Command(
                order.Customer, order.Customer, customer => UnmergeCustomers.DecideSplitOff(customer, before, order, terms, key, holderKey)),
        ];
    }

    private async Task<(Guid Customer, Guid Into, bool Undone, Guid? Outer)?> FindAsync(Guid link, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            select l.customer, l.into_customer, l.undone_at is not null, a.link
            from merges l left join aliases a on a.node = l.into_customer where l.link = $1
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = link });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation)
            ? (row.GetGuid(0), row.GetGuid(1), row.GetBoolean(2), row.IsDBNull(3) ? null : row.GetGuid(3))
            : null;
    }

    private static Pair RootsOf(Pair pair, IReadOnlyDictionary<Guid, Guid> roots) =>
        new(roots.GetValueOrDefault(pair.One, pair.One), roots.GetValueOrDefault(pair.Other, pair.Other));

    private static bool IsOpen(MergeOutcome? outcome) => outcome is null or { Refusal: MergeOvertaken };

    private static Guid? MissingOf(Guid one, Guid other, IReadOnlyDictionary<Guid, CustomerProfile> states) =>
        !states.ContainsKey(one) ? one : !states.ContainsKey(other) ? other : null;

    private static ConflictCause? CauseOf(Refusal refusal) => refusal switch
    {
        MergeConflicted conflicted => conflicted.Conflicts[0].Cause,
        DeviceIsKnown => null,
        _ => ConflictCause.NotSure,
    };
}
