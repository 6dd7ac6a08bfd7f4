using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Runtime.Projections;

/// <summary>
/// Figures over all customers, counted as events are committed. A transaction adds to the slot of its lowest partition, whose head it
/// holds locked already, so counters are never waited for; it costs one row per figure, however many events it has.
/// </summary>
/// <param name="count">What an event adds to which figure; the names are shown as they are.</param>
public sealed class FigureCounts(Func<RecordedEvent, IEnumerable<Figure>> count) : IInlineView
{
    /// <summary>The table; among the migrations of a service that counts.</summary>
    public static Migration Migration { get; } = new(
        "figure_counts",
        "create table figure_counts (name text not null, slot smallint not null, value bigint not null, primary key (name, slot)) with (fillfactor = 70)");

    /// <summary>The figures in the order of their names; one that nothing was added to yet is missing.</summary>
    public static async Task<IReadOnlyList<Figure>> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select name, sum(value)::bigint from figure_counts group by name order by name");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var figures = new List<Figure>();
        while (await row.ReadAsync(cancellation))
            figures.Add(new Figure(row.GetString(0), row.GetInt64(1)));
        return figures;
    }

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var added = new SortedDictionary<string, long>(StringComparer.Ordinal);
        foreach (var figure in events.SelectMany(count))
            added[figure.Name] = added.GetValueOrDefault(figure.Name) + figure.Value;
        if (added.Count == 0)
            return;
        Statements.Add(
            transaction,
            """
            insert into figure_counts as f (name, slot, value) select name, $2, value from unnest($1::text[], $3::bigint[]) u (name, value)
            on conflict (name, slot) do update set value = f.value + excluded.value
            """,
            Statements.Texts(added.Keys),
            new NpgsqlParameter<short> { TypedValue = (short)events.Min(e => e.Partition) },
            Statements.Bigints(added.Values));
    }
}
