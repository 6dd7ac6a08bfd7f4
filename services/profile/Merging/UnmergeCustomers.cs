using Patron.Runtime.EventStore;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <summary>An unmerge to be decided.</summary>
/// <param name="From">Who holds the other at this moment.</param>
internal sealed record UnmergeOrder(Guid Customer, Guid From, Guid Link, string Who, string Reason);

/// <summary>What parting two customers goes by.</summary>
/// <param name="Priorities">The sources that go before others, by attribute.</param>
/// <param name="Now">Business time.</param>
internal sealed record PartingTerms(IReadOnlyDictionary<string, IReadOnlyList<string>> Priorities, DateTimeOffset Now);

/// <summary>
/// Two people were taken for one. Who held both becomes what they would be had the merge never been: their own events are folded without
/// those that came with the other, and what was told by the other's identifiers meanwhile goes back to the other.
/// </summary>
internal static class UnmergeCustomers
{
    /// <summary>The side of who held both.</summary>
    /// <param name="history">The holder's events.</param>
    public static Decision DecideGiveBack(
        CustomerProfile holder, IReadOnlyList<DomainEvent> history, UnmergeOrder order, PartingTerms terms, CustomerKey? key)
    {
        if (key is null || holder.Erasure is not null)
            return new CustomerErased();
        if (holder.LinksOrNone.MergedInto is not null || holder.LinksOrNone.Absorbed.FirstOrDefault(a => a.Link == order.Link) is not { } absorbed)
            return new MergeOvertaken();
        var own = LeftBy(history, order.Link).ToList();
        var alone = own.Aggregate(CustomerProfile.Kind.Fold([]), Evolve);
        var asides = own.OfType<TellingSetAside>().ToList();
        var details = asides.Aggregate(
            alone.Details, (now, aside) => aside.Details is { } passed ? WeighAttributes.Join(now, key, passed, key, terms.Priorities).Details : now);
        List<DomainEvent> events =
        [
            new CustomerGaveBack(
                order.Customer, order.Link, absorbed.Version + 1, alone.Identifiers, alone.Conflicts,
                [.. alone.LinksOrNone.KeptApart.Append(order.Customer).Distinct()], details)
            {
                BirthDate = Birthdays.In(details, key),
            },
            .. Consents(holder, alone, asides, order.Link, terms.Now),
        ];
        return Decision.Of(events);
    }

    /// <summary>The side of who goes back: open again, with what was told by their own identifiers meanwhile.</summary>
    /// <param name="history">The holder's events before the unmerge.</param>
    public static Decision DecideSplitOff(
        CustomerProfile customer, IReadOnlyList<DomainEvent> history, UnmergeOrder order, PartingTerms terms, CustomerKey? key, CustomerKey? holderKey)
    {
        if (key is null || holderKey is null || customer.Erasure is not null)
            return new CustomerErased();
        if (customer.LinksOrNone.MergedInto != order.From)
            return new MergeOvertaken();
        var back = new ReturningEvents(customer, order.Customer, terms, key, holderKey);
        back.Add(new CustomerSplitOff(
            order.From, order.Link, customer.LinksOrNone.Version + 1, order.Who, key.Seal(order.Reason, MergeCustomers.ReasonField), customer.Details)
        {
            BirthDate = Birthdays.In(customer.Details, key),
        });
        foreach (var told in TaggedByLink(history).Where(t => t.Link == order.Link))
            back.Return(told.Event);
        back.EndWhatIsOver();
        return Decision.Of(back.Events);
    }

    /// <summary>The holder's events without those of this merge, and without those of merges that are undone already.</summary>
    private static IEnumerable<DomainEvent> LeftBy(IReadOnlyList<DomainEvent> history, Guid link)
    {
        var undone = history.OfType<CustomerGaveBack>().Select(g => g.Link).Append(link).ToHashSet();
        return TaggedByLink(history).Where(t => t.Link is not { } by || !undone.Contains(by)).Select(t => t.Event);
    }

    // Whoever is still merged brought consents that were weighed against those of somebody who is left out: here they are weighed anew.
    private static CustomerProfile Evolve(CustomerProfile alone, DomainEvent happened) => happened switch
    {
        CustomerAbsorbed absorbed => absorbed.Apply(alone) with { Consents = absorbed.Consents.Aggregate(alone.Consents, JoinConsents.Into) },
        ConsentMoved => alone,
        TellingSetAside aside => alone with { Consents = aside.Consents.Aggregate(alone.Consents, (now, told) => told.After(now, aside.Origin)) },
        ConsentChanged changed when alone.Consents.Find(changed.Channel, changed.Purpose) is { } known && known.Origin == changed.Origin
            && !ConsentSetAside.Of(changed).IsNews(known) => alone,
        _ => CustomerProfile.Evolve(alone, happened),
    };

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
                case ConsentMoved moved:
                    yield return (happened, moved.Link);
                    break;
                case ConsentForgotten forgotten:
                    yield return (happened, forgotten.Link);
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

    private static IEnumerable<DomainEvent> Consents(
        CustomerProfile holder, CustomerProfile alone, IReadOnlyList<TellingSetAside> asides, Guid link, DateTimeOffset now)
    {
        var version = holder.ConsentVersion;
        foreach (var left in alone.Consents.Select(c => c.EndsBy(now) ? c.Ended() : c))
        {
            var current = holder.Consents.Find(left.Channel, left.Purpose);
            var aside = asides.SelectMany(a => a.Consents).FirstOrDefault(a => a.Decided(left));
            if (!left.SaysAs(current))
                yield return new ConsentMoved(left with { Version = ++version }, link, current?.Status, aside?.Evidence);
        }

        foreach (var theirs in holder.Consents.Where(c => alone.Consents.Find(c.Channel, c.Purpose) is null))
            yield return new ConsentForgotten(theirs.Channel, theirs.Purpose, link, now, ++version);
    }
}
