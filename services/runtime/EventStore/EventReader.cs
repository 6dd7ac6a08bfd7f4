using Npgsql;
using NpgsqlTypes;

namespace Patron.Runtime.EventStore;

/// <summary>Reads events back: by stream, by customer, and after a position of partitions.</summary>
internal sealed class EventReader(NpgsqlDataSource database, EventTypes types)
{
    internal const string Columns = "e.partition, e.position, e.stream, e.customer, e.version, e.time, e.type, e.data, e.metadata";

    public Task<IReadOnlyList<RecordedEvent>> StreamAsync(Guid stream, CancellationToken cancellation) => QueryAsync(
        $"select {Columns} from events e where e.stream = $1 order by e.version", cancellation, new NpgsqlParameter<Guid> { TypedValue = stream });

    /// <summary>At most <paramref name="eventsMax"/> events of a stream after this version, in order.</summary>
    public Task<IReadOnlyList<RecordedEvent>> StreamAsync(Guid stream, int after, int eventsMax, CancellationToken cancellation) => QueryAsync(
        $"select {Columns} from events e where e.stream = $1 and e.version > $2 order by e.version limit $3",
        cancellation,
        new NpgsqlParameter<Guid> { TypedValue = stream },
        new NpgsqlParameter<int> { TypedValue = after },
        new NpgsqlParameter<int> { TypedValue = eventsMax });

    /// <summary>Of several streams up to a moment, in the order in which they were booked.</summary>
    public Task<IReadOnlyList<RecordedEvent>> StreamsAsync(
        IReadOnlyCollection<Guid> streams, DateTimeOffset until, CancellationToken cancellation) => QueryAsync(
        $"select {Columns} from events e where e.stream = any($1) and e.time <= $2 order by e.time, e.partition, e.position",
        cancellation, Statements.Uuids(streams), new NpgsqlParameter { Value = until.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });

    /// <summary>Of the customer that this one belongs to now, with all that are merged into them.</summary>
    public Task<IReadOnlyList<RecordedEvent>> CustomerAsync(Guid customer, CancellationToken cancellation) => QueryAsync(
        $"""
         with member as materialized (select members_of(root_of($1)) as customer)
         select {Columns} from events e
         where e.stream in (
           select s.stream from member m join streams s on s.customer = m.customer where s.stream <> s.customer union all select customer from member)
         order by e.time, e.partition, e.position
         """, cancellation, new NpgsqlParameter<Guid> { TypedValue = customer });

    /// <summary>At most <paramref name="eventsMax"/> events of each partition after its position, in position order.</summary>
    public Task<IReadOnlyList<RecordedEvent>> AfterAsync(
        IReadOnlyList<(int Partition, long Position)> from, int eventsMax, CancellationToken cancellation) => QueryAsync(
        $"""
         select {Columns} from unnest($1::smallint[], $2::bigint[]) f (partition, position)
         cross join lateral (
           select * from events x where x.partition = f.partition and x.position > f.position order by x.position limit $3) e
         order by e.partition, e.position
         """,
        cancellation,
        new NpgsqlParameter { Value = from.Select(f => (short)f.Partition).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Smallint },
        new NpgsqlParameter { Value = from.Select(f => f.Position).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Bigint },
        new NpgsqlParameter<int> { TypedValue = eventsMax });

    /// <summary>The event in a row that selects <see cref="Columns"/> from this index on.</summary>
    public RecordedEvent Row(NpgsqlDataReader row, int first) => new(
        row.GetInt16(first), row.GetInt64(first + 1), row.GetGuid(first + 2), row.GetGuid(first + 3), row.GetInt32(first + 4),
        new DateTimeOffset(row.GetDateTime(first + 5), TimeSpan.Zero),
        types.Read(row.GetString(first + 6), row.GetString(first + 7)),
        MetadataColumn.Read(row.IsDBNull(first + 8) ? null : row.GetString(first + 8)));

    private async Task<IReadOnlyList<RecordedEvent>> QueryAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var events = new List<RecordedEvent>();
        while (await row.ReadAsync(cancellation))
            events.Add(Row(row, 0));
        return events;
    }
}
