using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Profile;

/// <summary>Folds the facts of a step into the summaries of their customers and adds them to their stories.</summary>
internal sealed class CustomerFold : IFactFold
{
    // What a summary takes in memory is a few times its JSON.
    private const int MemoryCharsMax = 8 * 1024 * 1024;

    private readonly SummaryMemory memory = new(MemoryCharsMax);

    public async Task<Action<NpgsqlBatch>> FoldAsync(
        IReadOnlyList<ConsumedFact> facts, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var viewed = facts.Select(ViewedFacts.Of).OfType<ViewedFact>().SelectMany(Alike).ToList();
        if (viewed.Count == 0)
            return static _ => { };
        var known = await LoadAsync(viewed, connection, cancellation);
        var now = new Dictionary<Guid, CustomerSummary>(known);
        var kept = new List<ViewedFact>(viewed.Count);
        var erased = new List<Guid>();
        foreach (var fact in viewed)
        {
            var before = now.GetValueOrDefault(fact.Customer, CustomerSummary.None);
            if (before.Erased)
                continue;
            if (fact.Fact is Facts.CustomerErased)
                erased.Add(fact.Customer);
            else
                kept.Add(fact);
            now[fact.Customer] = SummaryFold.Fold(before, fact);
        }

        // In the order of the indexes, so that a step goes through their pages once.
        var changed = now.Where(n => !ReferenceEquals(n.Value, known.GetValueOrDefault(n.Key))).OrderBy(n => n.Key)
            .Select(n => new SummaryRow(n.Key, n.Value, CustomerProjection.Write(n.Value))).ToList();
        var story = kept.Where(f => !now[f.Customer].Erased).OrderBy(f => f.Customer).ToList();
        foreach (var row in changed)
            memory.Keep(row.Customer, row.Summary, row.Text.Length);
        return batch => Write(batch, changed.ToLookup(c => known.ContainsKey(c.Customer)), story, erased);
    }

    /// <summary>An erasure is of every id that the customer had.</summary>
    private static IEnumerable<ViewedFact> Alike(ViewedFact viewed) => viewed.Fact is Facts.CustomerErased erased
        ? erased.Aliases.Select(Guid.Parse).Prepend(viewed.Customer).Select(id => viewed with { Customer = id })
        : [viewed];

    private async Task<Dictionary<Guid, CustomerSummary>> LoadAsync(
        List<ViewedFact> facts, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var known = new Dictionary<Guid, CustomerSummary>();
        var asked = new HashSet<Guid>();
        foreach (var customer in facts.Select(f => f.Customer))
        {
            if (memory.TryRecall(customer, out var summary))
                known[customer] = summary;
            else
                asked.Add(customer);
        }
        if (asked.Count == 0)
            return known;

        // Rows are found by key, also by a plan that was made while there were few of them.
        await using var batch = new NpgsqlBatch(connection);
        Statements.Add(batch, "select set_config('enable_seqscan', 'off', true)");
        Statements.Add(
            batch,
            "select c.customer, c.summary from unnest($1::uuid[]) w (customer) join customer360 c on c.customer = w.customer",
            Statements.Uuids(asked.Order()));
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        await row.NextResultAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            known[row.GetGuid(0)] = CustomerProjection.Read(row.GetString(1));
        return known;
    }

    private static void Write(NpgsqlBatch batch, ILookup<bool, SummaryRow> changed, List<ViewedFact> story, List<Guid> erased)
    {
        WriteSummaries(batch, "update customer360 c set erased = u.erased, summary = u.summary "
            + "from unnest($1::uuid[], $2::boolean[], $3::text[]) u (customer, erased, summary) where c.customer = u.customer",
            [.. changed[true]]);
        WriteSummaries(batch, "insert into customer360 (customer, erased, summary) "
            + "select * from unnest($1::uuid[], $2::boolean[], $3::text[])",
            [.. changed[false]]);
        WriteStory(batch, story);
        if (erased.Count > 0)
            Statements.Add(batch, "delete from customer360_story where customer = any($1)", Statements.Uuids(erased));
    }

    private static void WriteSummaries(NpgsqlBatch batch, string sql, List<SummaryRow> rows)
    {
        if (rows.Count == 0)
            return;
        Statements.Add(
            batch,
            sql,
            Statements.Uuids(rows.Select(r => r.Customer)),
            Statements.Booleans(rows.Select(r => r.Summary.Erased)),
            Statements.Texts(rows.Select(r => r.Text)));
    }

    private static void WriteStory(NpgsqlBatch batch, List<ViewedFact> facts)
    {
        if (facts.Count == 0)
            return;
        Statements.Add(
            batch,
            """
            insert into customer360_story (customer, happened, source, partition, position, time, fact, data)
            select * from unnest($1::uuid[], $2::timestamptz[], $3::smallint[], $4::smallint[], $5::bigint[], $6::timestamptz[], $7::smallint[], $8::bytea[])
            """,
            Statements.Uuids(facts.Select(f => f.Customer)),
            Statements.Times(facts.Select(f => f.Place.Happened)),
            Statements.Smallints(facts.Select(f => f.Place.Source)),
            Statements.Smallints(facts.Select(f => f.Place.Partition)),
            Statements.Bigints(facts.Select(f => f.Place.Position)),
            Statements.Times(facts.Select(f => f.Time)),
            Statements.Smallints(facts.Select(f => (int)f.Code)),
            Statements.Bytes(facts.Select(f => f.Data)));
    }

    private sealed record SummaryRow(Guid Customer, CustomerSummary Summary, string Text);
}
