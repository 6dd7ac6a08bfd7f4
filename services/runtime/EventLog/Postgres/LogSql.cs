using System.Text.RegularExpressions;

namespace Patron.Runtime.EventLog.Postgres;

/// <summary>The statements of the log for one schema.</summary>
internal sealed partial class LogSql
{
    public LogSql(string schema)
    {
        if (!SchemaName().IsMatch(schema))
            throw new ArgumentException($"'{schema}' is no schema name: lower-case letters, digits and underscores, at most 63.", nameof(schema));
        Channel = $"{schema}_news";
        Exists = $"select to_regclass('{schema}.deployment') is not null";
        Lock = $"select pg_advisory_xact_lock(hashtextextended('{schema} event log', 0))";
        Create = CreateText(schema);
        EnsureTopics = EnsureTopicsText(schema);
        Describe = $"select incarnation, partitions from {schema}.deployment";
        Topics = $"select name, topic, compacted from {schema}.topics where name = any($1)";
        Ends = $"select partition, next_offset from {schema}.tails where topic = $1 order by partition";
        Publish = PublishText(schema, compacted: false);
        PublishCompacted = PublishText(schema, compacted: true);
        Read = ReadText(schema);
        Forget = ForgetText(schema);
        // A notification needs no disk flush: a reader that misses one polls.
        Notify = $"select set_config('synchronous_commit', 'off', true), pg_notify('{Channel}', $1)";
        Listen = $"listen {Channel}";
    }

    public string Channel { get; }
    public string Exists { get; }
    public string Lock { get; }
    public string Create { get; }
    public string EnsureTopics { get; }
    public string Describe { get; }
    public string Topics { get; }
    public string Ends { get; }
    public string Publish { get; }
    public string PublishCompacted { get; }
    public string Read { get; }
    public string Forget { get; }
    public string Notify { get; }
    public string Listen { get; }

    // The bodies are already compact, so that PostgreSQL's own compression would only cost time.
    private static string CreateText(string schema) => $"""
        create schema if not exists {schema};
        create table if not exists {schema}.deployment (
          only_row boolean primary key default true check (only_row),
          incarnation uuid not null default gen_random_uuid(),
          partitions int not null check (partitions between 1 and 1024));
        create table if not exists {schema}.topics (
          topic int generated always as identity primary key,
          name text not null unique,
          compacted boolean not null);
        create table if not exists {schema}.tails (
          topic int not null references {schema}.topics,
          partition int not null,
          next_offset bigint not null default 0,
          primary key (topic, partition)) with (fillfactor = 20);
        create table if not exists {schema}.batches (
          topic int not null,
          partition int not null,
          base_offset bigint not null,
          bytes int not null,
          body bytea not null,
          primary key (topic, partition, base_offset));
        alter table {schema}.batches alter column body set storage external;
        create table if not exists {schema}.newest (
          topic int not null,
          partition int not null,
          key bytea not null,
          record_offset bigint not null,
          bytes int not null,
          body bytea not null,
          primary key (topic, partition, key));
        create unique index if not exists newest_in_order on {schema}.newest (topic, partition, record_offset);
        """;

    private static string EnsureTopicsText(string schema) => $"""
        with deployed as (
          insert into {schema}.deployment (partitions) values ($3) on conflict do nothing),
        created as (
          insert into {schema}.topics (name, compacted)
          select name, compacted from unnest($1::text[], $2::boolean[]) as wanted (name, compacted)
          where not exists (select from {schema}.topics t where t.name = wanted.name)
          on conflict do nothing
          returning topic)
        insert into {schema}.tails (topic, partition)
        select topic, partition from created cross join generate_series(0, $3 - 1) as partition
        """;

    // The tails are locked in ascending order before any is moved, so that publishers cannot deadlock and the order of offsets is the
    // order of commits. 'moved' reads the newest version of a row that had to be waited for.
    private static string PublishText(string schema, bool compacted) => $"""
        with counts as (select * from unnest($2::int[], $3::int[]) as c (partition, records)),
        locked as materialized (
          select partition from {schema}.tails where topic = $1 and partition = any($2) order by partition for update),
        moved as (
          update {schema}.tails t set next_offset = t.next_offset + c.records
          from locked l join counts c on c.partition = l.partition
          where t.topic = $1 and t.partition = l.partition
          returning t.partition, t.next_offset, t.next_offset - c.records as base_offset),
        stored as ({(compacted ? $"""

          insert into {schema}.newest as n (topic, partition, key, record_offset, bytes, body)
          select $1, r.partition, r.key, m.base_offset + r.after, octet_length(r.body), r.body
          from unnest($4::int[], $5::int[], $6::bytea[], $7::bytea[]) as r (partition, after, body, key)
          join moved m on m.partition = r.partition
          order by r.partition, r.key
          on conflict (topic, partition, key) do update
          set record_offset = excluded.record_offset, bytes = excluded.bytes, body = excluded.body)
        """ : $"""

          insert into {schema}.batches (topic, partition, base_offset, bytes, body)
          select $1, r.partition, m.base_offset + r.after, octet_length(r.body), r.body
          from unnest($4::int[], $5::int[], $6::bytea[]) as r (partition, after, body)
          join moved m on m.partition = r.partition)
        """)}
        select partition, next_offset from moved
        """;

    // A batch ends where the next one begins, the last one at the tail.
    private static string ForgetText(string schema) => $"""
        delete from {schema}.batches b using unnest($2::int[], $3::bigint[]) as f (partition, before)
        where b.topic = $1 and b.partition = f.partition and b.base_offset < f.before and f.before >= coalesce(
          (select min(n.base_offset) from {schema}.batches n where n.topic = $1 and n.partition = b.partition and n.base_offset > b.base_offset),
          (select t.next_offset from {schema}.tails t where t.topic = $1 and t.partition = b.partition))
        """;

    // Only partitions whose tail is elsewhere than the reader touch a table of records. Each gets an even share of the records and
    // bytes that are still welcome, so that one long backlog does not hold up the others. Offsets of a topic that is not compacted are
    // dense: the batch that holds the reader's offset is the last that begins at or before it.
    private static string ReadText(string schema) => $"""
        with news as (
          select a.*, t.next_offset, greatest(1, $5 / count(*) over ()) as records_max, $6 / count(*) over () as bytes_max
          from unnest($1::int[], $2::int[], $3::bigint[], $4::boolean[]) with ordinality as a (topic, partition, wanted, compacted, ordinal)
          join {schema}.tails t on t.topic = a.topic and t.partition = a.partition
          where t.next_offset <> a.wanted)
        select (n.ordinal - 1)::int, n.next_offset, r.base_offset, r.body
        from news n
        left join lateral (
          select base_offset, body from (
            select base_offset, body, sum(bytes) over (order by base_offset) - bytes as bytes_before
            from {schema}.batches b
            where not n.compacted and b.topic = n.topic and b.partition = n.partition
              and b.base_offset < n.wanted + n.records_max
              and b.base_offset >= coalesce(
                (select base_offset from {schema}.batches f
                 where f.topic = n.topic and f.partition = n.partition and f.base_offset <= n.wanted order by base_offset desc limit 1), 0)
          ) as dense where bytes_before <= n.bytes_max
          union all
          select record_offset, body from (
            select record_offset, body, sum(bytes) over (order by record_offset) - bytes as bytes_before
            from (
              select record_offset, body, bytes from {schema}.newest s
              where n.compacted and s.topic = n.topic and s.partition = n.partition and s.record_offset >= n.wanted
              order by record_offset limit n.records_max) as first
          ) as sparse where bytes_before <= n.bytes_max
        ) as r on n.next_offset > n.wanted
        order by n.ordinal, r.base_offset
        """;

    [GeneratedRegex("^[a-z_][a-z0-9_]{0,62}$")]
    private static partial Regex SchemaName();
}
