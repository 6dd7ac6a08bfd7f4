using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>
/// Who belongs to whom, and what was merged when: written with the events, so that an identifier resolves to the new root from the commit on.
/// </summary>
internal sealed class LinkTables : IInlineView
{
    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var merged = events.Where(e => e.Event is CustomerMergedAway).ToList();
        var split = events.Where(e => e.Event is CustomerSplitOff).ToList();
        if (merged.Count + split.Count == 0)
            return;
        if (merged.Count > 0)
            AddLinks(merged, transaction);
        if (split.Count > 0)
            EndLinks(split, transaction);

        // Of a customer who is merged and parted in one transaction the last counts.
        var last = events.Where(e => e.Event is CustomerMergedAway or CustomerSplitOff).GroupBy(e => e.Customer).Select(g => g.Last()).ToList();
        MoveAliases(last, transaction);
    }

    private static void AddLinks(List<RecordedEvent> merged, NpgsqlBatch transaction)
    {
        var links = merged.ConvertAll(e => (CustomerMergedAway)e.Event);
        Statements.Add(
            transaction,
            """
            insert into merges (link, customer, into_customer, version, cause, who, merged_at)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::bigint[], $5::smallint[], $6::text[], $7::timestamptz[])
            """,
            Statements.Uuids(links.Select(l => l.Link)),
            Statements.Uuids(merged.Select(e => e.Customer)),
            Statements.Uuids(links.Select(l => l.Into)),
            Statements.Bigints(links.Select(l => l.Version)),
            Statements.Smallints(links.Select(l => (int)l.Cause)),
            Statements.Texts(links.Select(l => l.Who)),
            Statements.Times(merged.Select(e => e.Time)));
    }

    private static void EndLinks(List<RecordedEvent> split, NpgsqlBatch transaction)
    {
        var links = split.ConvertAll(e => (CustomerSplitOff)e.Event);
        Statements.Add(
            transaction,
            """
            update merges l set undone_at = u.undone_at, undone_by = u.undone_by
            from unnest($1::uuid[], $2::timestamptz[], $3::text[]) u (link, undone_at, undone_by) where l.link = u.link
            """,
            Statements.Uuids(links.Select(l => l.Link)),
            Statements.Times(split.Select(e => e.Time)),
            Statements.Texts(links.Select(l => l.Who)));

        // A device that nobody else is known by is free again.
        Statements.Add(
            transaction, "update anonymous set taken_by = null where node = any($1) and taken_by <> node", Statements.Uuids(split.Select(e => e.Customer)));
    }

    private static void MoveAliases(List<RecordedEvent> last, NpgsqlBatch transaction)
    {
        var merged = last.FindAll(e => e.Event is CustomerMergedAway);
        if (merged.Count < last.Count)
        {
            Statements.Add(
                transaction, "delete from aliases where node = any($1)",
                Statements.Uuids(last.Where(e => e.Event is CustomerSplitOff).Select(e => e.Customer)));
        }

        if (merged.Count > 0)
        {
            Statements.Add(
                transaction,
                """
                insert into aliases (node, parent, root, link)
                select node, parent, parent, link from unnest($1::uuid[], $2::uuid[], $3::uuid[]) m (node, parent, link)
                on conflict (node) do update set parent = excluded.parent, root = excluded.root, link = excluded.link
                """,
                Statements.Uuids(merged.Select(e => e.Customer)),
                Statements.Uuids(merged.Select(e => ((CustomerMergedAway)e.Event).Into)),
                Statements.Uuids(merged.Select(e => ((CustomerMergedAway)e.Event).Link)));
        }

        // Never taken back: it says only that the aliases are worth a look.
        if (merged.Count > 0)
        {
            Statements.Add(
                transaction, "update identifiers set merged = true where customer = any($1) and not merged",
                Statements.Uuids(merged.Select(e => e.Customer)));
        }

        // From each customer who moved up to the root, and from there down to everybody who came along.
        Statements.Add(
            transaction,
            """
            with recursive up (moved, at) as (
              select m, m from unnest($1::uuid[]) m
              union all
              select up.moved, a.parent from up join aliases a on a.node = up.at),
            down (node, root) as (
              select up.moved, up.at from up where not exists (select from aliases a where a.node = up.at)
              union
              select a.node, down.root from down join aliases a on a.parent = down.node)
            update aliases a set root = down.root from down where a.node = down.node and a.root <> down.root
            """,
            Statements.Uuids(last.Select(e => e.Customer)));
    }
}
