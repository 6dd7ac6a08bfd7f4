using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>One version of an event type. The schema is that of the event's properties, as it was registered.</summary>
internal sealed record EventTypeVersion(string Name, int Version, string Schema, DateTimeOffset RegisteredAt, string RegisteredBy);

/// <summary>The table of event types. A version never changes and is never deleted, which the database itself refuses.</summary>
internal sealed class EventTypeStore(NpgsqlDataSource database)
{
    private const string Columns = "t.name, t.version, t.schema, t.registered_at, t.registered_by";
    private const string Latest = "select distinct on (name) * from event_types order by name, version desc";

    /// <summary>The latest version of each type that is newer than what the caller holds.</summary>
    public Task<IReadOnlyList<EventTypeVersion>> NewerAsync(IReadOnlyCollection<(string Name, int Version)> held, CancellationToken cancellation) => QueryAsync(
        $"""
         select {Columns} from (select name, max(version) as version from event_types group by name) l
         join event_types t using (name, version)
         left join unnest($1::text[], $2::int[]) h (name, version) on h.name = l.name and h.version = l.version
         where h.name is null
         """,
        cancellation, Statements.Texts(held.Select(h => h.Name)), Statements.Ints(held.Select(h => h.Version)));

    /// <summary>Latest versions by name, at most <paramref name="countMax"/>, of names after the given one.</summary>
    public Task<IReadOnlyList<EventTypeVersion>> ListAsync(string? after, int countMax, CancellationToken cancellation) => QueryAsync(
        $"select {Columns} from ({Latest}) t where $1::text is null or t.name > $1 order by t.name limit $2",
        cancellation, TextOrNull(after), new NpgsqlParameter<int> { TypedValue = countMax });

    /// <summary>A version, or the latest one where none is named; null when there is no such version.</summary>
    public async Task<EventTypeVersion?> FindAsync(string name, int? version, CancellationToken cancellation)
    {
        var found = await QueryAsync(
            $"select {Columns} from event_types t where t.name = $1 and ($2::int is null or t.version = $2) order by t.version desc limit 1",
            cancellation, new NpgsqlParameter<string> { TypedValue = name },
            new NpgsqlParameter { Value = (object?)version ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer });
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>False when somebody else registered this version at the same moment, or there are too many types.</summary>
    public async Task<bool> TryAddAsync(EventTypeVersion added, int typesMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into event_types (name, version, schema, registered_at, registered_by)
            select $1, $2, $3, $4, $5 where $2 > 1 or (select count(*) from event_types where version = 1) < $6
            on conflict (name, version) do nothing
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Name });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = added.Version });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Schema });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = added.RegisteredAt.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.RegisteredBy });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = typesMax });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    private static NpgsqlParameter TextOrNull(string? text) => new() { Value = (object?)text ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text };

    private async Task<IReadOnlyList<EventTypeVersion>> QueryAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        var found = new List<EventTypeVersion>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            found.Add(new EventTypeVersion(
                row.GetString(0), row.GetInt32(1), row.GetString(2), new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero), row.GetString(4)));
        }
        return found;
    }
}
