using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// Reads a customer as they were known at a moment of the past: profile's own events and the facts of all contexts up to then, by the
/// business time at which each was decided, through the same folds as the live view. What came late was not known then.
/// </summary>
internal sealed class PastReading(ServiceRuntime profile, CustomerVault vault)
{
    private const int MergesMax = 16;

    /// <summary>The customer as of then; null where nobody was known by this id yet.</summary>
    public async Task<CustomerRead?> AsOfAsync(Guid customer, DateTimeOffset at, CancellationToken cancellation)
    {
        var root = await PastAsync(customer, at, cancellation);
        for (var i = 0; i < MergesMax && root.Summary.Into is { } into; i++)
            root = await PastAsync(into, at, cancellation);
        if (!root.Profile.Registered && !root.Summary.Erased)
            return null;

        var absorbed = await AbsorbedAsync(root, at, cancellation);
        var keys = await vault.GetAsync([root.Id], cancellation);
        return new CustomerRead(
            root.Id, [.. absorbed.Select(a => a.Id)], root.Profile, keys.GetValueOrDefault(root.Id),
            MergedSummary.Of(root.Summary, [.. absorbed.Select(a => a.Summary)]), root.Positions);
    }

    /// <summary>Those that were merged into it then, in the order in which the live view reads them: by depth, then id.</summary>
    private async Task<List<Past>> AbsorbedAsync(Past root, DateTimeOffset at, CancellationToken cancellation)
    {
        var found = new List<Past>();
        List<Past> level = [root];
        for (var depth = 0; depth < MergesMax && level.Count > 0; depth++)
        {
            var next = new List<Past>();
            foreach (var (into, once) in level.SelectMany(p => p.Summary.Absorbed.Select(a => (p.Id, a))).OrderBy(a => a.a))
            {
                if (await PastAsync(once, at, cancellation) is var past && past.Summary.Into == into)
                    next.Add(past);
            }
            found.AddRange(next);
            level = next;
        }
        return found;
    }

    private async Task<Past> PastAsync(Guid customer, DateTimeOffset at, CancellationToken cancellation)
    {
        var own = CustomerProfile.Kind.Fold((await profile.ReadStreamAsync(customer, cancellation)).Where(e => e.Time <= at).Select(e => e.Event));
        await using var command = profile.Database.CreateCommand(
            """
            select v.erased, s.happened, s.source, s.partition, s.position, s.time, s.fact, s.data
            from customer360 v left join customer360_story s on s.customer = v.customer and s.time <= $2
            where v.customer = $1 order by s.source, s.partition, s.position
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = customer });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = at.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        var summary = CustomerSummary.None;
        var positions = new Dictionary<string, long>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            if (row.GetBoolean(0))
                return new Past(customer, own, summary with { Erased = true }, positions);
            if (row.IsDBNull(1))
                continue;
            var fact = StoryRows.Fact(row, customer, 1);
            summary = SummaryFold.Fold(summary, fact);
            positions[ViewedFacts.Topics[fact.Place.Source - 1].Name] = fact.Place.Position;
        }
        return new Past(customer, own, summary, positions);
    }

    private sealed record Past(Guid Id, CustomerProfile Profile, CustomerSummary Summary, IReadOnlyDictionary<string, long> Positions);
}

/// <summary>Kept facts as they stand in the story's rows.</summary>
internal static class StoryRows
{
    /// <summary>The fact in a row that selects happened, source, partition, position, time, fact and data from this column on.</summary>
    public static ViewedFact Fact(NpgsqlDataReader row, Guid customer, int first) => ViewedFacts.Of(
        customer,
        new StoryPlace(TimeOf(row, first), row.GetInt16(first + 1), row.GetInt16(first + 2), row.GetInt64(first + 3)),
        TimeOf(row, first + 4), row.GetInt16(first + 5), row.GetFieldValue<byte[]>(first + 6));

    public static DateTimeOffset TimeOf(NpgsqlDataReader row, int column) => new(row.GetDateTime(column), TimeSpan.Zero);
}
