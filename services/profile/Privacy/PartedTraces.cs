using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// What others keep of somebody who was merged into them once and is parted from them by now: copies of what that one told, under the others'
/// own seals. The event that gave them back says all that is left, so no state is made of those copies any more.
/// </summary>
internal sealed class PartedTraces(ServiceRuntime profile)
{
    /// <summary>Takes the customers out of the others' events. Safe to repeat.</summary>
    public async Task EraseAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        var erased = customers.ToHashSet();
        foreach (var other in await OthersAsync(customers, cancellation))
        {
            var events = (await profile.ReadCustomerAsync(other, cancellation)).Where(e => e.Stream == other).ToList();
            await ReplaceAsync(Without(events, erased), cancellation);
        }
    }

    /// <summary>The events of a stream that hold something of the erased, as they read without it; none while one of them is still merged into it.</summary>
    public static IReadOnlyList<RecordedEvent> Without(IReadOnlyList<RecordedEvent> events, IReadOnlySet<Guid> erased)
    {
        var links = new HashSet<Guid>();
        var instead = new List<RecordedEvent>();
        foreach (var recorded in events)
        {
            if (recorded.Event is CustomerAbsorbed absorbed && absorbed.Nodes.Any(erased.Contains))
                links.Add(absorbed.Link);
            else if (recorded.Event is CustomerGaveBack gave && links.Remove(gave.Link))
                continue;
            if (Without(recorded.Event, erased, whileMerged: links.Count > 0) is { } less)
                instead.Add(recorded with { Event = less });
        }

        return links.Count > 0 ? [] : instead;
    }

    private static ProfileEvent? Without(DomainEvent happened, IReadOnlySet<Guid> erased, bool whileMerged) => happened switch
    {
        CustomerAbsorbed absorbed when absorbed.Nodes.Any(erased.Contains) =>
            absorbed with { Identifiers = [], Conflicts = [], Details = new SealedDetails(), Taken = [], Consents = [] },
        ProfileEvent { Origin: { } by } told when erased.Contains(by) => Bare(told),
        // What the others told meanwhile stands in a copy of all that was known of both.
        DetailsChanged { Confirmed: { } confirmed } changed when whileMerged =>
            changed with { Details = new SealedDetails().Take(changed.Details, changed.Changed.Concat(confirmed)) },
        CustomerAbsorbed absorbed when whileMerged => absorbed with { Details = new SealedDetails().Take(absorbed.Details, absorbed.Taken) },
        CustomerGaveBack gave when whileMerged => gave with { Identifiers = [], Conflicts = [], Details = new SealedDetails() },
        _ => null,
    };

    private static ProfileEvent? Bare(ProfileEvent told) => told switch
    {
        IdentifierLinked linked => linked with { Hash = Guid.Empty, SealedValue = "" },
        IdentifierConflictFound found => found with { Hash = Guid.Empty },
        DetailsChanged changed => changed with { Details = new SealedDetails(), Notes = null },
        TellingSetAside aside => aside with { Details = null, Consents = [] },
        ConsentChanged changed => changed with { Evidence = changed.Evidence is null ? null : Bare(changed.Evidence) },
        OptInRequested asked => asked with { Evidence = Bare(asked.Evidence) },
        BehaviourRecorded behaviour => behaviour with { SealedProperties = null },
        _ => null,
    };

    private static ConsentEvidence Bare(ConsentEvidence evidence) => evidence with { Form = "", TakenBy = null, Address = null, Agent = null };

    private async Task<IReadOnlyList<Guid>> OthersAsync(IReadOnlyCollection<Guid> customers, CancellationToken cancellation)
    {
        await using var command = profile.Database.CreateCommand(
            """
            with recursive others (customer) as (
              select c from unnest($1::uuid[]) c union select m.into_customer from others o join merges m on m.customer = o.customer)
            select customer from others where customer <> all($1)
            """);
        command.Parameters.Add(Statements.Uuids(customers));
        var others = new List<Guid>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            others.Add(row.GetGuid(0));
        return others;
    }

    private async Task ReplaceAsync(IReadOnlyList<RecordedEvent> instead, CancellationToken cancellation)
    {
        if (instead.Count == 0)
            return;
        await using var command = profile.Database.CreateCommand(
            """
            update events e set data = n.data from unnest($1::uuid[], $2::int[], $3::text[]) n (stream, version, data)
            where e.stream = n.stream and e.version = n.version
            """);
        command.Parameters.Add(Statements.Uuids(instead.Select(i => i.Stream)));
        command.Parameters.Add(Statements.Ints(instead.Select(i => i.Version)));
        command.Parameters.Add(Statements.Texts(instead.Select(i => CustomerProfile.Events.Write(i.Event))));
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
