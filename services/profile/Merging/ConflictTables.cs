using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>
/// With how many persons an identifier was named, and which pairs wait for a person's decision: written with the events that found them.
/// </summary>
internal sealed class ConflictTables : IInlineView
{
    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        List<(RecordedEvent Recorded, IdentifierConflictFound Found)>? found = null;
        foreach (var recorded in events)
        {
            if (recorded.Event is IdentifierConflictFound conflict)
                (found ??= []).Add((recorded, conflict));
        }
        if (found is not null)
        {
            Count([.. found.Select(f => f.Found)], transaction);
            Keep(found.FindAll(f => f.Found.Cause is ConflictCause.SingleValued or ConflictCause.NotSure), transaction);
        }
        Decide(events.Where(e => e.Event is CustomersKeptApart).ToList(), transaction);
    }

    // Other partitions' transactions may count the same identifiers: all lock them in one order.
    private static void Count(List<IdentifierConflictFound> found, NpgsqlBatch transaction)
    {
        var times = found.CountBy(f => new IdentifierHash(f.Kind, f.Hash)).ToList();
        Statements.Add(
            transaction,
            """
            with counted as (
              select i.kind, i.hash, least(i.persons + t.times, 32767)::smallint as persons
              from unnest($1::smallint[], $2::uuid[], $3::int[]) t (kind, hash, times) join identifiers i on i.kind = t.kind and i.hash = t.hash
              order by i.kind, i.hash for update of i)
            update identifiers i set persons = c.persons from counted c where i.kind = c.kind and i.hash = c.hash
            """,
            Statements.Smallints(times.Select(t => (int)t.Key.Kind)),
            Statements.Uuids(times.Select(t => t.Key.Hash)),
            Statements.Ints(times.Select(t => t.Value)));
    }

    private static void Keep(List<(RecordedEvent Recorded, IdentifierConflictFound Found)> waiting, NpgsqlBatch transaction)
    {
        if (waiting.Count == 0)
            return;
        var pairs = waiting.Select(w => (w.Recorded, w.Found, Pair: new Pair(w.Recorded.Customer, w.Found.BelongsTo).InOrder()))
            .DistinctBy(p => p.Pair).OrderBy(p => p.Pair.One).ThenBy(p => p.Pair.Other).ToList();
        Statements.Add(
            transaction,
            """
            insert into conflicts (id, one, other, kind, cause, found_at)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::smallint[], $5::smallint[], $6::timestamptz[])
            on conflict (one, other) do nothing
            """,
            Statements.Uuids(pairs.Select(p => IngestReader.KeyOf($"{p.Pair.One:D}", $"{p.Pair.Other:D}"))),
            Statements.Uuids(pairs.Select(p => p.Pair.One)),
            Statements.Uuids(pairs.Select(p => p.Pair.Other)),
            Statements.Smallints(pairs.Select(p => (int)p.Found.Kind)),
            Statements.Smallints(pairs.Select(p => (int)p.Found.Cause!.Value)),
            Statements.Times(pairs.Select(p => p.Recorded.Time)));
    }

    // Both customers keep the decision, and either's event tells it.
    private static void Decide(List<RecordedEvent> apart, NpgsqlBatch transaction)
    {
        if (apart.Count == 0)
            return;
        var decided = apart.Select(e => (e.Time, Apart: (CustomersKeptApart)e.Event)).Where(d => d.Apart.Conflict is not null)
            .DistinctBy(d => d.Apart.Conflict).ToList();
        Statements.Add(
            transaction,
            """
            update conflicts c set decision = 'kept-apart', decided_by = u.who, decided_at = u.at
            from unnest($1::uuid[], $2::text[], $3::timestamptz[]) u (id, who, at) where c.id = u.id
            """,
            Statements.Uuids(decided.Select(d => d.Apart.Conflict!.Value)),
            Statements.Texts(decided.Select(d => d.Apart.Who)),
            Statements.Times(decided.Select(d => d.Time)));
    }
}
