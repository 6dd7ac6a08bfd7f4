using System.Text.Json;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;
using Patron.Runtime.Projections;
using Facts = Patron.Contracts.Profile.V1;

namespace Patron.Profile;

/// <summary>
/// Keeps one row a customer id, its folded <see cref="CustomerSummary"/>, and one row a fact, which tells the story and lets any past
/// moment be folded anew. Details, consents and identifiers are not in it: they stand beside profile's own streams.
/// </summary>
internal static class CustomerProjection
{
    public const string Name = "customer360";

    // 'time' is when the fact was decided, in business time; 'happened' is when what it tells of happened, which a till may tell later.
    private const string Tables = """
        create table customer360 (
          customer uuid primary key,
          into_customer uuid,
          erased boolean not null,
          summary text not null
        ) with (fillfactor = 70);
        create index customer360_merged on customer360 (into_customer) where into_customer is not null;
        create table customer360_story (
          customer uuid not null,
          happened timestamptz not null,
          source smallint not null,
          partition smallint not null,
          position bigint not null,
          time timestamptz not null,
          fact smallint not null,
          data bytea not null,
          primary key (customer, happened, source, partition, position)
        );
        """;

    public static Projection Projection { get; } = CreateProjection();

    private static Projection CreateProjection()
    {
        var projection = Projection.OfTopics(Name, 1, Tables, ViewedFacts.Topics, FoldAsync);
        // A purchase and what other contexts make of it mostly come within this time, and are then one change of one row.
        (projection.RecordsPerStepMax, projection.StepEvery) = (30_000, TimeSpan.FromSeconds(1));
        return projection;
    }

    public static string Write(CustomerSummary summary) => JsonSerializer.Serialize(summary, SummaryJson.Default.CustomerSummary);

    public static CustomerSummary Read(string summary) =>
        JsonSerializer.Deserialize(summary, SummaryJson.Default.CustomerSummary) ?? throw new InvalidDataException("A customer's summary is null.");

    private static async Task<Action<NpgsqlBatch>> FoldAsync(
        IReadOnlyList<ConsumedFact> consumed, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var facts = consumed.Select(ViewedFacts.Of).OfType<ViewedFact>().SelectMany(Alike).ToList();
        if (facts.Count == 0)
            return static _ => { };
        var known = await LoadAsync([.. facts.Select(f => f.Customer).Distinct()], connection, cancellation);
        var now = new Dictionary<Guid, CustomerSummary>(known);
        var kept = new List<ViewedFact>(facts.Count);
        var erased = new List<Guid>();
        foreach (var fact in facts)
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

        var changed = now.Where(n => !ReferenceEquals(n.Value, known.GetValueOrDefault(n.Key))).ToList();
        return batch =>
        {
            WriteSummaries(batch, "update customer360 c set into_customer = u.into_customer, erased = u.erased, summary = u.summary "
                + "from unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::text[]) u (customer, into_customer, erased, summary) where c.customer = u.customer",
                changed.FindAll(c => known.ContainsKey(c.Key)));
            WriteSummaries(batch, "insert into customer360 (customer, into_customer, erased, summary) "
                + "select * from unnest($1::uuid[], $2::uuid[], $3::boolean[], $4::text[])",
                changed.FindAll(c => !known.ContainsKey(c.Key)));
            WriteStory(batch, kept.FindAll(f => !now[f.Customer].Erased));
            if (erased.Count > 0)
                Statements.Add(batch, "delete from customer360_story where customer = any($1)", Statements.Uuids(erased));
        };
    }

    /// <summary>An erasure is of every id that the customer had.</summary>
    private static IEnumerable<ViewedFact> Alike(ViewedFact viewed) => viewed.Fact is Facts.CustomerErased erased
        ? erased.Aliases.Select(Guid.Parse).Prepend(viewed.Customer).Select(id => viewed with { Customer = id })
        : [viewed];

    private static async Task<Dictionary<Guid, CustomerSummary>> LoadAsync(Guid[] customers, NpgsqlConnection connection, CancellationToken cancellation)
    {
        // Rows are found by key, also by a plan that was made while there were few of them.
        await using var batch = new NpgsqlBatch(connection);
        Statements.Add(batch, "select set_config('enable_seqscan', 'off', true)");
        Statements.Add(
            batch,
            "select c.customer, c.summary from unnest($1::uuid[]) w (customer) join customer360 c on c.customer = w.customer",
            Statements.Uuids(customers));
        var known = new Dictionary<Guid, CustomerSummary>(customers.Length);
        await using var row = await batch.ExecuteReaderAsync(cancellation);
        await row.NextResultAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            known[row.GetGuid(0)] = Read(row.GetString(1));
        return known;
    }

    private static void WriteSummaries(NpgsqlBatch batch, string sql, List<KeyValuePair<Guid, CustomerSummary>> rows)
    {
        if (rows.Count == 0)
            return;
        Statements.Add(
            batch,
            sql,
            Statements.Uuids(rows.Select(r => r.Key)),
            Statements.NullableUuids(rows.Select(r => r.Value.Into)),
            Statements.Booleans(rows.Select(r => r.Value.Erased)),
            Statements.Texts(rows.Select(r => Write(r.Value))));
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
}
