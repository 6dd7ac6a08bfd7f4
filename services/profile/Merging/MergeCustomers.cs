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
    /// <summary>What merged consents name as the touchpoint; which customer they came from is their origin.</summary>
    public const string Source = "merge";

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
        if (key is null)
            return new CustomerErased();
        if (away.LinksOrNone.MergedInto is not null)
            return new MergeOvertaken();
        return new CustomerMergedAway(
            order.Survivor, order.Link, away.LinksOrNone.Version + 1, order.Cause, order.Who,
            order.Reason is null ? null : key.Seal(order.Reason, ReasonField));
    }

    /// <summary>The side of who stays: takes over identifiers, details that were told later, and consents, of which withdrawals win.</summary>
    /// <param name="away">The other's state before the merge.</param>
    public static Decision DecideStay(
        CustomerProfile customer, CustomerProfile away, MergeOrder order, MatchingRules rules, CustomerKey? key, CustomerKey? awayKey)
    {
        if (key is null || awayKey is null)
            return new CustomerErased();
        if (customer.LinksOrNone.MergedInto is not null || Stays(order.Away, away, order.Survivor, customer, rules))
            return new MergeOvertaken();
        if (order.Cause == LinkCause.Device && away.Registered)
            return new DeviceIsKnown();
        if (!order.DespiteConflicts && Conflicts(order.Survivor, customer, order.Away, away, rules) is { Count: > 0 } conflicts)
            return new MergeConflicted(conflicts);

        var taken = LaterDetails(customer, away);
        var details = taken.Keys.Aggregate(customer.Details, (all, field) => all.With(field, away.Details.Resealed(field, awayKey, key)));
        var links = away.LinksOrNone;
        List<DomainEvent> events =
        [
            new CustomerAbsorbed(
                order.Away, order.Link, links.Version + 1, [order.Away, .. links.Nodes()], away.Identifiers, away.Conflicts, links.KeptApart,
                details, taken),
            .. Consents(customer, away, order),
        ];
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

    /// <summary>Of each consent, what the merge would change for who stays: those only the other has decided, and the other's withdrawals.</summary>
    public static IEnumerable<ConsentChanged> Consents(CustomerProfile customer, CustomerProfile away, MergeOrder order)
    {
        var version = customer.ConsentVersion;
        foreach (var theirs in away.Consents)
        {
            var own = customer.Consents.FirstOrDefault(c => (c.Channel, c.Purpose) == (theirs.Channel, theirs.Purpose));
            if (own is not null && (theirs.Granted || !own.Granted))
                continue;
            // A grant of before that still arrives must not undo the withdrawal, whichever of the two decided later.
            var at = own is not null && own.ChangedAt > theirs.ChangedAt ? own.ChangedAt : theirs.ChangedAt;
            yield return new ConsentChanged(theirs.Channel, theirs.Purpose, theirs.Granted, theirs.Wording, Source, at, ++version)
            {
                Link = order.Link,
                Origin = theirs.Origin ?? order.Away,
            };
        }
    }

    /// <summary>The details that the other was told and this one was not, or earlier; with the time at which they were told.</summary>
    public static SortedDictionary<string, DateTimeOffset> LaterDetails(CustomerProfile customer, CustomerProfile away)
    {
        var later = new SortedDictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        foreach (var field in DetailFields.Names.Where(f => away.Details.Of(f) is not null))
        {
            var theirs = away.DetailTimes?.GetValueOrDefault(field) ?? default;
            if (customer.Details.Of(field) is null || theirs > (customer.DetailTimes?.GetValueOrDefault(field) ?? default))
                later[field] = theirs;
        }

        return later;
    }

    private static int SurestOf(CustomerProfile customer, MatchingRules rules) =>
        customer.Identifiers.Count == 0 ? int.MaxValue : customer.Identifiers.Min(i => rules.PlaceOf(i.Kind));
}
