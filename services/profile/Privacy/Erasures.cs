using System.Text.Json;
using Npgsql;
using Patron.Runtime.EventStore;
using Patron.Runtime.Processing;

namespace Patron.Profile;

/// <summary>An erasure and how far it is.</summary>
/// <param name="Removed">What profile itself removed; null until it has.</param>
internal sealed record Erasure(
    Guid Id, Guid Customer, IReadOnlyList<Guid> Aliases, string Reason, string Reference, string By, DateTimeOffset AskedAt,
    IReadOnlyDictionary<string, int>? Removed, DateTimeOffset? CompletedAt)
{
    public IReadOnlyList<Guid> Customers => [Customer, .. Aliases];
}

internal sealed record ErasureConfirmation(string Service, IReadOnlyDictionary<string, int> Removed, DateTimeOffset At);

/// <summary>The erasures that were asked for: a row in the transaction of the event, so that none is left half done by a crash.</summary>
internal sealed class ErasureRows : IInlineView
{
    public void Apply(IReadOnlyList<RecordedEvent> events, NpgsqlBatch transaction)
    {
        foreach (var recorded in events)
        {
            if (recorded.Event is not Erased { With: null } erased)
                continue;
            Statements.Add(
                transaction,
                """
                insert into erasures (id, customer, aliases, reason, reference, asked_by, asked_at)
                values ($1, $2, $3, $4, $5, $6, $7) on conflict (id) do nothing
                """,
                new NpgsqlParameter<Guid> { TypedValue = erased.Erasure },
                new NpgsqlParameter<Guid> { TypedValue = recorded.Customer },
                Statements.Uuids(erased.Aliases),
                new NpgsqlParameter<string> { TypedValue = erased.Reason },
                new NpgsqlParameter<string> { TypedValue = erased.Reference },
                new NpgsqlParameter<string> { TypedValue = erased.By },
                new NpgsqlParameter<DateTime> { TypedValue = recorded.Time.UtcDateTime });
        }
    }
}

/// <summary>Reads and moves erasures.</summary>
internal sealed class Erasures(NpgsqlDataSource database)
{
    private const string Columns = "id, customer, aliases, reason, reference, asked_by, asked_at, removed, completed_at";

    public async Task<Erasure?> FindAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Columns} from erasures where id = $1");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        return (await ReadAsync(command, cancellation)).FirstOrDefault();
    }

    /// <summary>Those that are not complete, oldest first, at most <paramref name="countMax"/>.</summary>
    public async Task<IReadOnlyList<Erasure>> RunningAsync(int countMax, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand($"select {Columns} from erasures where completed_at is null order by asked_at limit $1");
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = countMax });
        return await ReadAsync(command, cancellation);
    }

    /// <summary>Those of the ids that are known here.</summary>
    public async Task<HashSet<Guid>> KnownAsync(IEnumerable<Guid> ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("select id from erasures where id = any($1)");
        command.Parameters.Add(Statements.Uuids(ids));
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var known = new HashSet<Guid>();
        while (await row.ReadAsync(cancellation))
            known.Add(row.GetGuid(0));
        return known;
    }

    public async Task<IReadOnlyList<ErasureConfirmation>> ConfirmationsAsync(Guid id, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            "select service, removed, confirmed_at from erasure_confirmations where erasure = $1 order by service");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var confirmations = new List<ErasureConfirmation>();
        while (await row.ReadAsync(cancellation))
            confirmations.Add(new ErasureConfirmation(row.GetString(0), Counts(row.GetString(1)), Time(row, 2)));
        return confirmations;
    }

    public async Task DoneHereAsync(Guid id, IReadOnlyDictionary<string, int> removed, DateTimeOffset at, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand("update erasures set removed = $2, done_here_at = $3 where id = $1 and removed is null");
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = id });
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Json(removed) });
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = at.UtcDateTime });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    public async Task ConfirmAsync(IReadOnlyList<(Guid Erasure, ErasureConfirmation By)> confirmations, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into erasure_confirmations (erasure, service, removed, confirmed_at)
            select * from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[]) on conflict (erasure, service) do nothing
            """);
        command.Parameters.Add(Statements.Uuids(confirmations.Select(c => c.Erasure)));
        command.Parameters.Add(Statements.Texts(confirmations.Select(c => c.By.Service)));
        command.Parameters.Add(Statements.Texts(confirmations.Select(c => Json(c.By.Removed))));
        command.Parameters.Add(Statements.Times(confirmations.Select(c => c.By.At)));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Those that are done here and that each of these services has confirmed.</summary>
    public async Task CompleteAsync(IReadOnlyList<string> services, DateTimeOffset at, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            update erasures e set completed_at = $2 where completed_at is null and removed is not null
            and not exists (select from unnest($1::text[]) s (name)
              where not exists (select from erasure_confirmations c where c.erasure = e.id and c.service = s.name))
            """);
        command.Parameters.Add(Statements.Texts(services));
        command.Parameters.Add(new NpgsqlParameter<DateTime> { TypedValue = at.UtcDateTime });
        await command.ExecuteNonQueryAsync(cancellation);
    }

    private static async Task<List<Erasure>> ReadAsync(NpgsqlCommand command, CancellationToken cancellation)
    {
        await using var row = await command.ExecuteReaderAsync(cancellation);
        var erasures = new List<Erasure>();
        while (await row.ReadAsync(cancellation))
        {
            erasures.Add(new Erasure(
                row.GetGuid(0), row.GetGuid(1), row.GetFieldValue<Guid[]>(2), row.GetString(3), row.GetString(4), row.GetString(5), Time(row, 6),
                row.IsDBNull(7) ? null : Counts(row.GetString(7)), row.IsDBNull(8) ? null : Time(row, 8)));
        }

        return erasures;
    }

    private static DateTimeOffset Time(NpgsqlDataReader row, int column) => new(row.GetDateTime(column), TimeSpan.Zero);

    private static IReadOnlyDictionary<string, int> Counts(string json) =>
        JsonSerializer.Deserialize(json, PersonalDataJson.Default.IReadOnlyDictionaryStringInt32)!;

    private static string Json(IReadOnlyDictionary<string, int> counts) =>
        JsonSerializer.Serialize(counts, PersonalDataJson.Default.IReadOnlyDictionaryStringInt32);
}
