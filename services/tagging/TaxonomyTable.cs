using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Tagging;

/// <summary>A branch or tag as it was put.</summary>
/// <param name="Revision">From 1 on without gaps, over all nodes of the deployment.</param>
internal sealed record StoredNode(long Revision, TaxonomyNode Node, DateTimeOffset PutAt, string PutBy);

/// <summary>The table of branches and tags, to which rows are only ever added, which the database itself sees to.</summary>
internal static class TaxonomyTable
{
    public static Migration Migration { get; } = Migration.Embedded("taxonomy.sql");

    public static async Task<IReadOnlyList<StoredNode>> AfterAsync(NpgsqlDataSource database, long revision, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select revision, node, put_at, put_by from taxonomy_nodes where revision > $1 order by revision");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = revision });
        var found = new List<StoredNode>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var node = JsonSerializer.Deserialize(row.GetString(1), TaggingJson.Default.TaxonomyNode)
                ?? throw new InvalidDataException($"Revision {row.GetInt64(0)} of the taxonomy holds null.");
            found.Add(new(row.GetInt64(0), node, new DateTimeOffset(row.GetDateTime(2), TimeSpan.Zero), row.GetString(3)));
        }

        return found;
    }

    /// <summary>False when there is such a revision already: what the new one was checked against is no longer all.</summary>
    public static async Task<bool> TryAddAsync(NpgsqlDataSource database, StoredNode added, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "insert into taxonomy_nodes (revision, id, node, put_at, put_by) values ($1, $2, $3, $4, $5) on conflict do nothing");
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = added.Revision });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.Node.Id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = JsonSerializer.Serialize(added.Node, TaggingJson.Default.TaxonomyNode) });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = added.PutAt.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = added.PutBy });
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }
}
