using Npgsql;
using Patron.Runtime.EventStore;

namespace Patron.Runtime.Projections;

/// <summary>
/// Owner and generations of one projection, in the service's schema. Whoever takes the lease raises the epoch; what changes generations
/// is refused under an older one. Leases are in the database's time, which is system time.
/// </summary>
internal sealed class ProjectionRegistry(NpgsqlDataSource database, string service, Projection projection, Guid instance, TimeSpan leaseDuration)
{
    public const string Fenced = "PT409";

    // A query on an old generation is not waited for longer than this: others would queue up behind the one that waits.
    private const string LockWait = "500ms";

    public static Migration Migration { get; } = Migration.Embedded("projections.sql");

    public string SchemaOf(int generation) => $"{service}_{projection.Name}_g{generation}";

    /// <summary>How the offsets of a generation are named in the service's table of offsets.</summary>
    public string OffsetName(int generation, string source) => $"{OffsetPrefix(generation)}{source}";

    /// <summary>The new epoch, or null while another instance owns the projection or a newer build has begun a generation.</summary>
    public async Task<long?> TakeAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into projection_owners as o (name, owner, epoch, expires_at)
            select $1, $2, 1, now() + $3 where not exists (select from projections where name = $1 and version > $4)
            on conflict (name) do update set owner = excluded.owner, epoch = o.epoch + 1, expires_at = excluded.expires_at
            where o.owner = excluded.owner or o.expires_at <= now()
            returning epoch
            """);
        Add(command.Parameters, projection.Name, instance, leaseDuration, projection.Version);
        return (long?)await command.ExecuteScalarAsync(cancellation);
    }

    /// <summary>False when another instance has taken the projection.</summary>
    public async Task<bool> RenewAsync(long epoch, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update projection_owners set expires_at = now() + $3 where name = $1 and epoch = $2");
        Add(command.Parameters, projection.Name, epoch, leaseDuration);
        return await command.ExecuteNonQueryAsync(cancellation) == 1;
    }

    public async Task LeaveAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "update projection_owners set owner = null, expires_at = '-infinity' where name = $1 and owner = $2");
        Add(command.Parameters, projection.Name, instance);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task<IReadOnlyList<Generation>> ListAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select generation, version, state from projections where name = $1 order by generation");
        Add(command.Parameters, projection.Name);
        var generations = new List<Generation>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            generations.Add(new Generation(row.GetInt32(0), row.GetInt32(1), Enum.Parse<GenerationState>(row.GetString(2), ignoreCase: true)));
        return generations;
    }

    /// <summary>Begins a generation with empty tables, or answers the one that is being built.</summary>
    /// <exception cref="InvalidOperationException">A newer build has begun a generation already.</exception>
    public async Task<Generation> CreateAsync(CancellationToken cancellation)
    {
        await using var connection = await database.OpenConnectionAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        await RunAsync(
            connection, "select pg_advisory_xact_lock(hashtextextended('patron.projections.' || $1, 0))", cancellation, $"{service}.{projection.Name}");
        var known = await ListAsync(cancellation);
        if (known.Any(g => g.Version > projection.Version))
            throw new InvalidOperationException($"Projection '{projection.Name}' of {service} belongs to a newer build; rebuild it there.");
        if (known.FirstOrDefault(g => g.State == GenerationState.Building && g.Version == projection.Version) is { } building)
            return building;

        // What an older build began is of no use to this one.
        await RunAsync(connection, "update projections set state = 'retired' where name = $1 and state = 'building'", cancellation, projection.Name);
        var generation = new Generation(known.Select(g => g.Number).DefaultIfEmpty(0).Max() + 1, projection.Version, GenerationState.Building);
        await RunAsync(
            connection,
            "insert into projections (name, generation, version, state) values ($1, $2, $3, 'building')",
            cancellation,
            projection.Name,
            generation.Number,
            generation.Version);
        await RunAsync(connection, $"create schema \"{SchemaOf(generation.Number)}\"", cancellation);
        await RunAsync(connection, "select set_config('search_path', $1, true)", cancellation, SearchPath(generation.Number));
        await RunAsync(connection, projection.Tables, cancellation);
        await transaction.CommitAsync(cancellation);
        return generation;
    }

    /// <summary>Gives up a generation that is being built; another can then be begun.</summary>
    public async Task AbandonAsync(int generation, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "update projections set state = 'retired' where name = $1 and generation = $2 and state = 'building'");
        Add(command.Parameters, projection.Name, generation);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Leaves a record out from now on; a repeat changes nothing.</summary>
    public async Task SkipAsync(SkippedRecord record, string reason, string who, string why, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into projection_skips (name, source, partition, position, reason, who, why) values ($1, $2, $3, $4, $5, $6, $7)
            on conflict do nothing
            """);
        Add(command.Parameters, projection.Name, record.Source, (short)record.Partition, record.Position, reason, who, why);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task<IReadOnlySet<SkippedRecord>> SkipsAsync(CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select source, partition, position from projection_skips where name = $1");
        Add(command.Parameters, projection.Name);
        var skips = new HashSet<SkippedRecord>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            skips.Add(new SkippedRecord(row.GetString(0), row.GetInt16(1), row.GetInt64(2)));
        return skips;
    }

    /// <summary>Applies records and moves the offsets in one transaction.</summary>
    /// <exception cref="FencedException">Another instance owns the projection; nothing was changed.</exception>
    public Task ApplyAsync(
        int generation, Slice slice, IReadOnlyList<OffsetMove> moves, CancellationToken cancellation) => FenceAsync(async connection =>
    {
        var write = slice.Write;
        if (slice.Fold is { } fold)
        {
            await RunAsync(connection, "select set_config('search_path', $1, true)", cancellation, SearchPath(generation));
            write = await fold(connection, cancellation);
        }

        await using var batch = new NpgsqlBatch(connection);

        // Rows and offsets are lost or kept together, so a crash of the database only makes some of them be written again.
        Statements.Add(
            batch,
            "select set_config('synchronous_commit', 'off', true), set_config('search_path', $1, true)",
            new NpgsqlParameter<string> { TypedValue = SearchPath(generation) });
        write(batch);
        Statements.Add(batch, "select set_config('search_path', $1, true)", new NpgsqlParameter<string> { TypedValue = Quoted(service) });
        OffsetStatements.Write(batch, moves);
        await batch.ExecuteNonQueryAsync(cancellation);
    }, cancellation);

    /// <summary>Makes the building generation the one that queries see, and retires the live one.</summary>
    /// <exception cref="FencedException">Another instance owns the projection; nothing was changed.</exception>
    public Task SwapAsync(int? live, int building, long epoch, CancellationToken cancellation) => FenceAsync(async connection =>
    {
        await OwnAsync(connection, epoch, cancellation);
        await RunAsync(connection, "update projections set state = 'retired' where name = $1 and state = 'live'", cancellation, projection.Name);
        await RunAsync(
            connection,
            """
            with risen as (update projections set state = 'live' where name = $1 and generation = $2 and state = 'building' returning 1)
            select fenced_unless((select count(*) from risen), 1)
            """,
            cancellation,
            projection.Name,
            building);
        foreach (var table in live is { } old ? await TablesAsync(connection, old, cancellation) : [])
            await RunAsync(connection, $"drop view {Quoted(service)}.{table}", cancellation);
        foreach (var table in await TablesAsync(connection, building, cancellation))
        {
            var of = $"{Quoted(SchemaOf(building))}.{table}";
            await RunAsync(connection, $"create view {Quoted(service)}.{table} as select * from {of}", cancellation);
        }
    }, cancellation);

    /// <summary>Removes a generation that nobody sees.</summary>
    /// <exception cref="FencedException">Another instance owns the projection; nothing was changed.</exception>
    public Task DropAsync(int generation, long epoch, CancellationToken cancellation) => FenceAsync(async connection =>
    {
        await OwnAsync(connection, epoch, cancellation);
        await RunAsync(connection, $"drop schema if exists {Quoted(SchemaOf(generation))} cascade", cancellation);
        await RunAsync(connection, "delete from offsets where starts_with(topic, $1)", cancellation, OffsetPrefix(generation));
        await RunAsync(
            connection, "delete from projections where name = $1 and generation = $2 and state <> 'live'", cancellation, projection.Name, generation);
    }, cancellation);

    private static string Quoted(string name) => $"\"{name}\"";

    private string OffsetPrefix(int generation) => $"{projection.Name}_g{generation}/";

    private string SearchPath(int generation) => $"{Quoted(SchemaOf(generation))}, {Quoted(service)}";

    private async Task FenceAsync(Func<NpgsqlConnection, Task> work, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await database.OpenConnectionAsync(cancellation);
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            await work(connection);
            await transaction.CommitAsync(cancellation);
        }
        catch (PostgresException fault) when (fault.SqlState == Fenced)
        {
            throw new FencedException(fault);
        }
    }

    /// <summary>Locks the owner's row, so that nobody takes the projection before the transaction ends.</summary>
    private async Task OwnAsync(NpgsqlConnection connection, long epoch, CancellationToken cancellation)
    {
        await RunAsync(connection, "select set_config('lock_timeout', $1, true)", cancellation, LockWait);
        await RunAsync(
            connection,
            """
            with mine as (update projection_owners set epoch = epoch where name = $1 and epoch = $2 returning 1)
            select fenced_unless((select count(*) from mine), 1)
            """,
            cancellation,
            projection.Name,
            epoch);
    }

    private async Task<IReadOnlyList<string>> TablesAsync(NpgsqlConnection connection, int generation, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(
            """
            select quote_ident(c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relkind in ('r', 'p') order by 1
            """,
            connection);
        Add(command.Parameters, SchemaOf(generation));
        var tables = new List<string>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            tables.Add(row.GetString(0));
        return tables;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] values)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        Add(command.Parameters, values);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static void Add(NpgsqlParameterCollection parameters, params object[] values)
    {
        foreach (var value in values)
            parameters.Add(new NpgsqlParameter { Value = value });
    }
}
