using Microsoft.Extensions.Logging;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>
/// Which partitions this instance owns: one lease table per service for every topic, the relay and the timers of a partition. Leases are
/// in the database's own time, which is system time. Taking a partition raises its epoch, which fences the earlier owner.
/// </summary>
internal sealed partial class PartitionLeases(NpgsqlDataSource database, string service, Guid instance, TimeSpan duration, ILogger log)
{
    /// <summary>Partition to the epoch under which this instance owns it. Replaced, never changed.</summary>
    public IReadOnlyDictionary<int, long> Owned { get; private set; } = new Dictionary<int, long>();

    public TimeSpan RenewEvery => duration / 3;

    /// <summary>
    /// Renews what is owned, gives up what exceeds a fair share among the living instances (after <paramref name="release"/> has drained
    /// it), and takes what is free. Answers the partitions that are newly owned and those that were lost to another instance.
    /// </summary>
    public async Task<(IReadOnlyDictionary<int, long> Gained, IReadOnlyList<int> Lost)> RenewAsync(
        Func<IReadOnlyList<int>, Task> release, CancellationToken cancellation)
    {
        var share = await HeartbeatAsync(cancellation);
        var kept = await KeepAsync(cancellation);
        var lost = Owned.Keys.Where(p => !kept.ContainsKey(p)).ToList();
        Owned = kept;
        RuntimeTelemetry.LeasesLost.Add(lost.Count, Telemetry.Of(service));

        if (kept.Count > share)
        {
            var surplus = kept.Keys.OrderDescending().Take(kept.Count - share).ToList();
            await release(surplus);
            await ReleaseAsync(surplus, cancellation);
            lost.AddRange(surplus);
        }

        var gained = Owned.Count < share ? await TakeAsync(share - Owned.Count, cancellation) : [];
        FaultPoint.Reach(FaultPoint.LeaseAfterTake);
        if (gained.Count > 0)
            Owned = Owned.Concat(gained).ToDictionary();
        if (gained.Count + lost.Count > 0)
            LogChanged(log, service, gained.Count, lost.Count, Owned.Count);
        return (gained, lost);
    }

    /// <summary>Gives partitions back at once, for a graceful end.</summary>
    public async Task ReleaseAsync(IReadOnlyCollection<int> partitions, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "update leases set owner = null, expires_at = '-infinity' where owner = $1 and partition = any($2)");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = instance });
        command.Parameters.Add(Statements.Smallints(partitions));
        await command.ExecuteNonQueryAsync(cancellation);
        Owned = Owned.Where(o => !partitions.Contains(o.Key)).ToDictionary();
    }

    /// <summary>Tells the other instances that this one is gone.</summary>
    public async Task LeaveAsync(CancellationToken cancellation)
    {
        await ReleaseAsync([.. Owned.Keys], cancellation);
        await using var command = database.CreateCommand("delete from instances where id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = instance });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<int> HeartbeatAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            with alive as (
              insert into instances (id, expires_at) values ($1, now() + $2)
              on conflict (id) do update set expires_at = excluded.expires_at returning id),
            dead as (delete from instances where expires_at < now() - interval '1 hour')
            select (select partitions from store), (select count(*) from instances where expires_at > now() and id <> $1) + (select count(*) from alive)
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = instance });
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = duration });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        await row.ReadAsync(cancellation);
        return (int)Math.Ceiling(row.GetInt16(0) / (double)row.GetInt64(1));
    }

    private Task<Dictionary<int, long>> KeepAsync(CancellationToken cancellation) => PairsAsync(
        "update leases set expires_at = now() + $2 where owner = $1 and expires_at > now() returning partition, epoch",
        cancellation,
        new NpgsqlParameter<Guid> { TypedValue = instance },
        new NpgsqlParameter<TimeSpan> { TypedValue = duration });

    private Task<Dictionary<int, long>> TakeAsync(int count, CancellationToken cancellation) => PairsAsync(
        $"""
        update leases l set owner = $1, epoch = l.epoch + {(PlantedBug.Is(Bug.LeaseEpochNotRaised) ? 0 : 1)}, expires_at = now() + $2
        from (select partition from leases where expires_at <= now() order by partition limit $3 for update skip locked) free
        where l.partition = free.partition returning l.partition, l.epoch
        """,
        cancellation,
        new NpgsqlParameter<Guid> { TypedValue = instance },
        new NpgsqlParameter<TimeSpan> { TypedValue = duration },
        new NpgsqlParameter<int> { TypedValue = count });

    private async Task<Dictionary<int, long>> PairsAsync(string sql, CancellationToken cancellation, params NpgsqlParameter[] parameters)
    {
        await using var command = database.CreateCommand(sql);
        command.Parameters.AddRange(parameters);
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var pairs = new Dictionary<int, long>();
        while (await row.ReadAsync(cancellation))
            pairs.Add(row.GetInt16(0), row.GetInt64(1));
        return pairs;
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "{Service}: partitions gained {Gained}, lost {Lost}, owned {Owned}.")]
    private static partial void LogChanged(ILogger log, string service, int gained, int lost, int owned);
}
