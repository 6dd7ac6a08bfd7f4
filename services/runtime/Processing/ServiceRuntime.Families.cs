using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>A customer with all who were ever merged with them, and the events of their own streams in the order in which they were booked.</summary>
/// <param name="Erased">Those of them who were erased.</param>
public sealed record CustomerFamily(IReadOnlyList<Guid> Customers, IReadOnlySet<Guid> Erased, IReadOnlyList<RecordedEvent> Events);

/// <summary>A page of families.</summary>
/// <param name="Streams">How many customers it went through, some of whom are in families of earlier pages.</param>
/// <param name="Last">Where the next page goes on; null at the end.</param>
public sealed record FamilyPage(IReadOnlyList<CustomerFamily> Families, int Streams, Guid? Last);

/// <summary>Going through all customers, for what is computed beside the live service and changes nothing.</summary>
public sealed partial class ServiceRuntime
{
    /// <summary>How many customers have a stream of this kind of their own.</summary>
    public async Task<long> CountAsync(StreamKind kind, CancellationToken cancellation)
    {
        await using var command = Database.CreateCommand("select count(*) from streams where kind = $1 and stream = customer");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = kind.Name });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>
    /// The families of the next customers with a stream of this kind, in the order of their ids; a family comes with the lowest of its ids.
    /// Events after <paramref name="until"/> are left out. Nothing is locked: what is committed meanwhile is in the page or not.
    /// </summary>
    public async Task<FamilyPage> ReadFamiliesAsync(
        StreamKind kind, Guid after, int streamsMax, DateTimeOffset until, CancellationToken cancellation)
    {
        await using var command = Database.CreateCommand(
            """
            with recursive page as (select stream from streams where kind = $1 and stream > $2 and stream = customer order by stream limit $3),
            family (root, member) as (
              select stream, stream from page
              union
              select f.root, case when l.customer = f.member then l.other else l.customer end
              from family f join links l on l.customer = f.member or l.other = f.member)
            select f.root, f.member, e.customer is not null
            from family f join streams s on s.stream = f.member and s.kind = $1 left join erased e on e.customer = f.member
            order by f.root, f.member
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = kind.Name });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = streamsMax });
        var members = new List<(Guid Root, Guid Member, bool Erased)>();
        await using (var row = await command.ExecuteReaderAsync(cancellation))
        {
            while (await row.ReadAsync(cancellation))
                members.Add((row.GetGuid(0), row.GetGuid(1), row.GetBoolean(2)));
        }

        var all = members.GroupBy(member => member.Root).ToList();
        if (all.Count == 0)
            return new([], 0, null);

        // PostgreSQL orders ids by their bytes, and so do these groups, in which the first is the lowest.
        var own = all.Where(family => family.First().Member == family.Key).ToList();
        var events = (await store.Reader.StreamsAsync([.. own.SelectMany(family => family).Select(member => member.Member)], until, cancellation))
            .ToLookup(recorded => recorded.Stream);
        return new([.. own.Select(Family)], all.Count, all.Count < streamsMax ? null : all[^1].Key);

        CustomerFamily Family(IGrouping<Guid, (Guid Root, Guid Member, bool Erased)> family) => new(
            [.. family.Select(member => member.Member)], family.Where(member => member.Erased).Select(member => member.Member).ToHashSet(),
            family.Count() == 1
                ? [.. events[family.Key]]
                : [.. family.SelectMany(member => events[member.Member])
                    .OrderBy(recorded => recorded.Time).ThenBy(recorded => recorded.Partition).ThenBy(recorded => recorded.Position)]);
    }
}
