using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Tagging;

/// <summary>
/// Who holds which tag, and how many hold each. Counted per partition, because a partition has one writer: a row per tag alone would make all
/// writer lanes wait for one another's commits.
/// </summary>
internal sealed class TagHolders : IInlineView
{
    public const string CountSchema = """
        create table tag_count (
          partition int not null,
          tag text not null,
          held bigint not null,
          primary key (partition, tag)
        ) with (fillfactor = 70);
        """;

    // Those who hold tags by now are known from their streams. The tables of what was counted before segments gave tags go.
    public const string HolderSchema = """
        create table tag_holder (
          customer uuid not null,
          tag text not null,
          primary key (customer, tag)
        );
        create index tag_holder_tag on tag_holder (tag);
        insert into tag_holder
        select distinct s.customer, h ->> 'tag' from streams s, jsonb_array_elements(s.state::jsonb -> 'held') h where s.kind = 'tags';
        drop table if exists customer_activity, linked_customers;
        """;

    private const string Count = """
        insert into tag_count as kept
        select * from unnest($1::int[], $2::text[], $3::bigint[])
        on conflict (partition, tag) do update set held = kept.held + excluded.held
        """;

    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        var changes = events.Select(Of).OfType<Change>().ToList();
        if (changes.Count == 0)
            return;
        var counted = changes.GroupBy(change => (change.Partition, change.Tag), (at, of) => (at.Partition, at.Tag, By: of.Sum(change => change.By)))
            .Where(change => change.By != 0).ToList();
        Statements.Add(
            transaction, Count, Statements.Ints(counted.Select(change => change.Partition)), Statements.Texts(counted.Select(change => change.Tag)),
            Statements.Bigints(counted.Select(change => (long)change.By)));

        // Who gets and loses a tag within one transaction is where the last event left them.
        var last = changes.GroupBy(change => (change.Customer, change.Tag)).Select(group => group.Last()).ToLookup(change => change.By > 0);
        Statements.Add(
            transaction, "insert into tag_holder select * from unnest($1::uuid[], $2::text[]) on conflict do nothing",
            Statements.Uuids(last[true].Select(change => change.Customer)), Statements.Texts(last[true].Select(change => change.Tag)));
        Statements.Add(
            transaction, "delete from tag_holder h using unnest($1::uuid[], $2::text[]) l (customer, tag) where h.customer = l.customer and h.tag = l.tag",
            Statements.Uuids(last[false].Select(change => change.Customer)), Statements.Texts(last[false].Select(change => change.Tag)));
    }

    /// <summary>Tags that anybody holds, by name.</summary>
    public static async Task<IReadOnlyList<Figure>> CountsAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select tag, sum(held)::bigint from tag_count group by tag having sum(held) > 0 order by tag");
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var perTag = new List<Figure>();
        while (await reader.ReadAsync(cancellation))
            perTag.Add(new Figure(reader.GetString(0), reader.GetInt64(1)));
        return perTag;
    }

    /// <summary>How many customers hold several of these tags.</summary>
    public static async Task<long> SeveralAsync(NpgsqlDataSource database, IReadOnlyList<string> tags, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select count(*) from (select from tag_holder where tag = any($1) group by customer having count(*) > 1) several");
        command.Parameters.Add(Statements.Texts(tags));
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static Change? Of(RecordedEvent recorded) => recorded.Event switch
    {
        TagAdded added => new(recorded.Partition, recorded.Customer, added.Assignment.Tag, 1),
        TagRemoved removed => new(recorded.Partition, recorded.Customer, removed.Ended.Tag, -1),
        _ => null,
    };

    private sealed record Change(int Partition, Guid Customer, string Tag, int By);
}
