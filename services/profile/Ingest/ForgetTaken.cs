using Npgsql;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Profile;

/// <summary>
/// The topic of touchpoints holds personal data in clear. What was taken from it is durable in the store or in quarantine, both under seal, and
/// is deleted there after a while. Marks say how far it was taken when, so that a restart does not lengthen the while.
/// </summary>
internal sealed class ForgetTaken(NpgsqlDataSource database, IEventLog log, ProfileSettings settings, SystemClock clock)
{
    private const int MarksPerTime = 24;
    private static readonly Topic Topic = new(Topics.Ingest);
    private DateTimeOffset lookedAt = DateTimeOffset.MinValue;
    private long marked;

    /// <summary>Cheap while there is nothing to do. A retry is safe.</summary>
    /// <param name="places">How far each partition is taken in this life of the log.</param>
    public async Task LookAsync(IReadOnlyDictionary<int, long> places, Guid incarnation, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        if (places.Count == 0 || now - lookedAt < settings.IngestKept / MarksPerTime)
            return;
        lookedAt = now;
        if (places.Values.Sum() is var taken && taken != marked)
            await MarkAsync(places, incarnation, now, cancellation);
        marked = taken;
        if (await DueAsync(now - settings.IngestKept, incarnation, cancellation) is { Count: > 0 } due)
        {
            await log.ForgetAsync(Topic, due, cancellation);
            await UnmarkAsync(now - settings.IngestKept, cancellation);
        }
    }

    private async Task MarkAsync(IReadOnlyDictionary<int, long> places, Guid incarnation, DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into ingest_marks (taken_at, incarnation, partition, next_offset)
            select $1, $2, * from unnest($3::smallint[], $4::bigint[])
            on conflict (taken_at, partition) do nothing
            """);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = incarnation });
        command.Parameters.Add(Statements.Smallints(places.Keys));
        command.Parameters.Add(Statements.Bigints(places.Values));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<Dictionary<int, long>> DueAsync(DateTimeOffset until, Guid incarnation, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select partition, max(next_offset) from ingest_marks where taken_at <= $1 and incarnation = $2 group by partition");
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = until.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = incarnation });
        var due = new Dictionary<int, long>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            due[row.GetInt16(0)] = row.GetInt64(1);
        return due;
    }

    private async Task UnmarkAsync(DateTimeOffset until, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("delete from ingest_marks where taken_at <= $1");
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = until.UtcDateTime });
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
