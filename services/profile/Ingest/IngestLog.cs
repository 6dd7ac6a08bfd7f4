using Npgsql;
using Patron.Contracts;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>
/// Takes what touchpoints publish to the topic <c>patron.ingest</c>. The place in each partition moves after the commands of its records are
/// durable: a crash in between repeats records, which their keys recognise. What cannot be taken goes to quarantine in the transaction that
/// moves the place, so nothing is lost and nothing stops the records behind it.
/// </summary>
internal sealed partial class IngestLog(
    ServiceRuntime profile, IEventLog log, RecordReader records, Ingestion ingestion, QuarantineStore quarantine, ForgetTaken forget,
    ProfileSettings settings, BusinessClock clock, SystemClock systemClock, ILogger<IngestLog> logger) : BackgroundService, IDrains
{
    // One instance reads; the others wait for its session to end.
    private const long LeaderLock = 0x70_6174_726f_6e01;
    private static readonly Topic Topic = new(Topics.Ingest);
    private static readonly TimeSpan Wait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private volatile bool busy;
    private DateOnly expired;

    public bool IsIdle => !busy;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        profile.Register(this);
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await clock.Known.WaitAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await using var leader = await profile.Database.OpenConnectionAsync(stoppingToken);
                if (await LeadAsync(leader, stoppingToken))
                    await ReadAsync(leader, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault) when (fault is NpgsqlException or EventLogException or TimeoutException or PlaceLostException)
            {
                LogAgain(logger, fault);
            }
            finally
            {
                busy = false;
            }
            await Task.Delay(RetryAfter, systemClock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ReadAsync(NpgsqlConnection leader, CancellationToken cancellation)
    {
        var incarnation = await log.OpenAsync([Topic], cancellation);
        await using var reader = log.OpenReader();
        var places = await PlacesAsync(leader, incarnation, cancellation);
        for (var partition = 0; partition < log.Partitions; partition++)
            reader.Assign(Topic, partition, places.GetValueOrDefault(partition));
        while (true)
        {
            await ExpireAsync(cancellation);
            await forget.LookAsync(places, incarnation, cancellation);
            var batches = await NextAsync(reader, cancellation);
            busy = batches.Count > 0;
            if (busy)
                await TakeAsync(leader, batches, places, incarnation, cancellation);
        }
    }

    // A restored profile may stand before what the topic has deleted since: what came in between was taken by its former life.
    private async Task<IReadOnlyList<LogBatch>> NextAsync(ILogReader reader, CancellationToken cancellation)
    {
        try
        {
            return await reader.ReadAsync(settings.LogRecordsMax, Wait, cancellation);
        }
        catch (EventLogException lost) when (lost is { LostOffset: { } at, GoesOnAt: { } next })
        {
            LogForgotten(logger, at.Partition, next, lost);
            reader.Assign(Topic, at.Partition, next);
            return [];
        }
    }

    private async Task TakeAsync(
        NpgsqlConnection leader, IReadOnlyList<LogBatch> batches, Dictionary<int, long> places, Guid incarnation, CancellationToken cancellation)
    {
        var now = clock.GetUtcNow();
        var told = new List<Told>();
        var origins = new List<(int Partition, ReadRecord Record)>();
        var misfits = new List<Misfit>();
        var types = new List<string?>();
        foreach (var (partition, record) in batches.SelectMany(b => b.Records.Select(r => (b.Partition, r))))
        {
            var errors = new FieldErrors();
            var opened = await records.ReadAsync(record.Record, now, errors, cancellation);
            if (opened.Told is { } right)
            {
                told.Add(right);
                origins.Add((partition, record));
                types.Add(opened.KnownType);
            }
            else
            {
                misfits.Add(new Misfit(partition, record.Offset, record.Record, errors.Reasons) { Type = opened.KnownType });
            }
        }

        var taken = told.Count == 0 ? [] : await ingestion.TakeAsync(told, allOrNone: false, cancellation);
        misfits.AddRange(taken.Zip(origins, types).Where(t => !t.First.IsTaken).Select(t =>
            new Misfit(t.Second.Partition, t.Second.Record.Offset, t.Second.Record.Record, [new Reason("/id", t.First.Detail!)]) { Type = t.Third }));
        await MoveAsync(leader, batches, misfits, places, incarnation, cancellation);
        if (misfits.Count > 0)
            LogQuarantined(logger, misfits.Count);
    }

    private async Task MoveAsync(
        NpgsqlConnection leader, IReadOnlyList<LogBatch> batches, List<Misfit> misfits, Dictionary<int, long> places, Guid incarnation,
        CancellationToken cancellation)
    {
        var next = batches.GroupBy(b => b.Partition).ToDictionary(g => g.Key, g => g.Max(b => b.NextOffset));
        await using var transaction = await leader.BeginTransactionAsync(cancellation);
        await using var batch = new NpgsqlBatch(leader, transaction);
        // Compare and swap: an instance that lost its session without noticing moves nothing.
        Statements.Add(
            batch,
            """
            insert into ingest_offsets as o (partition, incarnation, next_offset)
            select u.partition, $4, u.next_offset from unnest($1::smallint[], $2::bigint[], $3::bigint[]) u (partition, expected, next_offset)
            on conflict (partition) do update set incarnation = excluded.incarnation, next_offset = excluded.next_offset
            where o.incarnation <> excluded.incarnation
              or o.next_offset = (select e.expected from unnest($1::smallint[], $2::bigint[]) e (partition, expected) where e.partition = o.partition)
            """,
            Statements.Smallints(next.Keys), Statements.Bigints(next.Keys.Select(p => places.GetValueOrDefault(p))), Statements.Bigints(next.Values),
            new NpgsqlParameter<Guid> { TypedValue = incarnation });
        var move = batch.BatchCommands[0];
        await quarantine.PutAsync(Topic.Name, misfits, batch, cancellation);
        await batch.ExecuteNonQueryAsync(cancellation);
        if ((int)move.RecordsAffected != next.Count)
            throw new PlaceLostException();
        await transaction.CommitAsync(cancellation);
        foreach (var (partition, offset) in next)
            places[partition] = offset;
    }

    private async Task ExpireAsync(CancellationToken cancellation)
    {
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        if (expired == today)
            return;
        await quarantine.ExpireAsync(cancellation);
        expired = today;
    }

    private static async Task<bool> LeadAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select pg_try_advisory_lock($1)", connection);
        command.Parameters.Add(new NpgsqlParameter<long> { TypedValue = LeaderLock });
        return (bool)(await command.ExecuteScalarAsync(cancellation))!;
    }

    // Places of another incarnation of the log mean nothing in this one: it is read from its start, and repeats are recognised by their keys.
    private static async Task<Dictionary<int, long>> PlacesAsync(NpgsqlConnection connection, Guid incarnation, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select partition, next_offset from ingest_offsets where incarnation = $1", connection);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = incarnation });
        var places = new Dictionary<int, long>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            places[row.GetInt16(0)] = row.GetInt64(1);
        return places;
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "Reading touchpoints' records was interrupted and is tried again")]
    private static partial void LogAgain(ILogger logger, Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "Partition {Partition} of the touchpoints' topic goes on at {Offset}: what came before is deleted there")]
    private static partial void LogForgotten(ILogger logger, int partition, long offset, Exception lost);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} records could not be taken and are in quarantine, with their reasons")]
    private static partial void LogQuarantined(ILogger logger, int count);

    /// <summary>Another instance moved the place meanwhile; what was done here is repeated by it and recognised.</summary>
    private sealed class PlaceLostException() : Exception("Another instance reads the topic now.");
}
