using Npgsql;
using NpgsqlTypes;
using Patron.Runtime.EventStore;

namespace Patron.Profile;

/// <summary>An id that was erased. Enough to erase it again where a backup brought it back.</summary>
internal sealed record ErasedId(Guid Customer, Guid Erasure, Guid With, string Reason, string Reference, string By);

/// <summary>The ids that were ever erased, apart from the data: in a database with backups of its own. Ids alone say nothing of anybody.</summary>
/// <param name="apart">The database is not profile's own, whose migrations make the table.</param>
internal sealed class ErasedRegister(NpgsqlDataSource database, bool apart) : IAsyncDisposable
{
    private const int IdsPerPage = 5_000;

    /// <summary>Safe to repeat and in several processes at once.</summary>
    public async Task CreateAsync(CancellationToken cancellation)
    {
        if (!apart)
            return;
        await using var batch = database.CreateBatch();
        Statements.Add(batch, "select pg_advisory_xact_lock(hashtextextended('patron.erased_register', 0))");
        Statements.Add(batch, "create schema if not exists erased_register");
        Statements.Add(
            batch,
            """
            create table if not exists erased_register.customers (
              customer uuid primary key, erasure uuid not null, erased_with uuid not null,
              reason text not null, reference text not null, asked_by text not null, erased_at timestamptz not null default now())
            """);
        await batch.ExecuteNonQueryAsync(cancellation);
    }

    public ValueTask DisposeAsync() => apart ? database.DisposeAsync() : ValueTask.CompletedTask;

    public async Task AddAsync(IReadOnlyList<ErasedId> ids, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            insert into erased_register.customers (customer, erasure, erased_with, reason, reference, asked_by)
            select * from unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[]) on conflict (customer) do nothing
            """);
        command.Parameters.Add(Statements.Uuids(ids.Select(i => i.Customer)));
        command.Parameters.Add(Statements.Uuids(ids.Select(i => i.Erasure)));
        command.Parameters.Add(Statements.Uuids(ids.Select(i => i.With)));
        command.Parameters.Add(Statements.Texts(ids.Select(i => i.Reason)));
        command.Parameters.Add(Statements.Texts(ids.Select(i => i.Reference)));
        command.Parameters.Add(Statements.Texts(ids.Select(i => i.By)));
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>Every id, a page at a time.</summary>
    public async IAsyncEnumerable<IReadOnlyList<ErasedId>> PagesAsync(
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        var after = Guid.Empty;
        while (await PageAsync(after, cancellation) is { Count: > 0 } page)
        {
            yield return page;
            after = page[^1].Customer;
        }
    }

    private async Task<List<ErasedId>> PageAsync(Guid after, CancellationToken cancellation)
    {
        await using var command = database.CreateCommand(
            """
            select customer, erasure, erased_with, reason, reference, asked_by from erased_register.customers
            where customer > $1 order by customer limit $2
            """);
        command.Parameters.Add(new NpgsqlParameter<Guid> { TypedValue = after, NpgsqlDbType = NpgsqlDbType.Uuid });
        command.Parameters.Add(new NpgsqlParameter<int> { TypedValue = IdsPerPage });
        var page = new List<ErasedId>();
        await using var row = await command.ExecuteReaderAsync(cancellation);
        while (await row.ReadAsync(cancellation))
            page.Add(new ErasedId(row.GetGuid(0), row.GetGuid(1), row.GetGuid(2), row.GetString(3), row.GetString(4), row.GetString(5)));
        return page;
    }
}
