using System.Diagnostics;
using Npgsql;
using Patron.Runtime.EventLog;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;

namespace Patron.Runtime.Processing;

/// <summary>
/// Which life of the store this is. A store that was restored from a backup begins a new one, because it gives out positions again that
/// readers have seen with other events.
/// </summary>
internal sealed class StoreLife
{
    private static readonly Dictionary<Guid, long> None = [];
    private readonly Dictionary<int, Dictionary<Guid, long>> former = [];

    public Guid Epoch { get; private init; }

    /// <summary>Earlier lives and the last position of this partition that this life shares with each.</summary>
    public IReadOnlyDictionary<Guid, long> FormerLives(int partition) => former.GetValueOrDefault(partition, None);

    public static async Task<StoreLife> ReadAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select s.epoch, f.store_epoch, f.partition, f.position from store s left join former_lives f on true");
        await using var row = await command.ExecuteReaderAsync(cancellation);
        StoreLife? life = null;
        while (await row.ReadAsync(cancellation))
        {
            life ??= new StoreLife { Epoch = row.GetGuid(0) };
            if (row.IsDBNull(1))
                continue;
            if (!life.former.TryGetValue(row.GetInt16(2), out var lives))
                life.former.Add(row.GetInt16(2), lives = []);
            lives.Add(row.GetGuid(1), row.GetInt64(3));
        }

        return life ?? throw new UnreachableException("The store has no epoch.");
    }

    /// <summary>
    /// Ends the life of a store that was just restored and begins the next one. Leases are freed, and their epochs leap, so that no
    /// instance from before the restore can reach them. The last fact of each partition is published once more: a repeat, by which readers
    /// learn of the new life at once and not only when something happens there.
    /// </summary>
    /// <param name="others">
    /// Lives that the backup is too old to know of, and what this one shares with them: (epoch, partition, position).
    /// </param>
    public static async Task<Guid> BeginAsync(
        NpgsqlDataSource database, IReadOnlyList<(Guid Epoch, int Partition, long Position)> others, CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await using var command = new NpgsqlCommand(
            """
            update store set epoch = epoch;
            update former_lives f set position = least(f.position, h.position) from heads h where h.partition = f.partition;
            insert into former_lives (store_epoch, partition, position) select s.epoch, h.partition, h.position from store s, heads h;
            update leases set owner = null, expires_at = '-infinity', epoch = epoch + 1000000;
            update relay set position = previous - 1, previous = previous - 1 where previous > 0;
            """,
            connection,
            transaction);
        await command.ExecuteNonQueryAsync(cancellation);
        await using var begin = new NpgsqlCommand(
            """
            with added as (
              insert into former_lives (store_epoch, partition, position) select * from unnest($1::uuid[], $2::smallint[], $3::bigint[])
              on conflict (store_epoch, partition) do nothing)
            update store set epoch = gen_random_uuid() returning epoch
            """,
            connection,
            transaction);
        begin.Parameters.Add(Statements.Uuids(others.Select(o => o.Epoch)));
        begin.Parameters.Add(Statements.Smallints(others.Select(o => o.Partition)));
        begin.Parameters.Add(Statements.Bigints(others.Select(o => o.Position)));
        var epoch = (Guid)(await begin.ExecuteScalarAsync(cancellation))!;
        await transaction.CommitAsync(cancellation);
        return epoch;
    }

    /// <summary>
    /// Lives of this store that the log knows and the store does not, because its backup is older than they are, with what it shares with
    /// them: as much as both share with an earlier life.
    /// </summary>
    public async Task<IReadOnlyList<(Guid Epoch, int Partition, long Position)>> OthersAsync(
        NpgsqlDataSource database, string service, IEventLog eventLog, IEnumerable<Topic> published, CancellationToken cancellation)
    {
        var heads = await new RelayTable(database).HeadsAsync(cancellation);
        var others = new Dictionary<(Guid, int), long>();
        foreach (var topic in published.Where(t => !t.Compacted))
        {
            foreach (var (partition, (_, last)) in await LogTails.ReadAsync(eventLog, topic, cancellation))
            {
                var mine = FormerLives(partition).Append(new(Epoch, heads[partition])).ToDictionary();
                if (last.Source == $"/patron/{service}" && !mine.ContainsKey(last.StoreEpoch))
                {
                    others[(last.StoreEpoch, partition)] =
                        last.FormerLives.Where(f => mine.ContainsKey(f.Key)).Select(f => Math.Min(f.Value, mine[f.Key])).DefaultIfEmpty(0).Max();
                }
            }
        }

        return [.. others.Select(o => (o.Key.Item1, o.Key.Item2, o.Value))];
    }

    /// <exception cref="InvalidOperationException">The store was restored under this running instance.</exception>
    public async Task VerifyAsync(NpgsqlDataSource database, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select epoch from store");
        if ((Guid)(await command.ExecuteScalarAsync(cancellation))! != Epoch)
            throw new InvalidOperationException("The store was restored while this instance ran: restart it.");
    }

    /// <summary>
    /// Refuses to go on when the log has facts of this service that the store does not know: then the store is one from a backup, and what
    /// it would publish next would be taken for repeats.
    /// </summary>
    /// <exception cref="StartRefusedException">The store was restored, and nobody has said so.</exception>
    public async Task CheckAsync(
        NpgsqlDataSource database, string service, IEventLog eventLog, IEnumerable<Topic> published, CancellationToken cancellation)
    {
        var ahead = new List<(string Topic, int Partition, long Position, Guid Epoch)>();
        foreach (var topic in published.Where(t => !t.Compacted))
        {
            foreach (var (partition, (_, last)) in await LogTails.ReadAsync(eventLog, topic, cancellation))
            {
                var known = last.StoreEpoch == Epoch || FormerLives(partition).ContainsKey(last.StoreEpoch);
                if (last.Source == $"/patron/{service}" && (last.StoreEpoch == Epoch || !known))
                    ahead.Add((topic.Name, partition, last.Position, last.StoreEpoch));
            }
        }

        if (ahead.Count == 0)
            return;

        // Asked after the log, so that what is published meanwhile is known to the store.
        var heads = await new RelayTable(database).HeadsAsync(cancellation);
        var unknown = ahead.Where(a => a.Epoch != Epoch || a.Position > heads[a.Partition]).ToList();
        if (unknown is [var first, ..])
        {
            throw new StartRefusedException(
            [
                $"The store of {service} is one from a backup: {first.Topic}[{first.Partition}] has position {first.Position} of store epoch {first.Epoch}, "
                + $"and the store ends at {heads[first.Partition]} of {Epoch} ({unknown.Count} partitions are like that). "
                + "Restore it to a later point, or start it once with --restored: readers then stop and list what the store no longer knows.",
            ]);
        }
    }
}
