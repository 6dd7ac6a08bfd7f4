namespace Patron.Profile;

/// <summary>What a batch of events says about who is who.</summary>
/// <param name="Who">For each event whom it is about; null for one that names nobody.</param>
internal sealed record Matches(IReadOnlyList<Recognised?> Who)
{
    /// <summary>Identifiers that belong to nobody yet, and whose they would become.</summary>
    public Dictionary<IdentifierHash, Owner> New { get; } = [];

    /// <summary>Customers to be merged; nothing else of the answer counts while there are any.</summary>
    public List<Join> Joins { get; } = [];

    /// <summary>Devices' anonymous customers that became known by something surer.</summary>
    public HashSet<Guid> BecameKnown { get; } = [];

    /// <summary>Customers who would get an identifier of which they may have one already.</summary>
    public HashSet<Guid> WouldGetSingle { get; } = [];
}

/// <summary>
/// Matches events to customers as if they came one after the other. Where identifiers of one event belong to different customers the surest
/// decides, and the rules say whether these are one person, are for a person to look at, or are nothing to each other.
/// </summary>
/// <param name="known">Whose the identifiers are that belong to somebody.</param>
/// <param name="singles">What those customers have of which a person has one at most, as far as that was asked for.</param>
/// <param name="apart">Whether a pair is known not to be merged, and why.</param>
/// <param name="newCustomer">Makes the id of a customer nobody has met.</param>
internal sealed class Matching(
    MatchingRules rules, IReadOnlyDictionary<IdentifierHash, Owner> known, IReadOnlySet<SingleValue> singles,
    Func<Pair, (bool Apart, ConflictCause? Cause)> apart, Func<Guid> newCustomer)
{
    private readonly HashSet<SingleValue> added = [];
    private readonly HashSet<Guid> created = [];
    private readonly Dictionary<IdentifierHash, Guid?> scopes = [];
    private Matches matches = new([]);

    public Matches Match(IReadOnlyList<Told> events)
    {
        var who = new Recognised?[events.Count];
        matches = new Matches(who);
        for (var i = 0; i < who.Length; i++)
        {
            if (!events[i].IsAnonymous)
                who[i] = Recognise(events[i].Identifiers, i);
        }
        return matches;
    }

    private Recognised? Recognise(IReadOnlyList<Identifier> told, int index)
    {
        var decider = DeciderOf(told, out var sure, out var usable);
        if (!usable)
            return null;
        var decided = decider < 0 ? null : OwnerOf(told[decider].Hash);

        // What a person has one of at most, and nobody has yet, says more surely who this is not than a less sure identifier who it is.
        var another = decided is { } found && HasAnother(told, decider, found.Root);
        if (another)
            decided = null;
        if (sure && decided is { Anonymous: true })
            matches.BecameKnown.Add(decided.Value.Node);
        var owner = decided is { } met ? met with { Anonymous = met.Anonymous && !sure } : NewCustomer(anonymous: !sure);
        var who = Link(told, index, owner, another ? -1 : decider, sure, out var same);

        // Whoever was met for the first time in this batch is nobody else's yet, so nothing has to be merged.
        if (same is not { } one)
            return who;
        Adopt(one);
        return Recognise(told, index);
    }

    private Recognised Link(IReadOnlyList<Identifier> told, int index, Owner customer, int decider, bool sure, out Pair? same)
    {
        same = null;
        List<Identifier>? linked = null;
        List<ForeignIdentifier>? foreign = null;
        List<Guid>? nodes = customer.Node == customer.Root ? null : [customer.Node];
        for (var i = 0; i < told.Count; i++)
        {
            var owner = OwnerOf(told[i].Hash);
            if (owner is null ? TryTake(told, i, customer) : owner is { Shared: false } own && own.Root == customer.Root)
            {
                linked?.Add(told[i]);
                if (owner is { } merged && merged.Node != merged.Root && nodes?.Contains(merged.Node) != true)
                    (nodes ??= []).Add(merged.Node);
                continue;
            }
            linked ??= [.. told.Take(i)];
            if (owner is not { Shared: false } other)
                continue;
            var cause = Compare(told, i, decider, other, customer, index, ref same);
            (foreign ??= []).Add(new ForeignIdentifier(told[i], other.Root, cause));
        }
        return new Recognised(customer.Root, linked ?? told, foreign ?? (IReadOnlyList<ForeignIdentifier>)[])
        {
            Known = sure,
            Nodes = nodes ?? (IReadOnlyList<Guid>)[],
            Origin = customer.Node == customer.Root ? null : customer.Node,
        };
    }

    /// <summary>What a foreign identifier means: that its owner is to be merged with the customer, or why not.</summary>
    private ConflictCause? Compare(
        IReadOnlyList<Identifier> told, int foreign, int decider, Owner owner, Owner customer, int index, ref Pair? same)
    {
        var device = rules.IsWeak(told[foreign].Kind);
        if (device && !owner.Anonymous)
            return null;
        if (!device && decider < 0)
            return ConflictCause.SingleValued;
        if (!device && !(rules.IsStrong(told[decider]) && rules.IsStrong(told[foreign])))
            return ConflictCause.NotSure;

        var pair = new Pair(customer.Root, owner.Root);
        if (created.Contains(owner.Root) || created.Contains(customer.Root))
        {
            var into = created.Contains(owner.Root) ? pair : new Pair(owner.Root, customer.Root);
            if (!CanAdopt(into))
                return ConflictCause.SingleValued;
            same = into;
            return null;
        }
        if (apart(pair.InOrder()) is (true, var cause))
            return cause;
        matches.Joins.Add(new Join(pair, device ? LinkCause.Device : LinkCause.Identifiers, index));
        return null;
    }

    private bool CanAdopt(Pair pair) => !matches.New.Any(n => n.Value.Root == pair.Other && rules.IsSingle(n.Key.Kind) && TakenBy(pair.One, n.Key));

    private bool TakenBy(Guid customer, IdentifierHash hash) => IsTaken(hash.Kind, scopes.GetValueOrDefault(hash), customer);

    /// <summary>Makes the second of the pair, who was met in this batch, the first one from its beginning.</summary>
    private void Adopt(Pair pair)
    {
        var into = matches.New.Values.Concat(known.Values).First(o => o.Root == pair.One) with { Anonymous = false };
        foreach (var hash in matches.New.Where(n => n.Value.Root == pair.Other).Select(n => n.Key).ToList())
        {
            matches.New[hash] = into;
            if (rules.IsSingle(hash.Kind))
                added.Add(new SingleValue(pair.One, hash.Kind, scopes.GetValueOrDefault(hash)));
        }

        var who = (Recognised?[])matches.Who;
        for (var i = 0; i < who.Length; i++)
        {
            if (who[i]?.Customer == pair.Other)
            {
                who[i] = who[i]! with
                {
                    Customer = into.Root,
                    Nodes = into.Node == into.Root ? [] : [into.Node],
                    Origin = into.Node == into.Root ? null : into.Node,
                };
            }
        }
    }

    private Owner NewCustomer(bool anonymous)
    {
        var customer = newCustomer();
        created.Add(customer);
        return new Owner(customer, customer, anonymous);
    }

    /// <summary>
    /// The surest identifier that has an owner decides. A device does so only where nothing surer is told, or where nobody is known by it: its
    /// owner may be another member of the family.
    /// </summary>
    /// <param name="sure">Something surer than a device is told.</param>
    /// <param name="usable">Something is told that not too many persons share.</param>
    private int DeciderOf(IReadOnlyList<Identifier> told, out bool sure, out bool usable)
    {
        (sure, usable) = (false, false);
        for (var i = 0; i < told.Count; i++)
        {
            var owner = OwnerOf(told[i].Hash);
            if (owner is { Shared: true })
                continue;
            usable = true;
            var device = rules.IsWeak(told[i].Kind);
            sure |= !device;
            if (owner is { } found && (!device || !sure || found.Anonymous))
                return i;
        }
        return -1;
    }

    private bool HasAnother(IReadOnlyList<Identifier> told, int before, Guid customer)
    {
        for (var i = 0; i < before; i++)
        {
            if (OwnerOf(told[i].Hash) is null && !IsReplaced(told, i) && IsTaken(told[i].Kind, told[i].Scope, customer))
                return true;
        }
        return false;
    }

    private static bool IsReplaced(IReadOnlyList<Identifier> told, int index)
    {
        for (var i = 0; i < told.Count; i++)
        {
            if (told[i].Former && told[i].Kind == told[index].Kind && told[i].Scope == told[index].Scope)
                return true;
        }
        return false;
    }

    private bool TryTake(IReadOnlyList<Identifier> told, int index, Owner customer)
    {
        var identifier = told[index];
        if (!IsReplaced(told, index) && IsTaken(identifier.Kind, identifier.Scope, customer.Root))
            return false;
        matches.New.Add(identifier.Hash, customer);
        if (!rules.IsSingle(identifier.Kind))
            return true;
        added.Add(new SingleValue(customer.Root, identifier.Kind, identifier.Scope));
        if (identifier.Scope is not null)
            scopes[identifier.Hash] = identifier.Scope;
        return true;
    }

    private bool IsTaken(IdentifierKind kind, Guid? scope, Guid customer)
    {
        if (!rules.IsSingle(kind))
            return false;
        if (!created.Contains(customer))
            matches.WouldGetSingle.Add(customer);
        var value = new SingleValue(customer, kind, scope);
        return singles.Contains(value) || added.Contains(value);
    }

    private Owner? OwnerOf(IdentifierHash hash)
    {
        if (!known.TryGetValue(hash, out var owner) && !matches.New.TryGetValue(hash, out owner))
            return null;
        return owner.Anonymous && matches.BecameKnown.Contains(owner.Node) ? owner with { Anonymous = false } : owner;
    }
}
