using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Hosting;
using Patron.Runtime.Privacy;

namespace Patron.Profile;

/// <param name="Rewrapped">Keys that this call wrapped by the current master key.</param>
/// <param name="Remaining">Keys that a former master key still has to open; at 0 it can be taken out of the configuration.</param>
internal sealed record KeysRewrapped(int Rewrapped, long Remaining);

/// <summary>
/// The master key was changed: all keys are wrapped anew, a batch at a time. Every batch is durable by itself and finds by the keys' own names
/// what is left, so that it goes on after a crash, may run in several instances, and is harmless to repeat. A key that is destroyed meanwhile
/// stays destroyed.
/// </summary>
internal sealed class RewrapKeys(NpgsqlDataSource database, IKeyWrapping wrapping)
{
    private const int KeysPerBatch = 500;
    private const int KeysPerCallMax = 100_000;

    private static readonly KeyTable Customers = new(
        """
        select customer::text, wrapped from vault.customer_keys
        where customer > $3::uuid and wrapped is not null and substring(wrapped for length($1)) <> $1 order by customer limit $2
        """,
        """
        update vault.customer_keys k set wrapped = u.now from unnest($1::text[], $2::bytea[], $3::bytea[]) u (owner, former, now)
        where k.customer = u.owner::uuid and k.wrapped = u.former
        """,
        "select count(*) from vault.customer_keys where wrapped is not null and substring(wrapped for length($1)) <> $1",
        First: Guid.Empty.ToString("D"));

    private static readonly KeyTable Days = new(
        """
        select 'quarantine/' || day, wrapped from quarantine_keys
        where 'quarantine/' || day > $3 and substring(wrapped for length($1)) <> $1 order by day limit $2
        """,
        """
        update quarantine_keys k set wrapped = u.now from unnest($1::text[], $2::bytea[], $3::bytea[]) u (owner, former, now)
        where 'quarantine/' || k.day = u.owner and k.wrapped = u.former
        """,
        "select count(*) from quarantine_keys where substring(wrapped for length($1)) <> $1",
        First: "");

    private static readonly KeyTable Imports = new(
        """
        select 'import/' || id, wrapped_key from imports
        where 'import/' || id > $3 and wrapped_key is not null and substring(wrapped_key for length($1)) <> $1 order by id limit $2
        """,
        """
        update imports i set wrapped_key = u.now from unnest($1::text[], $2::bytea[], $3::bytea[]) u (owner, former, now)
        where 'import/' || i.id = u.owner and i.wrapped_key = u.former
        """,
        "select count(*) from imports where wrapped_key is not null and substring(wrapped_key for length($1)) <> $1",
        First: "");

    public static void Map(WebApplication app) => app.MapPost("/v1/vault/rewrap", RewrapAsync).RequireApiKey("operate");

    /// <summary>Wraps at most <paramref name="keysMax"/> keys anew. A retry is safe.</summary>
    public async Task<KeysRewrapped> RunAsync(int keysMax, CancellationToken cancellation)
    {
        var done = 0;
        var remaining = 0L;
        foreach (var table in (KeyTable[])[Customers, Days, Imports])
        {
            done += await RunAsync(table, keysMax - done, cancellation);
            remaining += await RemainingAsync(table, cancellation);
        }

        return new KeysRewrapped(done, remaining);
    }

    private static async Task<IResult> RewrapAsync(int? max, RewrapKeys keys, CancellationToken cancellation) => max is < 1 or > KeysPerCallMax
        ? Problem.Invalid(new FieldError("max", $"This must be from 1 to {KeysPerCallMax}."))
        : TypedResults.Json(await keys.RunAsync(max ?? KeysPerCallMax, cancellation), PrivacyJson.Default.KeysRewrapped);

    private async Task<int> RunAsync(KeyTable table, int keysMax, CancellationToken cancellation)
    {
        var (done, after) = (0, table.First);
        while (done < keysMax)
        {
            var former = await FormerAsync(table, after, Math.Min(KeysPerBatch, keysMax - done), cancellation);
            if (former.Count == 0)
                break;
            var wrapped = await wrapping.RewrapAsync(former, cancellation);
            await ReplaceAsync(table, former, wrapped, cancellation);
            (done, after) = (done + former.Count, former[^1].Owner);
        }

        return done;
    }

    private async Task<List<OwnedKey>> FormerAsync(KeyTable table, string after, int keysMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(table.Select);
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = await wrapping.CurrentPrefixAsync(cancellation) });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = keysMax });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = after });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var former = new List<OwnedKey>();
        while (await row.ReadAsync(cancellation))
            former.Add(new OwnedKey(row.GetFieldValue<byte[]>(1), row.GetString(0)));
        return former;
    }

    // Found by the former bytes, which are random: whatever changed meanwhile is left alone.
    private async Task ReplaceAsync(KeyTable table, List<OwnedKey> former, IReadOnlyList<byte[]> wrapped, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(table.Update);
        command.Parameters.Add(Statements.Texts(former.Select(f => f.Owner)));
        command.Parameters.Add(Statements.Bytes(former.Select(f => f.Key.ToArray())));
        command.Parameters.Add(Statements.Bytes(wrapped));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private async Task<long> RemainingAsync(KeyTable table, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(table.Count);
        command.Parameters.Add(new NpgsqlParameter<byte[]> { TypedValue = await wrapping.CurrentPrefixAsync(cancellation) });
        return (long)(await command.ExecuteScalarAsync(cancellation))!;
    }

    /// <summary>The statements over one table of wrapped keys; <paramref name="First"/> is below every owner of it.</summary>
    private sealed record KeyTable(string Select, string Update, string Count, string First);
}
