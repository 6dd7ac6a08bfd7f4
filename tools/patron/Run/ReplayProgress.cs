using Npgsql;

namespace Patron.Tool.Run;

/// <summary>How far the replay is, kept in the database beside the data, so that an interrupted run goes on where it stopped.</summary>
/// <param name="Delivered">How many deliveries of the history are durable in the platform.</param>
/// <param name="BusinessTime">Where business time stands.</param>
/// <param name="Finished">The whole asked-for history is in and worked off.</param>
/// <param name="ResumedAt">System time at which business time began to pass by itself again; null while it is simulated.</param>
internal sealed record ReplayState(int Delivered, DateTimeOffset BusinessTime, bool Finished, DateTimeOffset? ResumedAt);

internal sealed class ReplayProgress(NpgsqlDataSource database)
{
    public async Task<ReplayState?> ReadAsync(CancellationToken cancellation)
    {
        await using var create = database.CreateCommand(
            """
            create table if not exists public.replay (
              only_row boolean primary key default true check (only_row),
              delivered int not null, business_time timestamptz not null, finished boolean not null, resumed_at timestamptz)
            """);
        await create.ExecuteNonQueryAsync(cancellation);
        await using var command = database.CreateCommand("select delivered, business_time, finished, resumed_at from public.replay");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        return await row.ReadAsync(cancellation)
            ? new ReplayState(row.GetInt32(0), Utc(row, 1), row.GetBoolean(2), row.IsDBNull(3) ? null : Utc(row, 3))
            : null;
    }

    public async Task WriteAsync(ReplayState state, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into public.replay (delivered, business_time, finished, resumed_at) values ($1, $2, $3, $4)
            on conflict (only_row) do update set delivered = excluded.delivered, business_time = excluded.business_time,
              finished = excluded.finished, resumed_at = excluded.resumed_at
            """);
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = state.Delivered });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = state.BusinessTime.UtcDateTime });
        command.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = state.Finished });
        command.Parameters.Add(new NpgsqlParameter
        {
            Value = state.ResumedAt?.UtcDateTime ?? (object)DBNull.Value,
            NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.TimestampTz,
        });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static DateTimeOffset Utc(NpgsqlDataReader row, int column) => new(row.GetDateTime(column), TimeSpan.Zero);
}
