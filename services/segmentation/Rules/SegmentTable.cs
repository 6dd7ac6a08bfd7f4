using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Segmentation;

/// <summary>A definition as it was put.</summary>
/// <param name="Revision">From 1 on without gaps, over all segments of the deployment.</param>
/// <param name="Rule">The rule's document; empty where the segment was taken away.</param>
/// <param name="Tag">The tag that it gives; null for that of the definition that ships, if that gives one.</param>
internal sealed record StoredSegment(long Revision, string Name, string Title, string Rule, string? Tag, DateTimeOffset PutAt, string PutBy)
{
    /// <summary>The segment is taken away: a definition without a rule.</summary>
    public bool IsRemoved => Rule.Length == 0;

    public static StoredSegment Removed(long revision, SegmentDefinition segment, DateTimeOffset at, string by) =>
        new(revision, segment.Name, segment.Title, "", segment.Tag, at, by);
}

/// <summary>The table of definitions, to which rows are only ever added, which the database itself sees to.</summary>
internal static class SegmentTable
{
    public static IReadOnlyList<Migration> Migrations { get; } =
        [Migration.Embedded("segments.sql"), new("segment-tags", "alter table segment_definitions add column tag text")];

    public static async Task<IReadOnlyList<StoredSegment>> AfterAsync(NpgsqlDataSource database, long revision, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select revision, name, title, rule, tag, put_at, put_by from segment_definitions where revision > $1 order by revision");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = revision });
        var found = new List<StoredSegment>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            found.Add(new(
                row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.IsDBNull(4) ? null : row.GetString(4),
                new DateTimeOffset(row.GetDateTime(5), TimeSpan.Zero), row.GetString(6)));
        }

        return found;
    }

    /// <summary>False when there is such a revision already: what the new one was checked against is no longer all.</summary>
    public static async Task<bool> TryAddAsync(NpgsqlDataSource database, StoredSegment added, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "insert into segment_definitions (revision, name, title, rule, put_at, put_by, tag) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = added.Revision });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Name });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Title });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Rule });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = added.PutAt.UtcDateTime, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.PutBy });
        command.Parameters.Add(new NpgsqlParameter { Value = (object?)added.Tag ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }
}
