using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A version as it was put.</summary>
/// <param name="EffectiveFrom">Null for the first one, which has always been in force.</param>
internal sealed record StoredVersion(int Version, DateTimeOffset? EffectiveFrom, string Document, DateTimeOffset PutAt, string PutBy);

/// <summary>The table of the programme's versions. A version never changes and is never deleted, which the database itself refuses.</summary>
internal static class ProgrammeTable
{
    public static Migration Migration { get; } = Migration.Embedded("programme.sql");

    public static async Task<IReadOnlyList<StoredVersion>> AfterAsync(NpgsqlDataSource database, int version, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select version, case when effective_from > '-infinity' then effective_from end, document, put_at, put_by
            from programme_versions where version > $1 order by version
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = version });
        var found = new List<StoredVersion>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            found.Add(new(
                row.GetInt32(0), row.IsDBNull(1) ? null : new DateTimeOffset(row.GetDateTime(1), TimeSpan.Zero), row.GetString(2),
                new DateTimeOffset(row.GetDateTime(3), TimeSpan.Zero), row.GetString(4)));
        }

        return found;
    }

    /// <summary>False when somebody else put this version, or one of a table that was empty, at the same moment.</summary>
    public static async Task<bool> TryAddAsync(NpgsqlDataSource database, StoredVersion added, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into programme_versions (version, effective_from, document, put_at, put_by)
            select $1, coalesce($2::timestamptz, '-infinity'), $3, $4, $5 where ($2 is null) = not exists (select from programme_versions)
            on conflict do nothing
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = added.Version });
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = (object?)added.EffectiveFrom?.UtcDateTime ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.TimestampTz,
        });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Document });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = added.PutAt.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.PutBy });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }
}
