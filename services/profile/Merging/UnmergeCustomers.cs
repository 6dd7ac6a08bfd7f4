using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>An unmerge to be decided.</summary>
/// <param name="From">Who holds the other at this moment.</param>
internal sealed record UnmergeOrder(Guid Customer, Guid From, Guid Link, string Who, string Reason);

/// <summary>
/// Two people were taken for one. Who held both becomes what they would be had the merge never been: their own events are folded without
/// those that came with the other, and what was told by the other's identifiers meanwhile goes back to the other.
/// </summary>
internal static class UnmergeCustomers
{
    /// <summary>The side of who held both.</summary>
    /// <param name="history">The holder's events.</param>
    /// <param name="now">Business time.</param>
    public static Decision DecideGiveBack(CustomerProfile holder, IReadOnlyList<DomainEvent> history, UnmergeOrder order, DateTimeOffset now)
    {
        if (holder.LinksOrNone.MergedInto is not null || holder.LinksOrNone.Absorbed.FirstOrDefault(a => a.Link == order.Link) is not { } absorbed)
            return new MergeOvertaken();
        var alone = Without(history, order.Link);
        List<DomainEvent> events =
        [
            new CustomerGaveBack(
                order.Customer, order.Link, absorbed.Version + 1, alone.Identifiers, alone.Conflicts,
                [.. alone.LinksOrNone.KeptApart.Append(order.Customer).Distinct()], alone.Details, alone.DetailTimes),
            .. Consents(holder, alone, order.Link, now),
        ];
        return Decision.Of(events);
    }

    /// <summary>The side of who goes back: open again, with what was told by their own identifiers meanwhile.</summary>
    /// <param name="history">The holder's events before the unmerge.</param>
    public static Decision DecideSplitOff(
        CustomerProfile customer, IReadOnlyList<DomainEvent> history, UnmergeOrder order, CustomerKey? key, CustomerKey? holderKey)
    {
        if (key is null || holderKey is null)
            return new CustomerErased();
        if (customer.LinksOrNone.MergedInto != order.From)
            return new MergeOvertaken();
        List<DomainEvent> events =
        [
            new CustomerSplitOff(
                order.From, order.Link, customer.LinksOrNone.Version + 1, order.Who, key.Seal(order.Reason, MergeCustomers.ReasonField), customer.Details),
        ];
        var state = CustomerProfile.Evolve(customer, events[0]);
        foreach (var told in TaggedByLink(history).Where(t => t.Link == order.Link).Select(t => t.Event))
        {
            if (Returned(told, state, order, key, holderKey) is not { } back)
                continue;
            events.Add(back);
            state = CustomerProfile.Evolve(state, back);
        }

        return Decision.Of(events);
    }

    /// <summary>What the holder would be without this merge, and without those that are undone already.</summary>
    public static CustomerProfile Without(IReadOnlyList<DomainEvent> history, Guid link)
    {
        var undone = history.OfType<CustomerGaveBack>().Select(g => g.Link).Append(link).ToHashSet();
        return CustomerProfile.Kind.Fold(TaggedByLink(history).Where(t => t.Link is not { } by || !undone.Contains(by)).Select(t => t.Event));
    }

    /// <summary>
    /// The holder's events, each with the link through which it came: of the merge itself, or of a customer who was merged at that moment.
    /// That others went back before counts only as having been kept apart since, because what they took along is left out too.
    /// </summary>
    private static IEnumerable<(DomainEvent Event, Guid? Link)> TaggedByLink(IReadOnlyList<DomainEvent> history)
    {
        var links = new Dictionary<Guid, Guid>();
        foreach (var happened in history)
        {
            switch (happened)
            {
                case CustomerAbsorbed absorbed:
                    foreach (var node in absorbed.Nodes)
                        links[node] = absorbed.Link;
                    yield return (happened, absorbed.Link);
                    break;
                case CustomerGaveBack gave:
                    foreach (var node in links.Where(l => l.Value == gave.Link).Select(l => l.Key).ToList())
                        links.Remove(node);
                    yield return (new CustomersKeptApart(gave.Customer, null, "", null), null);
                    break;
                case ConsentForgotten forgotten:
                    yield return (happened, forgotten.Link);
                    break;
                case ConsentChanged { Link: { } by }:
                    yield return (happened, by);
                    break;
                case ProfileEvent { Origin: { } origin } when links.TryGetValue(origin, out var through):
                    yield return (happened, through);
                    break;
                default:
                    yield return (happened, null);
                    break;
            }
        }
    }

    private static DomainEvent? Returned(DomainEvent told, CustomerProfile customer, UnmergeOrder order, CustomerKey key, CustomerKey holderKey)
    {
        var origin = told is ProfileEvent { Origin: { } by } && by != order.Customer ? by : (Guid?)null;
        switch (told)
        {
            case IdentifierLinked linked when !customer.Identifiers.Any(i => i.Hash == linked.Hash):
                var field = Recognition.FieldOf(linked.Kind);
                return linked with { SealedValue = key.Seal(holderKey.Unseal(linked.SealedValue, field), field), Origin = origin, Told = null };
            case IdentifierConflictFound found when !customer.Conflicts.Contains(found.Hash):
                return found with { Origin = origin, Told = null };
            case DetailsChanged changed:
                var details = changed.Changed.Aggregate(customer.Details, (all, f) => all.With(f, changed.Details.Resealed(f, holderKey, key)));
                return changed with { Details = details, Origin = origin, Told = null };
            case ConsentChanged { Link: null } changed:
                return changed with { Version = customer.ConsentVersion + 1, Origin = origin, Told = null };
            // Purchases stay where they were recorded, with their origin; who keeps something of them gives it back by that.
            default:
                return null;
        }
    }

    private static IEnumerable<DomainEvent> Consents(CustomerProfile holder, CustomerProfile alone, Guid link, DateTimeOffset now)
    {
        var version = holder.ConsentVersion;
        foreach (var current in holder.Consents)
        {
            var own = alone.Consents.FirstOrDefault(c => (c.Channel, c.Purpose) == (current.Channel, current.Purpose));
            if (own is null)
                yield return new ConsentForgotten(current.Channel, current.Purpose, link, now, ++version);
            else if (own with { Version = current.Version } != current)
            {
                yield return new ConsentChanged(own.Channel, own.Purpose, own.Granted, own.Wording, MergeCustomers.Source, own.ChangedAt, ++version)
                {
                    Link = link,
                    Origin = own.Origin,
                };
            }
        }
    }
}
