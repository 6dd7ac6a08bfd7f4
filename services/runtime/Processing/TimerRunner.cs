using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Processing;

/// <summary>Fires timers whose business time has come, for the partitions that this instance owns.</summary>
internal sealed partial class TimerRunner(
    NpgsqlDataSource database, ServiceDefinition definition, TimeProvider businessTime, Func<int, WriterLane> laneOf,
        Action<int, Guid> park, ILogger log) : IDisposable
{
    /// <summary>Stands where a parked record has its topic.</summary>
    internal const string TopicOfTimers = "timers";

    private const int TimersPerRoundMax = 1024;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LookAgainAfter = TimeSpan.FromSeconds(1);

    private readonly Pulse pulse = new();
    private readonly Lock guard = new();
    private DateTimeOffset next = DateTimeOffset.MinValue;
    private int[] owned = [];
    private int busy;
    private volatile bool held;

    /// <summary>The partitions whose timers this instance fires.</summary>
    public IReadOnlyList<int> Owned => Volatile.Read(ref owned);

    /// <summary>The earliest timer of the owned partitions as far as this process knows, in business time.</summary>
    public DateTimeOffset NextDue
    {
        get
        {
            // Who owns nothing has nothing to look for.
            lock (guard)
                return owned.Length == 0 ? DateTimeOffset.MaxValue : next;
        }
    }

    public bool IsIdle => Volatile.Read(ref busy) == 0 && NextDue > Now;

    private DateTimeOffset Now => PlantedBug.Is(Bug.TimerFiresEarly) ? businessTime.GetUtcNow().AddHours(1) : businessTime.GetUtcNow();

    public void Own(IEnumerable<int> partitions)
    {
        owned = [.. partitions];
        LookAgain();
    }

    /// <summary>Timers may be due that were not before: of partitions just taken, or of a customer who is not parked any more.</summary>
    public void LookAgain()
    {
        lock (guard)
            next = DateTimeOffset.MinValue;
        pulse.Set();
    }

    /// <summary>While held, nothing fires, and what is due makes this busy.</summary>
    public void Hold(bool hold)
    {
        held = hold;
        pulse.Set();
    }

    /// <summary>Business time moved on.</summary>
    public void Advanced() => pulse.Set();

    public void Committed(IEnumerable<RecordedEvent> appended)
    {
        if (definition.Timers is null)
            return;
        var earliest = appended.SelectMany(definition.Timers).Where(t => t.Due is not null).Select(t => t.Due!.Value)
            .DefaultIfEmpty(DateTimeOffset.MaxValue).Min();
        lock (guard)
        {
            if (earliest >= next)
                return;
            next = earliest;
        }

        pulse.Set();
    }

    public async Task RunAsync(CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            if (IsIdle || held || owned.Length == 0)
            {
                if (!await pulse.WaitAsync(LookAgainAfter, cancellation) && definition.Timers is not null && owned.Length > 0)
                    await LearnAsync(cancellation);
                continue;
            }

            Interlocked.Exchange(ref busy, 1);
            try
            {
                await FireAsync(cancellation);
            }
            catch (Exception fault) when (fault is not OperationCanceledException)
            {
                LogFailed(log, definition.Name, fault);
                await Task.Delay(RetryAfter, TimeProvider.System, cancellation);
            }
            finally
            {
                Interlocked.Exchange(ref busy, 0);
            }
        }
    }

    /// <summary>Another instance may have set a timer of a partition that is owned here; its commit pulses nobody here.</summary>
    private async Task LearnAsync(CancellationToken cancellation)
    {
        try
        {
            await using var command = database.CreateCommand(
                """
                select t.due from timers t
                where t.partition = any($1) and not exists (select from parked p where p.partition = t.partition and p.customer = t.customer)
                order by t.due limit 1
                """);
            command.Parameters.Add(Statements.Smallints(owned));
            if (await command.ExecuteScalarAsync(cancellation) is not DateTime earliest)
                return;
            lock (guard)
            {
                if (new DateTimeOffset(earliest, TimeSpan.Zero) < next)
                    next = new DateTimeOffset(earliest, TimeSpan.Zero);
            }
        }
        catch (NpgsqlException fault)
        {
            LogFailed(log, definition.Name, fault);
        }
    }

    private async Task FireAsync(CancellationToken cancellation)
    {
        var now = Now;

        // Known before looking, so that a timer which is set while the query runs lowers it again.
        lock (guard)
            next = DateTimeOffset.MaxValue;
        var due = await DueAsync(now, cancellation);
        var work = due.GroupBy(t => t.Partition).Select(g => (g.Key, Item: Item(g.Key, [.. g.Select(t => Unit(t.Timer))]))).ToList();
        if (work.Count > 0)
            FaultPoint.Reach(FaultPoint.TimerBeforeFire);
        foreach (var (partition, item) in work)
            await laneOf(partition).EnqueueAsync(item, cancellation);
        foreach (var (partition, item) in work)
        {
            await item.Done;
            FaultPoint.Reach(FaultPoint.TimerAfterFire);
            foreach (var unit in item.Units.Where(u => u.Fault is not null))
            {
                park(partition, unit.Customer);
                LogFault(log, definition.Name, unit.Timer!.Stream, unit.Timer.Name, unit.Fault!);
            }
        }

        RuntimeTelemetry.TimersFired.Add(due.Count, new KeyValuePair<string, object?>("patron.service", definition.Name));
        var after = due.Count == TimersPerRoundMax ? now : await EarliestAsync(now, cancellation);
        lock (guard)
        {
            if (after < next)
                next = after;
        }
    }

    /// <summary>A timer that faults stays, and its customer is parked: the timer fires again once the customer is replayed.</summary>
    private static WorkItem Item(int partition, IReadOnlyList<UnitOfWork> units) => new(units)
    {
        Effects = transaction => ParkedRecords.Write(transaction, [.. units.Where(u => u.Fault is not null).Select(u => (
            TopicOfTimers, partition, new ReadRecord(u.Timer!.Due.UtcTicks, new LogRecord(u.Timer.Stream.ToString("D"), [], null)),
            u.Customer, $"Timer '{u.Timer.Name}': {u.Fault!.GetType().Name}: {u.Fault.Message}"))]),
    };

    private UnitOfWork Unit(DueTimer timer) => new([.. definition.OnDue!(timer)]) { Timer = timer, Customer = timer.Customer, FaultsParkCustomer = true };

    private async Task<List<(int Partition, DueTimer Timer)>> DueAsync(DateTimeOffset now, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select t.partition, t.stream, t.customer, t.name, t.due from timers t
            where t.due <= $1 and t.partition = any($2) and not exists (select from parked p where p.partition = t.partition and p.customer = t.customer)
            order by t.due limit $3
            """);
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = now.UtcDateTime });
        command.Parameters.Add(Statements.Smallints(owned));
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = TimersPerRoundMax });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var due = new List<(int, DueTimer)>();
        while (await row.ReadAsync(cancellation))
        {
            due.Add((row.GetInt16(0), new DueTimer(
                row.GetGuid(1), row.GetGuid(2), row.GetString(3), new DateTimeOffset(row.GetDateTime(4), TimeSpan.Zero))));
        }

        return due;
    }

    private async Task<DateTimeOffset> EarliestAsync(DateTimeOffset after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select due from timers where due > $1 and partition = any($2) order by due limit 1");
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = after.UtcDateTime });
        command.Parameters.Add(Statements.Smallints(owned));
        return await command.ExecuteScalarAsync(cancellation) is DateTime due ? new DateTimeOffset(due, TimeSpan.Zero) : DateTimeOffset.MaxValue;
    }

    public void Dispose() => pulse.Dispose();

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Service}: timers could not be fired and are tried again.")]
    private static partial void LogFailed(ILogger log, string service, Exception fault);

    [LoggerMessage(Level = LogLevel.Error, Message = "{Service}: timer {Timer} of stream {Stream} failed and its customer is parked.")]
    private static partial void LogFault(ILogger log, string service, Guid stream, string timer, Exception fault);
}
