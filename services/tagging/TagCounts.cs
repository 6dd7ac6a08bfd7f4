using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>
/// How many customers hold each tag. Counted per partition, because a partition has one writer: a row per tag alone would make all
/// writer lanes wait for one another's commits.
/// </summary>
internal sealed class TagCounts : IInlineView
{
    public const string Schema = """
        create table tag_count (
          partition int not null,
          tag text not null,
          held bigint not null,
          primary key (partition, tag)
        ) with (fillfactor = 70);
        """;

    private const string Add = """
        insert into tag_count as kept
        select * from unnest($1, $2, $3)
        on conflict (partition, tag) do update set held = kept.held + excluded.held
        """;

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var changes = events
            .Select(recorded => recorded.Event switch
            {
                TagAdded added => (recorded.Partition, added.Tag, By: 1L),
                TagRemoved removed => (recorded.Partition, removed.Tag, By: -1L),
                _ => (recorded.Partition, Tag: "", By: 0L),
            })
            .GroupBy(change => (change.Partition, change.Tag), change => change.By)
            .Select(group => (group.Key.Partition, group.Key.Tag, By: group.Sum()))
            .Where(change => change.By != 0)
            .ToList();
        if (changes.Count == 0)
            return;
        transaction.BatchCommands.Add(new NpgsqlBatchCommand(Add)
        {
            Parameters =
            {
                new NpgsqlParameter<int[]> { TypedValue = [.. changes.Select(change => change.Partition)] },
                new NpgsqlParameter<string[]> { TypedValue = [.. changes.Select(change => change.Tag)] },
                new NpgsqlParameter<long[]> { TypedValue = [.. changes.Select(change => change.By)] },
            },
        });
    }

    /// <summary>Tags held in total, then per tag that anybody holds, by name.</summary>
    public static async Task<IReadOnlyList<Figure>> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select tag, sum(held)::bigint from tag_count group by tag having sum(held) > 0 order by tag");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var perTag = new List<Figure>();
        while (await reader.ReadAsync(cancellation))
            perTag.Add(new Figure(reader.GetString(0), reader.GetInt64(1)));
        return [new Figure("tags held", perTag.Sum(figure => figure.Value)), .. perTag];
    }
}
