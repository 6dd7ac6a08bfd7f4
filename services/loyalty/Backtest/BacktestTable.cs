using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Loyalty;

/// <summary>A backtest as it stands.</summary>
/// <param name="State">waiting, running, done, cancelled or failed.</param>
/// <param name="Percent">How much of the customers it has gone through.</param>
/// <param name="From">From when on the changed programme is in force, and movements count.</param>
/// <param name="Until">The last moment of the history that counts.</param>
/// <param name="Fault">Why it failed; otherwise null.</param>
/// <param name="Result">Null until it is done.</param>
internal sealed record BacktestShown(
    Guid Id, string State, int Percent, long Customers, long CustomersDone, DateTimeOffset From, DateTimeOffset Until, DateTimeOffset PutAt, string PutBy,
    string? Fault, BacktestResult? Result);

/// <summary>A backtest that this instance works on, from where it stands.</summary>
internal sealed record BacktestWork(Guid Id, string Document, DateTimeOffset From, DateTimeOffset Until, Guid After, long Done, BacktestTally Tally);

/// <summary>The table of backtests: who works on which is decided here, and how far each has come survives whoever worked on it.</summary>
internal static class BacktestTable
{
    /// <summary>The most that wait or run at a time, and the most that are remembered beside them.</summary>
    public const int WaitingMax = 20;

    private const int KeptMax = 100;

    public static Migration Migration { get; } = Migration.Embedded("backtests.sql");

    /// <summary>False where too many wait. The same id again changes nothing.</summary>
    public static async Task<bool> TryAddAsync(
        NpgsqlDataSource database, Guid id, string document, DateTimeOffset from, DateTimeOffset until, DateTimeOffset at, string by,
        CancellationToken cancellation)
    {
        await using var batch = database.CreateBatch();
        Statements.Add(
            batch,
            """
            insert into backtests (id, document, begins, ends, state, put_at, put_by)
            select $1, $2, $3, $4, 'waiting', $5, $6
            where (select count(*) from backtests where state in ('waiting', 'running')) < $7 or exists (select from backtests where id = $1)
            on conflict (id) do nothing
            """,
            Id(id), Text(document), Time(from), Time(until), Time(at), Text(by), new NpgsqlParameter<int> { TypedValue = WaitingMax });
        Statements.Add(
            batch,
            """
            delete from backtests where id in (
              select id from backtests where state not in ('waiting', 'running') order by put_at desc, id desc offset $1)
            """,
            new NpgsqlParameter<int> { TypedValue = KeptMax });
        await batch.ExecuteNonQueryAsync(cancellation);
        return await FindAsync(database, id, cancellation) is not null;
    }

    public static async Task<BacktestShown?> FindAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation) =>
        (await QueryAsync(database, "where id = $1", cancellation, Id(id))).FirstOrDefault();

    /// <summary>The latest first, without results.</summary>
    public static async Task<IReadOnlyList<BacktestShown>> ListAsync(NpgsqlDataSource database, CancellationToken cancellation) =>
        [.. (await QueryAsync(database, "order by put_at desc, id desc limit 200", cancellation)).Select(shown => shown with { Result = null })];

    /// <summary>Takes the oldest one that waits, or that nobody has worked on for half a minute; null where there is none.</summary>
    public static async Task<BacktestWork?> ClaimAsync(NpgsqlDataSource database, Guid owner, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update backtests set state = 'running', owner = $1, alive_at = now() where id = (
              select id from backtests where state = 'waiting' or (state = 'running' and alive_at < now() - interval '30 seconds')
              order by put_at, id limit 1 for update skip locked)
            returning id, document, begins, ends, after_stream, done, tally
            """);
        command.Parameters.Add(Id(owner));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        if (!await row.ReadAsync(cancellation))
            return null;
        var tally = row.IsDBNull(6) ? new() : JsonSerializer.Deserialize(row.GetString(6), LoyaltyJson.Default.BacktestTally)!;
        return new(row.GetGuid(0), row.GetString(1), Moment(row, 2), Moment(row, 3), row.GetGuid(4), row.GetInt64(5), tally);
    }

    /// <summary>Keeps how far it has come. False where it was cancelled, or another instance works on it now.</summary>
    public static async Task<bool> SaveAsync(
        NpgsqlDataSource database, Guid owner, BacktestWork work, long customers, string state, string? fault, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update backtests set after_stream = $3, done = $4, customers = $5, tally = $6, state = $7, fault = $8, alive_at = now()
            where id = $1 and owner = $2 and state = 'running'
            """);
        NpgsqlParameter[] parameters =
        [
            Id(work.Id), Id(owner), Id(work.After), new NpgsqlParameter<long> { TypedValue = work.Done }, new NpgsqlParameter<long> { TypedValue = customers },
            Text(JsonSerializer.Serialize(work.Tally, LoyaltyJson.Default.BacktestTally)), Text(state),
            new NpgsqlParameter { Value = (object?)fault ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
        ];
        command.Parameters.AddRange(parameters);
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    public static async Task CancelAsync(NpgsqlDataSource database, Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update backtests set state = 'cancelled' where id = $1 and state in ('waiting', 'running')");
        command.Parameters.Add(Id(id));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<List<BacktestShown>> QueryAsync(
        NpgsqlDataSource database, string which, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(
            $"select id, state, customers, done, begins, ends, put_at, put_by, fault, tally from backtests {which}");
        command.Parameters.AddRange(parameters);
        var found = new List<BacktestShown>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
        {
            var (state, customers, done) = (row.GetString(1), row.GetInt64(2), row.GetInt64(3));
            var result = state == "done" ? JsonSerializer.Deserialize(row.GetString(9), LoyaltyJson.Default.BacktestTally)!.Result() : null;
            var percent = state == "done" ? 100 : customers == 0 ? 0 : (int)Math.Min(99, done * 100 / customers);
            found.Add(new(
                row.GetGuid(0), state, percent, customers, done, Moment(row, 4), Moment(row, 5), Moment(row, 6), row.GetString(7),
                row.IsDBNull(8) ? null : row.GetString(8), result));
        }

        return found;
    }

    private static DateTimeOffset Moment(NpgsqlDataReader row, int column) => new(row.GetDateTime(column), TimeSpan.Zero);

    private static NpgsqlParameter<Guid> Id(Guid id) => new() { TypedValue = id };

    private static NpgsqlParameter<string> Text(string text) => new() { TypedValue = text };

    private static NpgsqlParameter<DateTime> Time(DateTimeOffset time) =>
        new() { TypedValue = time.UtcDateTime, NpgsqlDbType = NpgsqlDbType.TimestampTz };
}
