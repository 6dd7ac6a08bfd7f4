using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>A merge to be decided: who goes, who stays, and who says so.</summary>
/// <param name="Link">The new link's id.</param>
/// <param name="Reason">In a person's words; null for a merge that no person asked for.</param>
/// <param name="DespiteConflicts">The person has seen the reasons against it.</param>
internal sealed record MergeOrder(Guid Away, Guid Survivor, Guid Link, LinkCause Cause, string Who, string? Reason, bool DespiteConflicts);

/// <summary>Two customers turn out to be one person.</summary>
internal static class MergeCustomers
{
    /// <summary>What is set aside at a merge names this as the touchpoint; who told it is its origin.</summary>
    private const string Source = "merge";

    /// <summary>The field name that a reason is sealed under.</summary>
    public const string ReasonField = "link.reason";

    /// <summary>
    /// Who stays: somebody known before an anonymous device, then who is known by the surer kind of identifier, then who was met first, which
    /// their ids tell.
    /// </summary>
    public static bool Stays(Guid one, CustomerProfile state, Guid other, CustomerProfile otherState, MatchingRules rules)
    {
        if (state.Registered != otherState.Registered)
            return state.Registered;
        var (surest, otherSurest) = (SurestOf(state, rules), SurestOf(otherState, rules));
        return surest != otherSurest ? surest < otherSurest : one.CompareTo(other) < 0;
    }

    /// <summary>The side of who goes: closed with this event.</summary>
    public static Decision DecideAway(CustomerProfile away, MergeOrder order, CustomerKey? key)
    {
        if (key is null || away.Erasure is not null)
            return new CustomerErased();
        if (away.LinksOrNone.MergedInto is not null)
            return new MergeOvertaken();
        return new CustomerMergedAway(
            order.Survivor, order.Link, away.LinksOrNone.Version + 1, order.Cause, order.Who,
            order.Reason is null ? null : key.Seal(order.Reason, ReasonField));
    }

    /// <summary>The side of who stays: takes over identifiers, attributes that count, and consents, of which withdrawals win.</summary>
    /// <param name="away">The other's state before the merge.</param>
    /// <param name="priorities">The sources that go before others, by attribute.</param>
    public static Decision DecideStay(
        CustomerProfile customer, CustomerProfile away, MergeOrder order, MatchingRules rules,
        IReadOnlyDictionary<string, IReadOnlyList<string>> priorities, CustomerKey? key, CustomerKey? awayKey)
    {
        if (key is null || awayKey is null || customer.Erasure is not null)
            return new CustomerErased();
        if (customer.LinksOrNone.MergedInto is not null || Stays(order.Away, away, order.Survivor, customer, rules))
            return new MergeOvertaken();
        if (order.Cause == LinkCause.Device && away.Registered)
            return new DeviceIsKnown();
        if (!order.DespiteConflicts && Conflicts(order.Survivor, customer, order.Away, away, rules) is { Count: > 0 } conflicts)
            return new MergeConflicted(conflicts);

        var (details, taken) = WeighAttributes.Join(customer.Details, key, away.Details, awayKey, priorities);
        var links = away.LinksOrNone;
        var theirs = Consents(away, order).ToList();
        List<DomainEvent> events =
        [
            new CustomerAbsorbed(
                order.Away, order.Link, links.Version + 1, [order.Away, .. links.Nodes()], away.Identifiers, away.Conflicts, links.KeptApart,
                details, taken, theirs)
            {
                BirthDate = taken.Contains(BuiltIn.BirthDate) ? Birthdays.In(details, key) : null,
            },
            .. Moved(customer, theirs, order.Link),
        ];
        // Who was merged before may be parted again, and then what the other was told may count against the rest.
        if (customer.HoldsOthers && SetAside.Of(Source, Passed(away, taken, key, awayKey), []) is { } aside)
            events.Add(aside with { Origin = order.Away });
        return Decision.Of(events);
    }

    /// <summary>What speaks against taking the two for one person; empty when nothing does.</summary>
    public static IReadOnlyList<MergeConflict> Conflicts(
        Guid one, CustomerProfile state, Guid other, CustomerProfile otherState, MatchingRules rules)
    {
        var conflicts = new List<MergeConflict>();
        if (otherState.LinksOrNone.Nodes().Append(other).Intersect(state.LinksOrNone.KeptApart).Any()
            || state.LinksOrNone.Nodes().Append(one).Intersect(otherState.LinksOrNone.KeptApart).Any())
            conflicts.Add(new MergeConflict(ConflictCause.KeptApart, null));
        foreach (var own in state.Identifiers.Where(i => rules.IsSingle(i.Kind)).GroupBy(i => (i.Kind, i.Scope)))
        {
            var others = otherState.Identifiers.Where(i => (i.Kind, i.Scope) == own.Key).Select(i => i.Hash).ToHashSet();
            if (others.Count > 0 && !others.SetEquals(own.Select(i => i.Hash)) && conflicts.TrueForAll(c => c.Kind != own.Key.Kind))
                conflicts.Add(new MergeConflict(ConflictCause.SingleValued, own.Key.Kind));
        }

        return conflicts;
    }

    /// <summary>The other's consents, each with whose identifier it was decided by.</summary>
    public static IEnumerable<ConsentOf> Consents(CustomerProfile away, MergeOrder order) =>
        away.Consents.Select(c => c with { Origin = c.Origin ?? order.Away });

    /// <summary>Of each consent, what the merge would change for who stays.</summary>
    public static IEnumerable<ConsentMoved> Moved(CustomerProfile customer, IReadOnlyList<ConsentOf> theirs, Guid link)
    {
        var version = customer.ConsentVersion;
        foreach (var their in theirs)
        {
            var own = customer.Consents.Find(their.Channel, their.Purpose);
            var joined = own is null ? their : JoinConsents.Join(own, their);
            if (!joined.SaysAs(own))
                yield return new ConsentMoved(joined with { Version = ++version }, link, own?.Status);
        }
    }

    private static SealedDetails Passed(CustomerProfile away, IReadOnlyList<string> taken, CustomerKey key, CustomerKey awayKey) =>
        new SealedDetails().Take(away.Details, away.Details.Keys().Except(taken)).Reseal(awayKey, key);

    private static int SurestOf(CustomerProfile customer, MatchingRules rules) =>
        customer.Identifiers.Count == 0 ? int.MaxValue : customer.Identifiers.Min(i => rules.PlaceOf(i.Kind));
}
